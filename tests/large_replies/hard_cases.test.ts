/** Large replies when servers change, connections are lost amid replies, pools are shared, and keys have two spellings. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError, ConnectionPool, Redis } from "../../mod.ts";
import { formOf, isPlainRead, KnownKey } from "../../src/client/connections/known_keys.ts";
import { Command } from "../../src/commands/command.ts";
import { GET, SORT_RO } from "../../src/commands/specs.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { openFurther, proxiedServer, VALUE } from "./further.ts";

const place = proxiedServer();

describe("large replies in hard cases", () => {
  it("keep the order of a key's text and its bytes, also with a byte order mark", async () => {
    const key = "\ufefflarge";
    await using redis = new Redis({ host: place.proxy.host, port: place.proxy.port });
    await openFurther(redis, [key]);
    const further = place.proxy.last;
    further.freeze("both");
    const read = redis.get(key);
    const write = redis.append(new TextEncoder().encode(key), "+");
    // Time for the write to run, if it does not wait.
    for (let time = 0; time < 3; time++) await place.server.cli("STRLEN", key);
    further.thaw();
    assert.equal((await read)?.length, VALUE.length);
    assert.equal(await write, VALUE.length + 1);
  });

  it("do not follow earlier reads to a server that is no longer the one of the client", async () => {
    await using other = await startServer();
    await using changing = await startProxy({ port: place.server.port });
    await using redis = new Redis({ host: changing.host, port: changing.port });
    await openFurther(redis, ["large"]);
    const further = changing.last;
    further.freeze("toClient");
    const before = redis.get("large");
    await other.cli("SET", "large", "of the other server");
    changing.target = { port: other.port };
    const ready = new Promise((resolve) => redis.addEventListener("ready", resolve, { once: true }));
    changing.open[0]!.kill("reset");
    await ready;
    assert.equal(redis.stats().inFlight, 1, "the earlier read counts");
    const after = redis.get("large");
    further.thaw();
    assert.equal((await before)?.length, VALUE.length);
    assert.equal(await after, "of the other server");
  });

  it("are not read again behind a later write when the connection is lost amid the reply", async () => {
    await using redis = new Redis({ host: place.proxy.host, port: place.proxy.port });
    await openFurther(redis, ["large"]);
    const further = place.proxy.last;
    further.apply({ rate: 300_000 });
    const read = redis.get("large").then(() => assert.fail("it was read again"), (error) => error);
    // It runs as soon as the large reply begins.
    assert.equal(await redis.set("large", "new"), "OK");
    further.kill("reset");
    const error = await read;
    assert.ok(error instanceof ConnectionError, String(error));
    assert.deepEqual([error.code, error.executed], ["LOST", "yes"]);
    assert.equal(await redis.get("large"), "new");
  });

  it("are read over the first connection when the second is lost, also without an offline queue", async () => {
    await using redis = new Redis({ host: place.proxy.host, port: place.proxy.port, offlineQueue: false });
    await openFurther(redis, ["large"]);
    const further = place.proxy.last;
    further.freeze("toClient");
    const reads = [redis.get("large"), redis.get("large")];
    further.kill("reset");
    for (const read of reads) assert.equal((await read)?.length, VALUE.length);
  });

  it("are invalidated in the cache of another client of the pool", async () => {
    await using pool = new ConnectionPool({ host: place.proxy.host, port: place.proxy.port });
    await using redis = new Redis({ pool });
    await openFurther(redis, ["large"]);
    const further = place.proxy.last;
    further.freeze("toClient");
    const before = redis.get("large");
    await using cached = new Redis({ pool, cache: true });
    const during = cached.get("large");
    further.thaw();
    for (const read of [before, during]) assert.equal((await read)?.length, VALUE.length);
    await place.server.cli("SET", "large", "new");
    await waitFor(
      "the new value",
      async () => (await cached.get("large")) === "new" ? undefined : "it is the old one",
    );
  });

  it("leave no connection to a pool when their keys are forgotten", async () => {
    await using pool = new ConnectionPool({ host: place.proxy.host, port: place.proxy.port });
    const redis = new Redis({ pool });
    await openFurther(redis, ["large"]);
    await redis.set("large", "small");
    for (let time = 0; time < 2; time++) await redis.get("large");
    // The search for keys to forget.
    await Promise.all(Array.from({ length: 4_100 }, () => redis.ping()));
    await redis.close();
    assert.equal(pool.stats().inUse, 0);
  });

  it("are remembered in bounded memory, however many ranges of a key are read", () => {
    const key = new KnownKey();
    for (let range = 0; range < 100; range++) key.record(`GETRANGE ${range}`, true);
    const known = Array.from(
      { length: 100 },
      (_, range) => key.expectsLarge(formOf(new Command({ ...GET, name: "GETRANGE" }, ["key", range]))),
    );
    assert.equal(known.filter(Boolean).length, 16);
    assert.equal(known.at(-1), true);
  });

  it("of SORT_RO come over the first connection: it may read keys that it does not name", () => {
    assert.equal(isPlainRead(new Command(GET, ["key"])), true);
    assert.equal(isPlainRead(new Command(SORT_RO, ["key", "GET", "w_*"])), false);
  });
});
