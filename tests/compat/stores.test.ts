import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { sessionStore } from "../../src/adapters/express_session.ts";
import { KeyvStore } from "../../src/adapters/keyv.ts";
import { unstorageDriver } from "../../src/adapters/unstorage.ts";
import { type Any, skip, useLibraries } from "./libraries.ts";

/** As much of Vitest's `expect` as the suite of Keyv uses. */
function expect(actual: Any): Any {
  asserted++;
  return {
    toBe: (expected: unknown) => assert.equal(actual, expected),
    toEqual: (expected: unknown) => assert.deepEqual(actual, expected),
    toBeTruthy: () => assert.ok(actual),
    toBeFalsy: () => assert.ok(!actual),
    toBeNull: () => assert.equal(actual, null),
    toBeDefined: () => assert.notEqual(actual, undefined),
    toBeUndefined: () => assert.equal(actual, undefined),
  };
}

let expected = 0;
let asserted = 0;
/** Sets the number of assertions that a test announces. */
expect.assertions = (count: number): void => void (expected = count);

describe("adapters: Keyv, cache-manager, unstorage and express-session", () => {
  const libraries = useLibraries("adapters", {
    "@keyv/test-suite": "2.1.2",
    "cache-manager": "7.2.9",
    "express": "5.3.0",
    "express-session": "1.19.0",
    "keyv": "5.6.0",
    "unstorage": "1.17.6",
  });
  const { load } = libraries;
  let redis: Redis;
  before(() => {
    if (!skip) redis = new Redis(libraries.server.url);
  });
  after(() => redis?.close());

  it("Keyv: its test suite", { skip }, async (t) => {
    const { default: suite, keyvIteratorTests } = await load("@keyv/test-suite");
    const { default: Keyv } = await load("keyv");
    // The hooks of the suite's three parts: all of them run before each test.
    const hooks: [before: (() => Promise<void>)[], after: (() => Promise<void>)[]] = [[], []];
    const tests: [string, (context: Any) => unknown][] = [];
    const vitest = {
      it: (name: string, run: (context: Any) => unknown) => tests.push([name, run]),
      beforeEach: (run: () => Promise<void>) => hooks[0].push(run),
      afterEach: (run: () => Promise<void>) => hooks[1].push(run),
    };
    suite(vitest, Keyv, () => new KeyvStore(redis));
    keyvIteratorTests(vitest, Keyv, () => new KeyvStore(redis));
    assert.ok(tests.length >= 40, `${tests.length} tests`);
    for (const [name, run] of tests) {
      for (const hook of hooks[0]) await hook();
      try {
        [expected, asserted] = [0, 0];
        await run({ expect });
        assert.ok(asserted >= expected, `${asserted} of ${expected} assertions`);
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
      }
      for (const hook of hooks[1]) await hook();
    }
    t.diagnostic?.(`${tests.length} tests of @keyv/test-suite passed`);
  });

  it("cache-manager by Keyv", { skip }, async () => {
    const { createCache } = await load("cache-manager");
    const { default: Keyv } = await load("keyv");
    const cache = createCache({ stores: [new Keyv({ store: new KeyvStore(redis), namespace: "cache" })] });
    assert.equal(await cache.wrap("key", () => Promise.resolve("made"), 10_000), "made");
    assert.equal(await cache.wrap("key", () => Promise.reject(new Error("made twice")), 10_000), "made");
    assert.deepEqual(await cache.mget(["key", "none"]), ["made", undefined]);
    await cache.clear();
    assert.equal(await cache.get("key"), undefined);
  });

  it("unstorage", { skip }, async () => {
    const { createStorage } = await load("unstorage");
    const storage = createStorage({ driver: unstorageDriver(redis, { base: "items" }) });
    await storage.setItem("a:b", { n: 1 });
    await storage.setItem("a:c", "text", { ttl: 10 });
    await storage.setItemRaw("raw", new Uint8Array([0, 255]));
    assert.deepEqual(await storage.getItem("a:b"), { n: 1 });
    assert.deepEqual([...await storage.getItemRaw("raw")], [0, 255]);
    assert.deepEqual((await storage.getKeys()).sort(), ["a:b", "a:c", "raw"]);
    assert.deepEqual((await storage.getKeys("a")).sort(), ["a:b", "a:c"]);
    assert.deepEqual(await storage.getItems(["a:c", "none"]), [
      { key: "a:c", value: "text" },
      { key: "none", value: null },
    ]);
    await storage.clear();
    assert.deepEqual(await storage.getKeys(), []);
    await storage.dispose();
  });

  it("express-session in Express", { skip }, async () => {
    const { default: express } = await load("express");
    const { default: session } = await load("express-session");
    const app = express();
    app.use(session({
      store: sessionStore(session, redis),
      secret: "secret",
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 60_000 },
    }));
    app.get("/", (request: Any, response: Any) => {
      request.session.visits = (request.session.visits ?? 0) + 1;
      response.json(request.session.visits);
    });
    app.get("/out", (request: Any, response: Any) => request.session.destroy(() => response.json("out")));
    const http = createServer(app);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
    const root = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const first = await fetch(root);
    const cookie = first.headers.get("set-cookie")!.split(";")[0]!;
    const visit = async (path = "/"): Promise<unknown> =>
      await (await fetch(root + path, { headers: { cookie, connection: "close" } })).json();
    assert.deepEqual([await first.json(), await visit(), await visit()], [1, 2, 3]);
    assert.equal((await redis.keys("sess:*")).length, 1);
    assert.deepEqual([await visit("/out"), await visit()], ["out", 1]);
    http.closeAllConnections?.();
    await new Promise((resolve) => http.close(resolve));
  });
});
