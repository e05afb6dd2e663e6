/**
 * All that is subscribed to in one home, on whatever lanes.
 *
 * @module
 */
import type { ReconnectingConnection } from "../reconnecting_connection.ts";
import type { SubscriptionHome, SubscriptionKind } from "./home.ts";
import { Reconciler } from "./reconciler.ts";
import type { Sink, Topic } from "./topic.ts";

/** How many of what there are. */
export interface TopicCounts {
  /** Channels. */
  readonly channels: number;
  /** Patterns. */
  readonly patterns: number;
  /** Shard channels. */
  readonly shards: number;
}

const registries: WeakMap<SubscriptionHome, Registry> = new WeakMap();

/** Finds the lane of each channel, also when it changes. */
export class Registry {
  /** The home. */
  readonly home: SubscriptionHome;
  readonly #reconcilers: Map<ReconnectingConnection, Reconciler> = new Map();

  /** Users call `Registry.of`: one home has one registry. */
  private constructor(home: SubscriptionHome) {
    this.home = home;
    home.onMoved?.(() => this.#move());
  }

  /** The registry of a home. */
  static of(home: SubscriptionHome): Registry {
    let registry = registries.get(home);
    if (registry === undefined) registries.set(home, registry = new Registry(home));
    return registry;
  }

  /** Subscribes a sink to a channel; it is told when that is confirmed, at once where it is already. */
  add(kind: SubscriptionKind, name: string | Uint8Array, sink: Sink): Topic {
    const reconciler = this.#on(this.home.lane(kind, name));
    const topic = reconciler.topic(kind, name);
    topic.add(sink);
    if (topic.state === "on") sink.confirmed(topic, undefined);
    else reconciler.note(topic);
    return topic;
  }

  /** Takes a sink off a channel; resolves when the server knows, if it was the last. */
  async remove(topic: Topic, sink: Sink): Promise<void> {
    topic.remove(sink);
    if (topic.sinks.length > 0) return;
    const ended = topic.ended();
    for (const reconciler of this.#reconcilers.values()) {
      if (reconciler.find(topic.kind, topic.key) === topic) {
        reconciler.note(topic);
        return await ended;
      }
    }
  }

  /** How many topics there are. */
  counts(): TopicCounts {
    let channels = 0, patterns = 0, shards = 0;
    for (const reconciler of this.#reconcilers.values()) {
      channels += reconciler.count("channel");
      patterns += reconciler.count("pattern");
      shards += reconciler.count("shard");
    }
    return { channels, patterns, shards };
  }

  #on(lane: ReconnectingConnection): Reconciler {
    let reconciler = this.#reconcilers.get(lane);
    if (reconciler === undefined) this.#reconcilers.set(lane, reconciler = new Reconciler(this.home, lane));
    return reconciler;
  }

  /** Channels may belong on other lanes: those that do go over there. */
  #move(): void {
    for (const from of [...this.#reconcilers.values()]) {
      for (const topic of [...from.topics()]) {
        const lane = this.home.lane(topic.kind, topic.name);
        if (lane !== from.lane) from.handOver(topic, this.#on(lane));
      }
      // Not while it has something to take back: another one on the same lane would not know of it.
      if (from.idle) this.#reconcilers.delete(from.lane);
    }
  }
}
