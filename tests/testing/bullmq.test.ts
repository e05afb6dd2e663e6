import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { TestServer } from "../../testing.ts";

// BullMQ is not installed with the tools: KEYWIRE_BULLMQ names a folder with `npm install bullmq ioredis`.
const FOLDER = process.env["KEYWIRE_BULLMQ"];

interface Job {
  readonly name: string;
  readonly data: { readonly n: number };
  waitUntilFinished(events: unknown, ttl: number): Promise<unknown>;
  getChildrenValues(): Promise<Record<string, number>>;
}
interface Closes {
  close(): Promise<void>;
}
interface Queue extends Closes {
  add(name: string, data: object, options?: object): Promise<Job>;
  addBulk(jobs: object[]): Promise<Job[]>;
  upsertJobScheduler(id: string, repeat: object, template: object): Promise<unknown>;
  removeJobScheduler(id: string): Promise<unknown>;
  getJobCounts(): Promise<Record<string, number>>;
  obliterate(options: object): Promise<void>;
  setMaxListeners(count: number): void;
}
interface BullMq {
  Queue: new (name: string, options: object) => Queue;
  QueueEvents: new (name: string, options: object) => Closes & { waitUntilReady(): Promise<unknown> };
  Worker: new (name: string, run: (job: Job) => Promise<unknown>, options: object) => Closes;
  FlowProducer: new (options: object) => Closes & { add(tree: object): Promise<{ job: Job }> };
}

const NAME = "jobs";
const LIMIT = 30_000;

const skip = FOLDER === undefined && "KEYWIRE_BULLMQ is not set";

describe("BullMQ on the test server", () => {
  it("does delayed, retried, repeated, prioritized and flow jobs", { skip }, async () => {
    const { Queue, QueueEvents, Worker, FlowProducer }: BullMq = createRequire(join(FOLDER!, "package.json"))(
      "bullmq",
    );
    await using server = new TestServer({ logLimit: 0 });
    const { hostname: host, port } = new URL((await server.listen()).url);
    const connection = { host, port: Number(port), maxRetriesPerRequest: null };
    const queue = new Queue(NAME, { connection });
    queue.setMaxListeners(0);
    const events = new QueueEvents(NAME, { connection });
    await events.waitUntilReady();
    let [attempts, repeats] = [0, 0];
    const repeated = Promise.withResolvers<void>();
    const worker = new Worker(NAME, async (job) => {
      await undefined;
      if (job.name === "retried") {
        if (++attempts < 3) throw new Error("again");
        return attempts;
      }
      if (job.name === "repeated") {
        if (++repeats === 2) repeated.resolve();
        return repeats;
      }
      if (job.name === "parent") {
        return Object.values(await job.getChildrenValues()).reduce((sum, value) => sum + value, 0);
      }
      return job.data.n * 2;
    }, { connection, concurrency: 5 });
    const flow = new FlowProducer({ connection });
    const result = (job: Job): Promise<unknown> => job.waitUntilFinished(events, LIMIT);
    try {
      assert.equal(await result(await queue.add("plain", { n: 21 })), 42);
      assert.equal(await result(await queue.add("delayed", { n: 1 }, { delay: 100 })), 2);
      const backoff = { type: "fixed", delay: 20 };
      assert.equal(await result(await queue.add("retried", {}, { attempts: 3, backoff })), 3);
      await queue.upsertJobScheduler("every", { every: 100 }, { name: "repeated" });
      await repeated.promise;
      await queue.removeJobScheduler("every");
      const children = [1, 2, 3].map((n) => ({ name: "child", queueName: NAME, data: { n } }));
      const { job } = await flow.add({ name: "parent", queueName: NAME, children });
      assert.equal(await result(job), 12);
      const many = Array.from(
        { length: 50 },
        (_, n) => ({ name: "many", data: { n }, opts: { priority: n % 5 } }),
      );
      const results = await Promise.all((await queue.addBulk(many)).map(result));
      assert.deepEqual(results, many.map(({ data }) => data.n * 2));
      assert.equal((await queue.getJobCounts())["failed"], 0);
      await queue.obliterate({ force: true });
    } finally {
      for (const each of [worker, events, flow, queue]) await each.close();
    }
  });
});
