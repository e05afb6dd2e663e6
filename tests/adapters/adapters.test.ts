import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { after, before, beforeEach, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { sessionStore } from "../../src/adapters/express_session.ts";
import { KeyvStore } from "../../src/adapters/keyv.ts";
import { unstorageDriver } from "../../src/adapters/unstorage.ts";
import { type Server, startServer } from "../harness/server.ts";

/** Properties that the tests of Keyv and unstorage cannot check: the keys on the server, and their lifetimes. */
describe("adapters", () => {
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer();
    redis = new Redis(server.url);
  });
  beforeEach(() => redis.flushall());
  after(async () => {
    await redis.close();
    await server.stop();
  });

  async function keys(): Promise<string[]> {
    return (await redis.keys("*")).sort();
  }

  it("keyv: keys have the prefix, lifetimes are milliseconds", async () => {
    const store = new KeyvStore(redis, { prefix: "p[1]:" });
    await store.set("a:one", "1");
    await store.setMany([{ key: "a:two", value: "2", ttl: 50_000.5 }, { key: "b:one", value: "3" }]);
    assert.deepEqual(await keys(), ["p[1]:a:one", "p[1]:a:two", "p[1]:b:one"]);
    assert.equal(await redis.ttl("p[1]:a:one"), -1);
    assert.ok(await redis.pttl("p[1]:a:two") > 40_000);
    assert.deepEqual(await store.getMany(["a:one", "none", "b:one"]), ["1", undefined, "3"]);
    assert.deepEqual(await store.hasMany(["a:one", "none"]), [true, false]);
    assert.deepEqual(await store.getMany([]), []);
    assert.equal(await store.deleteMany([]), false);
    assert.equal(await store.deleteMany(["none", "b:one"]), true);
    assert.equal(await store.delete("b:one"), false);
  });

  it("keyv: clears and iterates over a namespace, whatever is beside it", async () => {
    const store = new KeyvStore(redis, { prefix: "p*:" });
    // More than one batch, beside keys that the pattern must not match.
    const many = Array.from({ length: 1_200 }, (_, index) => `a:${index}`);
    await Promise.all(many.map((key) => store.set(key, key)));
    await redis.mset({ "pq:a:1": "other", "p*:b:1": "b", "other": "1" });
    store.namespace = "a";
    const found: string[] = [];
    for await (const [key, value] of store.iterator("a")) {
      assert.equal(value, key);
      found.push(key);
    }
    assert.deepEqual(found.sort(), many.sort());
    await store.clear();
    assert.deepEqual(await keys(), ["other", "p*:b:1", "pq:a:1"]);
    store.namespace = undefined;
    await store.clear();
    assert.deepEqual(await keys(), ["other", "pq:a:1"]);
  });

  it("unstorage: bases, lifetimes in seconds, several items", async () => {
    const driver = unstorageDriver(redis, { base: "app:", ttl: 100 });
    await driver.setItem("user:1", "one");
    await driver.setItem("user:2", "two", { ttl: 0.5 });
    await driver.setItem("users", "three");
    await redis.set("application", "other");
    assert.deepEqual(await keys(), ["app:user:1", "app:user:2", "app:users", "application"]);
    assert.ok(await redis.pttl("app:user:1") > 90_000);
    assert.ok(await redis.pttl("app:user:2") <= 500);
    assert.deepEqual((await driver.getKeys("")).sort(), ["user:1", "user:2", "users"]);
    assert.deepEqual((await driver.getKeys("user:")).sort(), ["user:1", "user:2"]);
    assert.deepEqual(await driver.getItems([{ key: "user:1" }, { key: "none" }]), [
      { key: "user:1", value: "one" },
      { key: "none", value: null },
    ]);
    assert.deepEqual([await driver.hasItem("users"), await driver.hasItem("none")], [true, false]);
    assert.deepEqual([await driver.getItem("users"), await driver.getItem("none")], ["three", null]);
    await driver.clear("user");
    assert.deepEqual(await keys(), ["app:users", "application"]);
    await driver.removeItem("users");
    assert.deepEqual(await driver.getItems([]), []);
  });

  it("express-session: lifetimes of cookies, touch, callbacks and promises", async () => {
    const store = sessionStore({ Store: EventEmitter }, redis);
    assert.ok(store instanceof EventEmitter);
    const result = <T>(run: (done: (error: unknown, value?: T) => void) => unknown): Promise<T | undefined> =>
      new Promise((resolve, reject) => run((error, value) => error ? reject(error) : resolve(value)));
    await store.set("plain", { cookie: {} });
    const soon = { cookie: { expires: new Date(Date.now() + 30_000) }, user: 1 };
    await result((done) => store.set("soon", soon, done));
    assert.ok(await redis.pttl("sess:plain") > 80_000_000);
    assert.ok(await redis.pttl("sess:soon") <= 30_000);
    assert.deepEqual(await result((done) => store.get("soon", done)), JSON.parse(JSON.stringify(soon)));
    assert.equal(await result((done) => store.get("none", done)), null);
    await store.touch("soon", { cookie: { expires: new Date(Date.now() + 90_000) } });
    assert.ok(await redis.pttl("sess:soon") > 60_000);
    assert.equal(await result((done) => store.length(done)), 2);
    assert.deepEqual((await result<string[]>((done) => store.ids(done)))!.sort(), ["plain", "soon"]);
    assert.deepEqual((await result<{ id: string }[]>((done) => store.all(done)))!.length, 2);
    await store.set("soon", { cookie: { expires: new Date(0) } });
    assert.deepEqual(await keys(), ["sess:plain"]);
    await store.destroy("plain");
    await store.set("again", {});
    await store.clear();
    assert.deepEqual(await keys(), []);
    await redis.hset("sess:wrong", { a: 1 });
    await assert.rejects(result((done) => store.get("wrong", done)), /WRONGTYPE/);
    await assert.rejects(store.get("wrong"), /WRONGTYPE/);
  });
});
