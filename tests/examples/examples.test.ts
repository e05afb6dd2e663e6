/** The examples do what they say, with a real server. @module */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { Cache } from "../../examples/cache_aside.ts";
import { application } from "../../examples/hono_sessions.ts";
import { follow, say } from "../../examples/live_chat.ts";
import { enqueue, runWorker } from "../../examples/job_queue.ts";
import { tryLock, writeFenced } from "../../examples/lock.ts";
import { allow } from "../../examples/rate_limiter.ts";
import { Redis } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";

describe("the example", () => {
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer();
    redis = new Redis(server.url);
  });
  beforeEach(() => redis.flushall());
  after(async () => {
    await redis?.close();
    await server?.stop();
  });

  it("rate_limiter: lets as many pass as it should, each name by itself", async () => {
    const calls = Array.from({ length: 12 }, () => allow(redis, "ann", 5, 60_000));
    assert.equal((await Promise.all(calls)).filter((allowed) => allowed).length, 5);
    assert.equal(await allow(redis, "bob", 5, 60_000), true);
  });

  it("rate_limiter: forgets what is past", async () => {
    assert.equal(await allow(redis, "ann", 1, 5), true);
    let again = await allow(redis, "ann", 1, 5);
    while (!again) again = await allow(redis, "ann", 1, 5);
    assert.equal(again, true);
  });

  it("cache_aside: computes once, for all who ask together", async () => {
    const cache = new Cache<{ n: number }>(redis, 60);
    let computed = 0;
    const compute = () => Promise.resolve({ n: ++computed });
    const values = await Promise.all([1, 2, 3].map(() => cache.get("answer", compute)));
    assert.deepEqual(values, [{ n: 1 }, { n: 1 }, { n: 1 }]);
    assert.deepEqual(await cache.get("answer", compute), { n: 1 });
    await cache.forget("answer");
    assert.deepEqual(await cache.get("answer", compute), { n: 2 });
    assert.ok(await redis.ttl("answer") > 0);
  });

  it("cache_aside: does without a cache that cannot be reached", async () => {
    await using gone = new Redis({ host: "127.0.0.1", port: 1 });
    const cache = new Cache<string>(gone, 60);
    assert.equal(await cache.get("answer", () => Promise.resolve("computed")), "computed");
  });

  it("lock: is held by one, and fences off who held it before", async () => {
    const first = await tryLock(redis, "report", 60_000);
    assert.ok(first);
    assert.equal(await tryLock(redis, "report", 60_000), undefined);
    await redis.del("{lock:report}"); // its time is over, and it does not know
    const second = await tryLock(redis, "report", 60_000);
    assert.ok(second && second.token > first.token);
    assert.equal(await writeFenced(redis, "page", "new", second.token), true);
    assert.equal(await writeFenced(redis, "page", "old", first.token), false);
    assert.equal(await redis.hget("page", "value"), "new");
    assert.equal(await first.release(), false);
    assert.equal(await second.release(), true);
  });

  it("hono_sessions: knows who comes again", async () => {
    const app = application(redis);
    const first = await app.request("/");
    assert.equal(await first.text(), "visit 1");
    const cookie = first.headers.get("set-cookie")!.split(";")[0]!;
    const second = await app.request("/", { headers: { cookie } });
    assert.equal(await second.text(), "visit 2");
    assert.equal(await (await app.request("/")).text(), "visit 1");
    await app.request("/leave", { method: "POST", headers: { cookie } });
    assert.equal(await (await app.request("/", { headers: { cookie } })).text(), "visit 1");
    assert.ok(await redis.ttl(`session:${cookie.split("=")[1]}`) > 0);
  });

  it(
    "job_queue: does each job by one of its workers",
    { skip: olderThan("6.2.0", "XAUTOCLAIM") },
    async () => {
      const stop = new AbortController();
      const done: string[] = [];
      const all = Promise.withResolvers<void>();
      const work = (job: Record<string, string>) => {
        done.push(job.task!);
        if (done.length === 6) all.resolve();
        return Promise.resolve();
      };
      const workers = ["one", "two"].map((name) => runWorker(redis, name, work, stop.signal));
      for (let number = 0; number < 6; number++) await enqueue(redis, { task: `task ${number}` });
      await all.promise;
      stop.abort();
      await Promise.allSettled(workers);
      assert.deepEqual(done.sort(), [0, 1, 2, 3, 4, 5].map((number) => `task ${number}`));
    },
  );

  it("live_chat: tells what was said before and what is said, each once", async () => {
    await say(redis, "garden", "ann", "first");
    const lines = follow(redis, "garden");
    const heard = [(await lines.next()).value];
    await say(redis, "garden", "bob", "second");
    await say(redis, "kitchen", "bob", "elsewhere");
    await say(redis, "garden", "ann", "third");
    for (let n = 0; n < 2; n++) heard.push((await lines.next()).value);
    await lines.return();
    assert.deepEqual(heard, [
      { number: 1, name: "ann", text: "first" },
      { number: 2, name: "bob", text: "second" },
      { number: 3, name: "ann", text: "third" },
    ]);
  });

  it("live_chat: reads again what it may have missed", async () => {
    await using listener = new Redis(server.url, {
      reconnect: { backoff: "constant:10" },
      clientName: "listener",
    });
    await say(redis, "garden", "ann", "first");
    const lines = follow(listener, "garden");
    await lines.next();
    const next = lines.next();
    const id = /id=(\d+) .*name=listener .*sub=1/.exec(await redis.clientList())?.[1];
    assert.ok(id);
    // No subscriber receives this one: the connection is closed.
    await redis.clientKill({ id: Number(id) });
    await say(redis, "garden", "ann", "second");
    assert.equal((await next).value?.text, "second");
    await lines.return();
  });
});
