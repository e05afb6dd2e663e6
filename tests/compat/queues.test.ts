import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Any, skip, useLibraries } from "./libraries.ts";

const options = { maxRetriesPerRequest: null };

for (const version of ["5.81.5", "6.7.0"]) {
  describe(`ioredis: BullMQ ${version}`, () => {
    const { connect, load } = useLibraries("ioredis-bullmq", { bullmq: version });

    it("runs jobs, delays them and tells of failures", { skip }, async () => {
      const { Queue, QueueEvents, Worker } = await load("bullmq");
      const queue = new Queue("numbers", { connection: connect(options) });
      const events = new QueueEvents("numbers", { connection: connect(options) });
      await events.waitUntilReady();
      const worker = new Worker("numbers", (job: Any) => {
        if (job.name === "bad") throw new Error("a bad job");
        return Promise.resolve(job.data.n * 2);
      }, { connection: connect(options), concurrency: 10 });
      const jobs = await queue.addBulk(
        Array.from({ length: 100 }, (_, n) => ({ name: "good", data: { n } })),
      );
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

    it("runs flows, and repeats jobs", { skip }, async () => {
      const { FlowProducer, Queue, QueueEvents, Worker } = await load("bullmq");
      const name = "flows";
      const queue = new Queue(name, { connection: connect(options) });
      const events = new QueueEvents(name, { connection: connect(options) });
      await events.waitUntilReady();
      const repeated = Promise.withResolvers<void>();
      let repeats = 0;
      const worker = new Worker(name, (job: Any) => {
        if (job.name === "repeated" && ++repeats === 2) repeated.resolve();
        return Promise.resolve((job.data.n ?? 0) + 1);
      }, { connection: connect(options), concurrency: 5 });
      const producer = new FlowProducer({ connection: connect(options) });
      const child = (n: number): object => ({ name: "child", queueName: name, data: { n } });
      const { job } = await producer.add({
        name: "parent",
        queueName: name,
        data: { n: 10 },
        children: [child(1), child(2)],
      });
      assert.equal(await job.waitUntilFinished(events), 11);
      assert.deepEqual(Object.values(await job.getChildrenValues()).sort(), [2, 3]);
      await queue.upsertJobScheduler("often", { every: 20, limit: 2 }, { name: "repeated" });
      await repeated.promise;
      await worker.close();
      await events.close();
      await producer.close();
      await queue.close();
    });
  });
}

describe("ioredis: queues and locks", () => {
  const { connect, load } = useLibraries("ioredis-queues", { bull: "4.16.5", redlock: "4.2.0" });

  it("Bull runs jobs", { skip }, async () => {
    const { default: Queue } = await load("bull");
    const queue = new Queue("mail", {
      createClient: () => connect({ ...options, enableReadyCheck: false }),
    });
    queue.process((job: Any) => Promise.resolve(job.data.n + 1));
    const job = await queue.add({ n: 41 });
    assert.equal(await job.finished(), 42);
    await queue.close();
  });

  it("redlock locks, extends and unlocks", { skip }, async () => {
    const { default: Redlock } = await load("redlock");
    const redlock = new Redlock([connect()], { retryCount: 0 });
    const lock = await redlock.lock("resource", 1_000);
    await assert.rejects(redlock.lock("resource", 1_000));
    await (await lock.extend(2_000)).unlock();
    await (await redlock.lock("resource", 1_000)).unlock();
  });
});
