import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { minId, nextId } from "../../src/client/streams/entry_id.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { add, options, take, untilPending } from "./group.ts";

describe("maintenance of streams", { skip: olderThan("6.2.0", "XTRIM with MINID") }, () => {
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer({ config: ["stream-node-max-entries 1"] });
    redis = new Redis(server.url);
  });
  after(async () => {
    await redis.close();
    await server.stop();
  });

  it("removes only entries that every group has acknowledged", async () => {
    const ids = await add(redis, "trim", 1, 2, 3, 4, 5);
    await redis.xgroupCreate("trim", "g", "0");
    await redis.xgroupCreate("trim", "other", "0");
    await redis.xreadgroup("other", "x", { trim: ">" }, { count: 4 });
    await redis.xack("trim", "other", ids[0]!, ids[1]!, ids[3]!);
    const stop = new AbortController();
    const running = redis.consume({ ...options("trim"), trimEvery: 10, signal: stop.signal }, () => {});
    const rest = async (): Promise<string> =>
      (await redis.xrange("trim", "-", "+")).map(({ fields }) => fields.n).join(" ");
    await untilPending(redis, "trim", 0);
    await waitFor("the trim", async () => (await rest()) === "3 4 5" ? undefined : await rest());
    await redis.xack("trim", "other", ids[2]!);
    await waitFor("the next trim", async () => (await rest()) === "5" ? undefined : await rest());
    stop.abort();
    await running;
  });

  it("removes idle consumers that have nothing pending, and only those", async () => {
    await add(redis, "idle", 1);
    await redis.xgroupCreate("idle", "g", "0");
    await take(redis.consume(options("idle", { consumer: "holder" })), 1, false);
    await redis.xgroupCreateconsumer("idle", "g", "gone");
    const stop = new AbortController();
    const running = redis.consume(
      { ...options("idle"), removeIdleAfter: 1_000, block: 50, signal: stop.signal },
      () => {},
    );
    await waitFor("the removal", async () => {
      const names = (await redis.xinfoConsumers("idle", "g")).map(({ name }) => name);
      assert.ok(names.includes("holder"));
      return names.includes("gone") ? "it is still there" : undefined;
    });
    stop.abort();
    await running;
  });

  it("tells how far a group is behind", async () => {
    await redis.xgroupCreate("lag", "g", "0", { mkStream: true });
    const none = await redis.streamLag("lag", "g");
    assert.deepEqual(none, { lag: 0, pending: 0, age: 0, consumers: 0 });
    await redis.xadd("lag", "1000-0", { n: 1 });
    await redis.xadd("lag", "2000-0", { n: 2 });
    await take(redis.consume(options("lag", { count: 1 })), 1, false);
    const some = await redis.bytes().streamLag("lag", "g");
    const { lag, pending, consumers } = some;
    assert.deepEqual({ pending, consumers }, { pending: 1, consumers: 1 });
    assert.equal(lag, olderThan("7.0.0", "lag") === false ? 1 : null);
    const [seconds] = await redis.time();
    assert.ok(Math.abs(some.age - (seconds * 1_000 - 2_000)) < 60_000, `the age is ${some.age} ms`);
    await assert.rejects(redis.streamLag("lag", "none"), { code: "NOGROUP" });
    await assert.rejects(redis.streamLag("nothing", "g"), { code: "ERR" });
  });
});

describe("ids of stream entries", () => {
  it("are compared and stepped as numbers of 64 bits", () => {
    assert.equal(nextId("0-0"), "0-1");
    assert.equal(nextId("9-9"), "9-10");
    assert.equal(nextId("5-18446744073709551615"), "6-0");
    assert.equal(minId("9-1", "10-0"), "9-1");
    assert.equal(minId("10-10", "10-9"), "10-9");
    assert.equal(minId("18446744073709551615-1", "18446744073709551614-2"), "18446744073709551614-2");
  });
});
