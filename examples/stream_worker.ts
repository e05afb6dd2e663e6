/**
 * A worker on a stream. A message that fails twice moves to a dead-letter stream. On SIGTERM the worker finishes
 * what it has begun.
 *
 *     REDIS_URL=redis://localhost:6379 WORKER=one node examples/stream_worker.ts
 *
 * @module
 */
import process from "node:process";
import { Redis } from "../mod.ts";

const redis = new Redis(process.env.REDIS_URL ?? "redis://localhost:6379");
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());

/** Sends a mail, or throws. */
function sendMail(to: string | undefined): Promise<void> {
  if (to === undefined || !to.includes("@")) throw new Error("there is no address");
  console.log(`sent to ${to}`);
  return Promise.resolve();
}

await redis.consume({
  stream: "mails",
  group: "mailers",
  consumer: process.env.WORKER ?? "worker",
  concurrency: 4,
  maxDeliveries: 2,
  retryDelay: 10,
  claim: { minIdle: 30_000 },
  signal: stop.signal,
  onFailure: (error, message, outcome) => console.log(`${message.id} failed (${outcome}): ${error}`),
}, (message: { fields: Record<string, string> }) => sendMail(message.fields.to));

await redis.close();
console.log("closed");
