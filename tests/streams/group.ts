/**
 * The helpers that tests of consumers share.
 *
 * @module
 */
import type { ConsumeOptions, Redis, StreamMessage } from "../../mod.ts";
import { waitFor } from "../harness/wait.ts";

/** Options of a consumer of the group `g`. */
export function options(stream: string, more: Partial<ConsumeOptions> = {}): ConsumeOptions {
  return { stream, group: "g", consumer: "one", block: 200, ...more };
}

/** Adds an entry with the field `n` for each number; returns the ids. */
export async function add(redis: Redis, stream: string, ...numbers: number[]): Promise<string[]> {
  const ids: string[] = [];
  for (const n of numbers) ids.push(await redis.xadd(stream, "*", { n }));
  return ids;
}

/** The number of messages that are pending for the group. */
export async function pending(redis: Redis, stream: string): Promise<number> {
  return (await redis.xpending(stream, "g")).count;
}

/** Waits until the given number of messages is pending. */
export function untilPending(redis: Redis, stream: string, count: number): Promise<void> {
  return waitFor(`${count} pending messages`, async () => {
    const now = await pending(redis, stream);
    return now === count ? undefined : `${now} are pending`;
  });
}

/** Waits until a consumer is blocked in XREADGROUP. */
export function untilBlocked(redis: Redis): Promise<void> {
  return waitFor("the blocked call", async () => {
    return /flags=b[^\n]*cmd=xreadgroup/.test(String(await redis.clientList()))
      ? undefined
      : "nothing is blocked";
  });
}

/** Takes the given number of messages. */
export async function take(
  messages: AsyncIterable<StreamMessage>,
  count: number,
  ack = true,
): Promise<StreamMessage[]> {
  const taken: StreamMessage[] = [];
  for await (const message of messages) {
    if (ack) await message.ack();
    taken.push(message);
    if (taken.length === count) break;
  }
  return taken;
}

/** Origin, `n` and number of deliveries, as `"new 1 x1"`. */
export function show({ origin, fields, deliveries }: StreamMessage): string {
  return `${origin} ${fields.n} x${deliveries}`;
}
