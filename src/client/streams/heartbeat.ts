/**
 * Heartbeats: keep messages that are waiting or being handled from being claimed by other consumers.
 *
 * @module
 */
import type { Clock, Timer } from "../../clock.ts";
import type { GroupReader } from "./group_reader.ts";
import type { StreamMessage } from "./message.ts";

/**
 * Resets the idle time of a reader's active messages every `interval` milliseconds (0: never); returns how to stop.
 *
 * @param lost called with a message that is no longer pending for this consumer
 */
export function startHeartbeat(
  reader: GroupReader,
  clock: Clock,
  interval: number,
  lost: (message: StreamMessage<unknown>) => void,
): () => void {
  let timer: Timer;
  let stopped = interval === 0;
  const beat = async (): Promise<void> => {
    const all = [...reader.active].filter(([, { size }]) => size > 0).map(async ([stream, active]) => {
      const messages = new Map(active);
      const owned = new Set(await reader.group.setIdle(stream, [...messages.keys()], 0));
      for (const [id, message] of messages) {
        // Acknowledged meanwhile, it is not lost.
        if (!owned.has(id) && active.get(id) === message && !message.settled) lost(message);
      }
    });
    // A heartbeat that fails is made up for by the next one.
    await Promise.allSettled(all);
    schedule();
  };
  const schedule = (): void => {
    if (!stopped) timer = clock.setTimeout(beat, interval);
  };
  schedule();
  return () => {
    stopped = true;
    clock.clearTimeout(timer);
  };
}
