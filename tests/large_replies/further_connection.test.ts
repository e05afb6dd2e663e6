/** The connection for large replies: when it is opened and closed, and what its loss means. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, Redis, type RedisOptions } from "../../mod.ts";
import { waitFor } from "../harness/wait.ts";
import { openFurther, proxiedServer, VALUE } from "./further.ts";

const place = proxiedServer();

function connect(options: RedisOptions = {}): Redis {
  return new Redis({ host: place.proxy.host, port: place.proxy.port, ...options });
}

/** Reads a large value often enough for a second connection. */
async function readOften(redis: Redis): Promise<void> {
  await redis.set("large", VALUE);
  for (let time = 0; time < 4; time++) await redis.get("large");
}

describe("a further connection for large replies", () => {
  it("is opened for the second read of a large value, and emits no event of the client", async () => {
    await using redis = connect();
    const events: string[] = [];
    for (const name of ["connecting", "ready", "reconnecting", "closed"] as const) {
      redis.addEventListener(name, () => void events.push(name));
    }
    await redis.mset({ large: VALUE, small: "s" });
    assert.equal((await redis.get("large"))?.length, VALUE.length);
    for (let time = 0; time < 20; time++) await redis.get("small");
    assert.equal(redis.stats().created, 1);
    await openFurther(redis, ["large"]);
    assert.equal(redis.stats().created, 2);
    assert.deepEqual(events, ["connecting", "ready"]);
  });

  it("is not opened with maxMultiplexed 1, in a small pool, with the cache, or beside onPush()", async () => {
    for (const options of [{ maxMultiplexed: 1 }, { maxConnections: 3 }, { cache: true }]) {
      await using redis = connect(options);
      await readOften(redis);
      assert.equal(redis.stats().opened, 1, JSON.stringify(options));
    }
    await using redis = connect();
    redis.onPush("invalidate", () => {});
    await readOften(redis);
    assert.equal(redis.stats().opened, 1);
  });

  it("lets small replies pass while a large one stands still", async () => {
    await using redis = connect();
    await openFurther(redis, ["large"]);
    place.proxy.last.freeze("toClient");
    const large = redis.get("large");
    const { inFlight, unsent } = redis.stats();
    assert.equal(inFlight + unsent, 1);
    assert.equal(await redis.incr("n"), 1);
    assert.deepEqual(await redis.pipeline().incr("n").get("other").exec(), [2, null]);
    place.proxy.last.thaw();
    assert.equal((await large)?.length, VALUE.length);
  });

  it("is used by the first read of a key whose family has large values, and not in a mixed family", async () => {
    await using redis = connect();
    const { proxy } = place;
    const keys = ["report:1", "report:2", "report:3"];
    await openFurther(redis, keys);
    await redis.mset({ "report:4": VALUE, "user:1": "Ada", "user:2": "Alan", "user:3": VALUE });
    proxy.last.freeze("toClient");
    const large = redis.get("report:4");
    // It does not wait for the large one.
    assert.equal(await redis.get("user:1"), "Ada");
    proxy.last.thaw();
    assert.equal((await large)?.length, VALUE.length);
    await redis.get("user:3");
    for (let time = 0; time < 10; time++) await redis.get("user:1");
    proxy.last.freeze("toClient");
    assert.equal(await redis.get("user:2"), "Alan");
    proxy.last.thaw();
  });

  it("is closed when it has been idle", async () => {
    let wake: (() => void) | undefined;
    let passed = 0;
    const clock: Clock = {
      now: () => performance.now() + passed,
      setTimeout(callback, delay) {
        if (delay === 30_000) return wake = callback;
        return setTimeout(callback, delay);
      },
      clearTimeout: (timer) => clearTimeout(timer as undefined),
      random: Math.random,
    };
    await using redis = connect({ clock, healthCheckInterval: 0 });
    await openFurther(redis, ["large"]);
    passed += 30_000;
    wake!();
    assert.equal(redis.stats().created, 1);
    assert.equal((await redis.get("large"))?.length, VALUE.length);
    await openFurther(redis, ["large"]);
    assert.equal(redis.stats().opened, 3);
  });

  it("is not needed: reads use the main one while it cannot be opened", async () => {
    await using redis = connect();
    await redis.connect();
    place.proxy.refuse();
    await readOften(redis);
    assert.equal((await redis.get("large"))?.length, VALUE.length);
    assert.deepEqual([redis.stats().created, redis.stats().opened], [1, 1]);
    await place.proxy.accept();
  });

  it("loses no read when it is cut", async () => {
    await using redis = connect();
    await openFurther(redis, ["large"]);
    const further = place.proxy.last;
    further.freeze("toClient");
    const reads = [redis.get("large"), redis.get("large")];
    const write = redis.append("large", "+");
    const after = redis.strlen("large");
    further.kill("reset");
    for (const read of reads) assert.equal((await read)?.length, VALUE.length);
    assert.deepEqual(await Promise.all([write, after]), [VALUE.length + 1, VALUE.length + 1]);
    assert.equal(redis.stats().created, 1);
  });

  it("does not hold a write back behind a read that was aborted", async () => {
    await using redis = connect();
    await openFurther(redis, ["large"]);
    place.proxy.last.freeze("toClient");
    const abort = new AbortController();
    const read = redis.with({ signal: abort.signal }).get("large");
    const write = redis.set("large", "new");
    abort.abort(new Error("enough"));
    await assert.rejects(read, /enough/);
    assert.equal(await write, "OK");
    place.proxy.last.thaw();
  });

  it("does not refuse commands that wait for its replies, however small the offline queue", async () => {
    for (const offlineQueue of [{ maxCommands: 1 }, false]) {
      await using redis = connect({ offlineQueue });
      await openFurther(redis, ["large"]);
      const read = redis.get("large");
      const writes = [redis.append("large", "+"), redis.append("large", "+"), redis.append("large", "+")];
      assert.equal((await read)?.length, VALUE.length);
      assert.equal((await Promise.all(writes)).at(-1), VALUE.length + 3);
    }
  });

  it("lets close() wait for reads, and for writes behind them", async () => {
    const redis = connect();
    await openFurther(redis, ["large"]);
    const calls = [redis.get("large"), redis.append("large", "+"), redis.get("other")];
    await redis.close();
    const [read, write, other] = await Promise.all(calls);
    assert.deepEqual([String(read).length, write, other], [VALUE.length, VALUE.length + 1, null]);
    await waitFor(
      "the end of both connections",
      () =>
        Promise.resolve(place.proxy.open.length === 0 ? undefined : `${place.proxy.open.length} are open`),
    );
  });

  it("is not used by reads that became small", async () => {
    await using redis = connect();
    await openFurther(redis, ["large"]);
    await redis.set("large", "small");
    for (let time = 0; time < 2; time++) await redis.get("large");
    place.proxy.last.freeze("both");
    assert.equal(await redis.get("large"), "small");
    place.proxy.last.thaw();
  });
});
