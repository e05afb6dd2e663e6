/**
 * A job queue on a stream: every job is done at least once, by one of the workers.
 *
 * A worker that dies leaves its jobs pending; another takes them over after a while. So a job can be done twice, and `work`
 * should not mind: by a lock, a unique key, or by being the same when it is repeated.
 *
 * @module
 */
import type { Redis } from "../mod.ts";

const STREAM = "jobs";
const GROUP = "workers";
/** The milliseconds after which an unacknowledged job goes to another worker. */
const PATIENCE = 60_000;

/** Adds a job; the queue keeps about the last million. */
export async function enqueue(redis: Redis, job: Record<string, string>): Promise<string> {
  return await redis.xadd(STREAM, "*", job, { maxlen: ["~", 1_000_000] });
}

/** Does jobs until `signal` is aborted. One that throws stays pending, and is tried again later. */
export async function runWorker(
  redis: Redis,
  name: string,
  work: (job: Record<string, string>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const jobs = redis.consume({
    stream: STREAM,
    group: GROUP,
    consumer: name,
    count: 1,
    claim: { minIdle: PATIENCE },
    signal,
  });
  for await (const job of jobs) {
    try {
      await work(job.fields);
      await job.ack();
    } catch (error) {
      if (signal.aborted) return;
      console.error(`Job ${job.id} failed:`, error);
    }
  }
}
