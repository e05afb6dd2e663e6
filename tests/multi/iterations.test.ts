/** `MultiRedis`: iterations stay at the database whose cursors they have; subscriptions and consumers follow. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError, MultiRedis } from "../../mod.ts";
import { type Server, startServer } from "../harness/server.ts";

// A busy machine must not fail over by itself.
const POLICY = {
  healthCheckInterval: 20,
  healthCheckTimeout: 60_000,
  healthCheckFailures: 2,
  gracePeriod: 1,
};
const OPTIONS = { offlineQueue: false, reconnect: { backoff: "constant:10" } } as const;
// More than any compact encoding holds, so that SCAN needs many steps.
const COUNT = 600;

/** Two servers, and a client that prefers the first. */
async function start() {
  const [first, second] = await Promise.all([startServer(), startServer()]);
  const redis = new MultiRedis([
    { url: first.url, weight: 2, options: OPTIONS },
    { url: second.url, options: OPTIONS },
  ], POLICY);
  await redis.connect();
  assert.ok(redis.databases[0]!.active);
  return {
    first,
    second,
    redis,
    [Symbol.asyncDispose]: async () => {
      await redis.close();
      await Promise.all([first.stop(), second.stop()]);
    },
  };
}

describe("MultiRedis: iterations, subscriptions and consumers", () => {
  const failover = (redis: MultiRedis): Promise<unknown> =>
    new Promise((resolve) => redis.addEventListener("failover", resolve, { once: true }));

  /** Members, fields and keys, by the name of the server. */
  async function fill(server: Server, name: string): Promise<void> {
    const numbers = Array.from({ length: COUNT }, (_, n) => `${name}${n}`);
    await server.cli("MSET", ...numbers.flatMap((one) => [one, "1"]));
    await server.cli("SADD", "set", ...numbers);
    await server.cli("HSET", "hash", ...numbers.flatMap((one) => [one, "1"]));
    await server.cli("ZADD", "sorted", ...numbers.flatMap((one) => ["1", one]));
  }

  const iterators = (redis: MultiRedis): Record<string, AsyncGenerator<unknown, void, undefined>> => ({
    scan: redis.scanIterator({ count: 10, match: "[ab]*" }),
    scanBytes: redis.bytes().scanIterator({ count: 10, match: "[ab]*" }),
    hscan: redis.hscanIterator("hash", { count: 10 }),
    sscan: redis.sscanIterator("set", { count: 10 }),
    zscan: redis.zscanIterator("sorted", { count: 10 }),
  });
  const nameOf = (item: unknown): string => {
    const one = Array.isArray(item) ? item[0] : item;
    return one instanceof Uint8Array ? new TextDecoder().decode(one) : String(one);
  };

  it("an iteration rejects by name when its database is lost, and ends where it began when another one is preferred", async () => {
    await using pair = await start();
    const { first, second, redis } = pair;
    await Promise.all([fill(first, "a"), fill(second, "b")]);
    const begun = iterators(redis);
    for (const one of Object.values(begun)) assert.match(nameOf((await one.next()).value), /^a/);
    const away = failover(redis);
    await first.kill();
    for (const [name, one] of Object.entries(begun)) {
      await assert.rejects(async () => {
        // What had arrived is returned first.
        for await (const item of one) assert.match(nameOf(item), /^a/, name);
      }, (error) => {
        assert.ok(error instanceof ConnectionError, String(error));
        assert.equal(error.code, "CURSOR_LOST", name);
        assert.match(error.message, /its cursor belongs to .*; iterate again/);
        return true;
      });
    }
    await away;
    const there = iterators(redis);
    const found: Record<string, Set<string>> = {};
    for (const [name, one] of Object.entries(there)) {
      found[name] = new Set([nameOf((await one.next()).value)]);
    }
    const back = failover(redis);
    await first.restart();
    await back;
    assert.equal(await redis.get("b0"), null, "commands run at the first one again");
    for (const [name, one] of Object.entries(there)) {
      for await (const item of one) found[name]!.add(nameOf(item));
      assert.equal(found[name]!.size, COUNT, name);
      assert.ok([...found[name]!].every((item) => item.startsWith("b")), name);
    }
  });

  it("a subscription that pauses, and MONITOR, follow to the database in use, with a gap, and back", async () => {
    await using pair = await start();
    const { first, second, redis } = pair;
    await using messages = redis.subscription("news", { policy: "pause", buffer: 4 });
    await messages.ready;
    const next = async (): Promise<unknown> => {
      const { value } = await messages.next();
      return value?.kind === "message" ? value.message : value?.kind;
    };
    await using monitor = redis.monitor();
    const seen = async (word: string): Promise<void> => {
      for await (const line of { [Symbol.asyncIterator]: () => ({ next: () => monitor.next() }) }) {
        if (JSON.stringify(line).includes(word)) return;
      }
    };
    await first.cli("PUBLISH", "news", "one");
    assert.equal(await next(), "one");
    const away = failover(redis);
    await first.kill();
    await away;
    assert.equal(await next(), "gap");
    await second.cli("PUBLISH", "news", "two");
    assert.equal(await next(), "two");
    const back = failover(redis);
    await first.restart();
    await back;
    assert.equal(await next(), "gap");
    await second.cli("PUBLISH", "news", "left");
    await first.cli("PUBLISH", "news", "three");
    assert.equal(await next(), "three");
    let there = false;
    const last = seen("at-the-first").then(() => void (there = true));
    // MONITOR may begin after the first of them.
    while (!there) await redis.set("at-the-first", "1");
    await last;
  });

  it("consume() goes on at the database in use, in the iterator and with a handler", async () => {
    await using pair = await start();
    const { first, second, redis } = pair;
    const add = (server: Server, n: number) => server.cli("XADD", "jobs", "*", "n", String(n));
    const stop = new AbortController();
    const handled: string[] = [];
    let wake: (() => void) | undefined;
    const options = { stream: "jobs", create: "0", block: 50 } as const;
    const running = redis.consume(
      { ...options, group: "handlers", consumer: "one", signal: stop.signal },
      ({ fields }) => {
        handled.push(String(fields.n));
        wake?.();
      },
    );
    const iterator = redis.consume({ ...options, group: "iterators", consumer: "one" });
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      const { value } = await iterator.next();
      seen.push(String(value!.fields.n));
      await value!.ack();
    };
    const both = async (n: string): Promise<void> => {
      while (!handled.includes(n)) await new Promise<void>((resolve) => wake = resolve);
      while (!seen.includes(n)) await read();
    };
    await add(first, 1);
    await both("1");
    const away = failover(redis);
    await first.kill();
    await away;
    await add(second, 2);
    await both("2");
    const back = failover(redis);
    await first.restart();
    await back;
    await add(first, 3);
    await both("3");
    await iterator.return();
    stop.abort();
    await running;
  });
});
