/**
 * A live chat: rooms over pub/sub, with the recent messages in a list.
 *
 * Pub/sub has no history: a visitor that is disconnected misses messages. So each room also keeps its last messages,
 * and a visitor reads those first, and again after a gap.
 *
 * @module
 */
import type { Redis } from "../mod.ts";

/** The number of messages that a room keeps. */
const KEPT = 100;

/** A message. */
export interface Line {
  /** Counts up within a room. */
  readonly number: number;
  /** The author. */
  readonly name: string;
  /** The text. */
  readonly text: string;
}

/** Sends a message to a room. */
export async function say(redis: Redis, room: string, name: string, text: string): Promise<void> {
  const number = await redis.incr(`chat:{${room}}:number`);
  const line = JSON.stringify({ number, name, text } satisfies Line);
  const list = `chat:{${room}}:lines`;
  await redis.multi().rpush(list, line).ltrim(list, -KEPT, -1).publish(`chat:{${room}}`, line).exec();
}

/** Yields all messages of a room once, kept ones first. Ends when the caller leaves the loop. */
export async function* follow(redis: Redis, room: string): AsyncGenerator<Line, void, undefined> {
  let seen = 0;
  async function* remembered(): AsyncGenerator<Line, void, undefined> {
    for (const text of await redis.lrange(`chat:{${room}}:lines`, 0, -1)) yield JSON.parse(text) as Line;
  }
  // Subscribes before it reads, so no message is lost in between. Message numbers identify duplicates.
  const items = redis.subscription(`chat:{${room}}`);
  const first = items.next();
  try {
    for await (const line of remembered()) if (line.number > seen) yield (seen = line.number, line);
    for (let item = await first; !item.done; item = await items.next()) {
      if (item.value.kind === "gap") {
        for await (const line of remembered()) if (line.number > seen) yield (seen = line.number, line);
        continue;
      }
      const line = JSON.parse(item.value.message) as Line;
      if (line.number > seen) yield (seen = line.number, line);
    }
  } finally {
    await items.return?.();
  }
}
