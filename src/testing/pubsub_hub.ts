/**
 * Subscribers and their messages.
 *
 * @module
 */
import { matches } from "./glob.ts";
import { Push, type ReplyValue } from "./reply.ts";

/** A subscriber: a session. */
export interface Subscriber {
  /** Sends a message. */
  send(value: ReplyValue): void;
}

/** Channels, patterns and shard channels. */
export class PubSubHub {
  /** The subscribers of each channel. */
  readonly channels: Map<string, Set<Subscriber>> = new Map();
  /** The subscribers of each pattern. */
  readonly patterns: Map<string, Set<Subscriber>> = new Map();
  /** The subscribers of each shard channel. */
  readonly shards: Map<string, Set<Subscriber>> = new Map();

  /** Adds someone to one of the maps. */
  add(map: Map<string, Set<Subscriber>>, name: string, subscriber: Subscriber): void {
    const set = map.get(name);
    if (set === undefined) map.set(name, new Set([subscriber]));
    else set.add(subscriber);
  }

  /** Takes someone out. */
  remove(map: Map<string, Set<Subscriber>>, name: string, subscriber: Subscriber): void {
    const set = map.get(name);
    set?.delete(subscriber);
    if (set?.size === 0) map.delete(name);
  }

  /** Sends a message to all who listen; returns how many got it. */
  publish(channel: string, message: string): number {
    let count = 0;
    for (const subscriber of this.channels.get(channel) ?? []) {
      subscriber.send(new Push(["message", channel, message]));
      count++;
    }
    for (const [pattern, subscribers] of this.patterns) {
      if (!matches(pattern, channel)) continue;
      for (const subscriber of subscribers) {
        subscriber.send(new Push(["pmessage", pattern, channel, message]));
        count++;
      }
    }
    return count;
  }

  /** The same on a shard channel. */
  publishToShard(channel: string, message: string): number {
    const subscribers = this.shards.get(channel) ?? new Set();
    for (const subscriber of subscribers) subscriber.send(new Push(["smessage", channel, message]));
    return subscribers.size;
  }
}
