/**
 * All that is subscribed to in one home, on whatever lanes.
 *
 * @module
 */
import type { ReconnectingConnection } from "../connections/reconnecting_connection.ts";
import type { SubscriptionHome, SubscriptionKind } from "./subscription_router.ts";
import { SubscriptionManager } from "./subscription_manager.ts";
import type { ChannelSubscription, Sink } from "./channel_subscription.ts";

/** How many of what there are. */
export interface SubscriptionCounts {
  /** Channels. */
  readonly channels: number;
  /** Patterns. */
  readonly patterns: number;
  /** Shard channels. */
  readonly shards: number;
}

const registries: WeakMap<SubscriptionHome, SubscriptionRegistry> = new WeakMap();

/** Finds the lane of each channel, also when it changes. */
export class SubscriptionRegistry {
  /** The home. */
  readonly home: SubscriptionHome;
  readonly #managers: Map<ReconnectingConnection, SubscriptionManager> = new Map();

  /** Users call `SubscriptionRegistry.of`: one home has one registry. */
  private constructor(home: SubscriptionHome) {
    this.home = home;
    home.onMoved?.(() => this.#move());
  }

  /** The registry of a home. */
  static of(home: SubscriptionHome): SubscriptionRegistry {
    let registry = registries.get(home);
    if (registry === undefined) registries.set(home, registry = new SubscriptionRegistry(home));
    return registry;
  }

  /** Subscribes a sink to a channel; it is told when that is confirmed, at once where it is already. */
  add(kind: SubscriptionKind, name: string | Uint8Array, sink: Sink): ChannelSubscription {
    const manager = this.#on(this.home.lane(kind, name));
    const topic = manager.topic(kind, name);
    topic.add(sink);
    if (topic.state === "on") sink.confirmed(topic, undefined);
    else manager.note(topic);
    return topic;
  }

  /** Takes a sink off a channel; resolves when the server knows, if it was the last. */
  async remove(topic: ChannelSubscription, sink: Sink): Promise<void> {
    topic.remove(sink);
    if (topic.sinks.length > 0) return;
    const ended = topic.ended();
    for (const manager of this.#managers.values()) {
      if (manager.find(topic.kind, topic.key) === topic) {
        manager.note(topic);
        return await ended;
      }
    }
  }

  /** Why there is no connection for a topic, as far as that is known. */
  trouble(topic: ChannelSubscription): Error | undefined {
    for (const manager of this.#managers.values()) {
      if (manager.find(topic.kind, topic.key) === topic) return manager.trouble();
    }
    return undefined;
  }

  /** How many topics there are. */
  counts(): SubscriptionCounts {
    let channels = 0, patterns = 0, shards = 0;
    for (const manager of this.#managers.values()) {
      channels += manager.count("channel");
      patterns += manager.count("pattern");
      shards += manager.count("shard");
    }
    return { channels, patterns, shards };
  }

  #on(lane: ReconnectingConnection): SubscriptionManager {
    let manager = this.#managers.get(lane);
    if (manager === undefined) this.#managers.set(lane, manager = new SubscriptionManager(this.home, lane));
    return manager;
  }

  /** Channels may belong on other lanes: those that do go over there. */
  #move(): void {
    for (const from of [...this.#managers.values()]) {
      for (const topic of [...from.topics()]) {
        const lane = this.home.lane(topic.kind, topic.name);
        if (lane !== from.lane) from.handOver(topic, this.#on(lane));
      }
      // Not while it has something to take back: another one on the same lane would not know of it.
      if (from.idle) this.#managers.delete(from.lane);
    }
  }
}
