/**
 * The consumer of a group with a handler for each message.
 *
 * @module
 */
import { type ConsumeTarget, GroupReader } from "./group_reader.ts";
import { startHeartbeat } from "./heartbeat.ts";
import type { StreamMessage } from "./message.ts";
import { type HandlerOptions, resolveConsume, type StreamHandler } from "./options.ts";

type Message = StreamMessage<unknown>;

/** The longest wait for new messages while handlers run, in milliseconds: one that fails may ask for a retry soon. */
const BUSY_BLOCK = 1_000;

/** Calls `handler` with each message, until the signal is aborted; then waits for the running handlers. */
export async function handle(
  target: ConsumeTarget,
  options: HandlerOptions<never>,
  handler: StreamHandler<never>,
): Promise<void> {
  if (typeof handler !== "function") throw new TypeError("Cannot consume: the handler is no function");
  const resolved = resolveConsume(options, true);
  const reader = new GroupReader(target, resolved);
  const running: Map<Message, AbortController> = new Map();
  /** An error that `onFailure` has thrown. */
  let fatal: { readonly error: unknown } | undefined;
  let wake = (): void => {};

  const failed = async (message: Message, error: unknown): Promise<void> => {
    const dead = message.deliveries >= resolved.maxDeliveries;
    options.onFailure?.(error, message as StreamMessage<never>, dead ? "dead" : "retry");
    if (message.settled) return;
    // Where the server cannot be reached, the message stays pending, and is claimed like one of a crashed consumer.
    const settled = dead
      ? reader.bury(message, error)
      : message.nack(resolved.retryDelay(message.deliveries));
    await settled.catch(() => {});
  };
  const run = async (message: Message): Promise<void> => {
    const controller = new AbortController();
    running.set(message, controller);
    try {
      try {
        await (handler as StreamHandler<unknown>)(message, { signal: controller.signal });
        if (!message.settled) await message.ack();
      } catch (error) {
        await failed(message, error);
      }
    } catch (error) {
      fatal ??= { error };
    } finally {
      reader.release(message);
      running.delete(message);
      wake();
    }
  };
  const lost = (message: Message): void => {
    running.get(message)?.abort(
      new DOMException("Another consumer has taken the message over", "AbortError"),
    );
    reader.release(message);
  };
  const freed = (): Promise<void> => new Promise((resolve) => wake = resolve);

  const stopHeartbeat = startHeartbeat(reader, target.options.clock, resolved.heartbeat, lost);
  try {
    while (!reader.stopped && fatal === undefined) {
      const free = resolved.concurrency - running.size;
      if (free <= 0) {
        await freed();
        continue;
      }
      let messages: Message[];
      try {
        messages = await reader.fetch(
          Math.min(free, resolved.count),
          running.size > 0 ? BUSY_BLOCK : undefined,
        );
      } catch (error) {
        if (reader.stopped) break;
        await reader.recover(error);
        continue;
      }
      for (const message of messages) {
        // COUNT holds for each stream, so several streams may give more than there is room for.
        while (running.size >= resolved.concurrency) await freed();
        if (reader.stopped || fatal !== undefined) break;
        void run(message);
      }
    }
  } finally {
    while (running.size > 0) await freed();
    stopHeartbeat();
  }
  if (fatal !== undefined) throw fatal.error;
}
