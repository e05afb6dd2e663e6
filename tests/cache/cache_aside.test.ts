import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis, RedisCluster } from "../../mod.ts";
import { lockOf } from "../../src/client/cache/cache_aside_options.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { startCluster } from "../harness/cluster.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

const LOADER = fileURLToPath(new URL("./fixtures/loader.ts", import.meta.url));
const RUN = "Deno" in globalThis ? ["run", "-A"] : [];
const LONG = { ttl: 60_000 };

/** A loader that waits until the test lets it go, with what it has been asked. */
function gate<T>(value: T): { readonly load: () => Promise<T>; open(): void; readonly loads: () => number } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let loads = 0;
  const load = async (): Promise<T> => {
    loads++;
    await promise;
    return value;
  };
  return { load, open: resolve, loads: () => loads };
}

describe("values that are loaded once for all processes", () => {
  let server: Server;
  let clients: Redis[];
  before(async () => {
    server = await startServer();
    clients = Array.from({ length: 4 }, () => new Redis(server.url));
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
  });
  beforeEach(async () => void await server.cli("FLUSHALL"));
  const lockHeld = (key: string) =>
    waitFor("the lock", async () => await server.cli("EXISTS", lockOf(key)) === 1 ? undefined : "it is free");

  it("load once, however many ask for them in however many clients", async () => {
    const { load, open, loads } = gate({ name: "Ann" });
    const asked = clients.flatMap((client) =>
      Array.from({ length: 20 }, () => client.cached("user", LONG, load))
    );
    await lockHeld("user");
    open();
    const users = await Promise.all(asked);
    assert.equal(loads(), 1);
    for (const user of users) assert.deepEqual(user, { name: "Ann" });
    // No caller may change the object of another.
    assert.equal(new Set(users).size, users.length);
    assert.deepEqual(await clients[0]!.cached("user", LONG, load), { name: "Ann" });
    assert.equal(loads(), 1);
    assert.equal(await server.cli("EXISTS", lockOf("user")), 0);
    const left = Number(await server.cli("PTTL", "user"));
    assert.ok(left > 50_000 && left <= 60_000, String(left));
  });

  it("load once in processes that begin together", async () => {
    const [redis] = clients as [Redis];
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, [...RUN, LOADER, String(server.port), "200"], {
        stdio: ["ignore", "inherit", "inherit"],
      })
    );
    const ends = children.map((child) => once(child, "exit"));
    await waitFor(
      "the processes",
      async () => await redis.get("here") === "3" ? undefined : "not all are here",
    );
    await redis.rpush("go", ["1", "2", "3"]);
    assert.deepEqual(await Promise.all(ends), [[0, null], [0, null], [0, null]]);
    for (let at = 0; at < 10; at++) assert.equal(await redis.get(`loads:${at}`), "1");
  });

  it("hand out what is stale while one loads anew", async () => {
    const options = { ttl: 60_000, staleTtl: 30_000 };
    const [first, second, third] = clients as [Redis, Redis, Redis];
    const old = () => assert.fail("it is not to be loaded");
    await first.cached("k", options, () => "old");
    assert.ok(Number(await server.cli("PTTL", "k")) > 80_000);
    assert.equal(await second.cached("k", options, old), "old");
    await server.cli("PEXPIRE", "k", 30_000);
    const { load, open, loads } = gate("new");
    const loading = first.cached("k", options, load);
    await lockHeld("k");
    // In the process that loads, too.
    for (const client of [first, second, third]) assert.equal(await client.cached("k", options, old), "old");
    open();
    assert.equal(await loading, "new");
    for (const client of clients) assert.equal(await client.cached("k", options, old), "new");
    assert.equal(loads(), 1);
  });

  it("are loaded by another one when the first is gone, or has failed", async () => {
    const [first, second] = clients as [Redis, Redis];
    // A process that died: no process renews its lock.
    await server.cli("SET", lockOf("k"), "dead", "PX", 60);
    assert.equal(await first.cached("k", LONG, () => "mine"), "mine");
    const failure = new Error("no database");
    const loading = Promise.withResolvers<(reason: Error) => void>();
    const load = () => new Promise<string>((_, reject) => loading.resolve(reject));
    const failing = first.cached("f", LONG, load);
    const joined = first.cached("f", LONG, () => assert.fail("another one loads"));
    const fail = await loading.promise;
    const waiting = second.cached("f", LONG, () => "good");
    fail(failure);
    await assert.rejects(failing, failure);
    await assert.rejects(joined, failure);
    assert.equal(await waiting, "good");
    await assert.rejects(
      first.cached("g", LONG, () => {
        throw failure;
      }),
      failure,
    );
    assert.equal(await server.cli("EXISTS", lockOf("g"), "g"), 0);
  });

  it("keep their lock for as long as they are loaded, and are not stored without it", async () => {
    // The time of the first client is simulated: a busy machine must not lose the lock.
    const clock = new SimulatedClock();
    await using first = new Redis(server.url, { clock });
    const second = clients[1]!;
    const { load, open, loads } = gate("slow");
    const lock = 30_000;
    const loading = first.cached("k", { ...LONG, lock }, load);
    await lockHeld("k");
    const waiting = second.cached("k", { ...LONG, lock }, load);
    for (let renewals = 0; renewals < 3; renewals++) {
      await server.cli("PEXPIRE", lockOf("k"), lock / 2);
      await waitFor("the renewal", async () => {
        await clock.advance(1_000);
        const left = Number(await server.cli("PTTL", lockOf("k")));
        assert.ok(left > 0, "the lock is lost");
        return left > lock / 2 ? undefined : `${left} ms are left`;
      });
    }
    open();
    assert.deepEqual(await Promise.all([loading, waiting]), ["slow", "slow"]);
    assert.equal(loads(), 1);
    // As after a pause in which the lock has expired and another one has it.
    const late = gate("late");
    const paused = first.cached("p", LONG, late.load);
    await lockHeld("p");
    await server.cli("SET", lockOf("p"), "another", "PX", 60_000);
    late.open();
    assert.equal(await paused, "late");
    assert.equal(await server.cli("GET", "p"), null);
    assert.equal(await server.cli("GET", lockOf("p")), "another");
  });

  it("leave no timer when their client is closed while they are loaded", async () => {
    const clock = new SimulatedClock();
    const redis = new Redis(server.url, { clock });
    const { load, open } = gate("late");
    const loading = redis.cached("k", LONG, load);
    await lockHeld("k");
    await redis.close();
    // The next renewal is refused, and is the last.
    await clock.advance(10_000);
    assert.equal(clock.pendingTimers, 0);
    open();
    assert.equal(await loading, "late");
  });

  it("are gone when they were invalidated, also what is being loaded", async () => {
    const [first, second] = clients as [Redis, Redis];
    for (const client of [first, second]) {
      await first.cached("k", LONG, () => "one");
      await client.invalidate("k", "other");
      const old = gate("old");
      const loading = first.cached("k", LONG, old.load);
      await lockHeld("k");
      await client.invalidate("k");
      // Who asks after that does not get what was loaded before, in whatever process.
      assert.equal(await client.cached("k", LONG, () => "new"), "new");
      old.open();
      assert.equal(await loading, "old");
      assert.equal(await second.cached("k", LONG, () => assert.fail("it is there")), "new");
    }
  });

  it("are stored as JSON, or as a codec says; `undefined` is not", async () => {
    const [redis] = clients as [Redis];
    const again = () => assert.fail("it is there");
    for (const value of [null, 0, "", "text \u{1f600}", [1, { a: null }], true]) {
      assert.deepEqual(await redis.cached("k", LONG, () => value as unknown), value);
      assert.deepEqual(await redis.cached("k", LONG, again), value);
      assert.equal(await server.cli("GET", "k"), JSON.stringify(value));
      await redis.invalidate("k");
    }
    for (const _ of [1, 2]) assert.equal(await redis.cached("u", LONG, () => undefined), undefined);
    assert.equal(await server.cli("EXISTS", "u", lockOf("u")), 0);
    const codec = {
      encode: (date: Date) => new Uint8Array(new Float64Array([date.getTime()]).buffer),
      decode: (stored: Uint8Array) => new Date(new Float64Array(stored.slice().buffer)[0]!),
    };
    const date = new Date(1_700_000_000_123);
    for (const view of [redis, redis.bytes()]) {
      assert.deepEqual(await view.cached("date", { ...LONG, codec }, () => date), date);
    }
    // What another program has left there is replaced.
    await server.cli("SET", "k", "{no json");
    assert.equal(await redis.cached("k", LONG, () => 1), 1);
    assert.equal(await redis.cached("k", LONG, again), 1);
  });

  it("come from memory where the client has a cache, until somebody invalidates them", async () => {
    await using redis = new Redis(server.url, { cache: true });
    const [other] = clients as [Redis];
    await redis.cached("k", LONG, () => 1);
    for (const _ of [1, 2, 3]) assert.equal(await redis.cached("k", LONG, () => 2), 1);
    assert.equal(redis.cache!.stats().hits, 2);
    await other.invalidate("k");
    await redis.ping();
    assert.equal(await redis.cached("k", LONG, () => 3), 3);
  });

  it("end for one caller with its signal, and for the others with their value", async () => {
    const [redis] = clients as [Redis];
    const { load, open, loads } = gate("value");
    const controller = new AbortController();
    const one = redis.with({ signal: controller.signal }).cached("k", LONG, load);
    const other = redis.cached("k", LONG, load);
    await lockHeld("k");
    controller.abort(new Error("enough"));
    await assert.rejects(one, /enough/);
    open();
    assert.equal(await other, "value");
    assert.equal(loads(), 1);
    await assert.rejects(redis.with({ signal: controller.signal }).cached("k", LONG, load), /enough/);
  });

  it("have their lock in the slot of their key, over a cluster, too", async () => {
    for (const key of ["k", "user:1", "{a}b", "x{tag}y", "{", "{{a}}", "ä{ö}"]) {
      assert.equal(slotOf(lockOf(key)), slotOf(key), key);
    }
    const [redis] = clients as [Redis];
    for (const key of ["a}b", "{}a"]) await assert.rejects(redis.cached(key, LONG, () => 1), TypeError);
    for (const wrong of [{}, { ttl: 0 }, { ttl: 1.5 }, { ttl: 1, staleTtl: -1 }, { ttl: 1, lock: 0 }]) {
      await assert.rejects(redis.cached("k", wrong as never, () => 1), RangeError);
    }
    await assert.rejects(redis.cached("k", { ...LONG, tll: 1 } as never, () => 1), /`tll`/);
    await using cluster = await startCluster({ replicas: 0 });
    const seeds = cluster.masters.map(({ host, port }) => ({ host, port }));
    await using first = new RedisCluster(seeds);
    await using second = new RedisCluster(seeds);
    const keys = Array.from({ length: 30 }, (_, at) => `key:${at}`);
    let loads = 0;
    const values = await Promise.all(
      [first, second].flatMap((client) =>
        keys.map((key) =>
          client.cached(key, { ttl: 60_000, staleTtl: 1_000 }, async () => {
            loads++;
            await client.ping();
            return key;
          })
        )
      ),
    );
    assert.deepEqual(values, [...keys, ...keys]);
    assert.equal(loads, keys.length);
    await first.invalidate(...keys);
    assert.equal(await second.exists(keys), 0);
  });
});
