import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import Redis from "../../ioredis.ts";
import { toolFolder } from "../../scripts/package/tools.ts";
import { type Server, startServer } from "../harness/server.ts";

/** Libraries from npm that are made for ioredis. */
const LIBRARIES = {
  "bullmq": "6.7.0",
  "bull": "4.16.5",
  "redlock": "4.2.0",
  "rate-limiter-flexible": "11.4.0",
};

// deno-lint-ignore no-explicit-any
type Any = any;

const skip = process.env.KEYWIRE_TEST_LIBRARIES === "1"
  ? false
  : "installs libraries from npm; run it with KEYWIRE_TEST_LIBRARIES=1";

describe("ioredis: libraries that are made for it", () => {
  let server: Server;
  let load: (name: string) => Any;
  const clients: Any[] = [];
  const connect = (options: object = {}): Any => {
    const client = new Redis({ port: server.port, host: server.host, ...options });
    clients.push(client);
    return client;
  };
  before(async () => {
    if (skip) return;
    const root = fileURLToPath(new URL("../..", import.meta.url));
    load = createRequire(join(toolFolder(root, "ioredis-libraries", LIBRARIES), "package.json"));
    server = await startServer();
  });
  after(async () => {
    for (const client of clients) client.disconnect();
    await server?.stop();
  });

  it("BullMQ runs jobs, delays them and tells of failures", { skip }, async () => {
    const { Queue, QueueEvents, Worker } = load("bullmq");
    const options = { maxRetriesPerRequest: null };
    const queue = new Queue("numbers", { connection: connect(options) });
    const events = new QueueEvents("numbers", { connection: connect(options) });
    await events.waitUntilReady();
    const worker = new Worker("numbers", (job: Any) => {
      if (job.name === "bad") throw new Error("a bad job");
      return Promise.resolve(job.data.n * 2);
    }, { connection: connect(options), concurrency: 10 });
    const jobs = await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: "good", data: { n } })));
    const results: number[] = await Promise.all(jobs.map((job: Any) => job.waitUntilFinished(events)));
    assert.equal(results.reduce((sum, each) => sum + each, 0), 9_900);
    const bad = await queue.add("bad", {});
    await assert.rejects(bad.waitUntilFinished(events), /a bad job/);
    const late = await queue.add("good", { n: 5 }, { delay: 50 });
    assert.equal(await late.waitUntilFinished(events), 10);
    const { completed, failed } = await queue.getJobCounts();
    assert.deepEqual([completed, failed], [101, 1]);
    await worker.close();
    await events.close();
    await queue.close();
  });

  it("Bull runs jobs", { skip }, async () => {
    const Queue = load("bull");
    const queue = new Queue("mail", {
      createClient: () => connect({ maxRetriesPerRequest: null, enableReadyCheck: false }),
    });
    queue.process((job: Any) => Promise.resolve(job.data.n + 1));
    const job = await queue.add({ n: 41 });
    assert.equal(await job.finished(), 42);
    await queue.close();
  });

  it("redlock locks", { skip }, async () => {
    const Redlock = load("redlock");
    const redlock = new Redlock([connect()], { retryCount: 0 });
    const lock = await redlock.lock("resource", 1_000);
    await assert.rejects(redlock.lock("resource", 1_000));
    await lock.unlock();
    await (await redlock.lock("resource", 1_000)).unlock();
  });

  it("rate-limiter-flexible counts", { skip }, async () => {
    const { RateLimiterRedis } = load("rate-limiter-flexible");
    const limiter = new RateLimiterRedis({ storeClient: connect(), points: 2, duration: 60 });
    assert.equal((await limiter.consume("user")).remainingPoints, 1);
    await limiter.consume("user");
    await assert.rejects(limiter.consume("user"), (refused: Any) => refused.remainingPoints === 0);
  });
});
