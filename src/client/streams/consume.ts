/**
 * The consumer of a group as an iterator over messages.
 *
 * @module
 */
import { type ConsumeTarget, GroupReader } from "./group_reader.ts";
import { startHeartbeat } from "./heartbeat.ts";
import type { StreamMessage } from "./message.ts";
import { type ConsumeOptions, resolveConsume } from "./options.ts";

/** The messages of a consumer of a group, as `redis.consume()` returns them. */
export interface StreamMessages<F = Record<string, string>>
  extends AsyncGenerator<StreamMessage<F>, void, undefined> {
  /** Acknowledges messages together; resolves with how many were still pending. */
  ack(messages: Iterable<StreamMessage<F>>): Promise<number>;
}

/** Iterates over the messages of a consumer. */
export async function* consume(
  target: ConsumeTarget,
  options: ConsumeOptions,
): AsyncGenerator<StreamMessage<unknown>, void, undefined> {
  const resolved = resolveConsume(options, false);
  const reader = new GroupReader(target, resolved);
  const stopHeartbeat = startHeartbeat(
    reader,
    target.options.clock,
    resolved.heartbeat,
    (lost) => reader.release(lost),
  );
  try {
    while (!reader.stopped) {
      let messages: StreamMessage<unknown>[];
      try {
        messages = await reader.fetch(resolved.count);
      } catch (error) {
        if (reader.stopped) return;
        await reader.recover(error);
        continue;
      }
      for (const message of messages) {
        if (reader.stopped) return;
        yield message;
        reader.release(message);
      }
    }
  } finally {
    stopHeartbeat();
  }
}
