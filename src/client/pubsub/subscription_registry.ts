/**
 * All subscriptions of a router, on all its connections.
 *
 * @module
 */
import type { ReconnectingConnection } from "../connections/reconnecting_connection.ts";
import type { SubscriptionKind, SubscriptionRouter } from "./subscription_router.ts";
import { SubscriptionManager } from "./subscription_manager.ts";
import { keyOf } from "./channel_key.ts";
import type { ChannelSubscription, Sink } from "./channel_subscription.ts";

/** The numbers of subscriptions. */
export interface SubscriptionCounts {
  /** Channels. */
  readonly channels: number;
  /** Patterns. */
  readonly patterns: number;
  /** Shard channels. */
  readonly shards: number;
}

const registries: WeakMap<SubscriptionRouter, SubscriptionRegistry> = new WeakMap();

/** Finds the connection of each channel, also when it changes. */
export class SubscriptionRegistry {
  /** The home. */
  readonly router: SubscriptionRouter;
  readonly #managers: Map<ReconnectingConnection, SubscriptionManager> = new Map();

  /** Users call `SubscriptionRegistry.of`: one home has one registry. */
  private constructor(router: SubscriptionRouter) {
    this.router = router;
    router.onMoved?.(() => this.#move());
  }

  /** The registry of a home. */
  static of(router: SubscriptionRouter): SubscriptionRegistry {
    let registry = registries.get(router);
    if (registry === undefined) registries.set(router, registry = new SubscriptionRegistry(router));
    return registry;
  }

  /** Subscribes a sink to a channel. The sink is called when the subscription is confirmed. */
  add(kind: SubscriptionKind, name: string | Uint8Array, sink: Sink): ChannelSubscription {
    const manager = this.#on(this.router.connectionFor(kind, name));
    // Where the channel is about to move, its subscribers come along: a channel has one subscription.
    for (const other of this.#managers.values()) {
      const left = other === manager ? undefined : other.find(kind, keyOf(name));
      if (left !== undefined) other.handOver(left, manager);
    }
    const subscription = manager.subscription(kind, name);
    subscription.add(sink);
    if (subscription.state === "on") sink.confirmed(subscription, undefined);
    else manager.note(subscription);
    return subscription;
  }

  /** Takes a sink off a channel; resolves when the server knows, if it was the last. */
  async remove(subscription: ChannelSubscription, sink: Sink): Promise<void> {
    subscription.remove(sink);
    if (subscription.sinks.length > 0) return;
    const ended = subscription.ended();
    for (const manager of this.#managers.values()) {
      if (manager.find(subscription.kind, subscription.key) === subscription) {
        manager.note(subscription);
        return await ended;
      }
    }
  }

  /** Returns the reason why a channel has no connection, if known. */
  trouble(subscription: ChannelSubscription): Error | undefined {
    for (const manager of this.#managers.values()) {
      if (manager.find(subscription.kind, subscription.key) === subscription) return manager.trouble();
    }
    return undefined;
  }

  /** Returns the numbers of subscriptions. */
  counts(): SubscriptionCounts {
    let channels = 0, patterns = 0, shards = 0;
    for (const manager of this.#managers.values()) {
      channels += manager.count("channel");
      patterns += manager.count("pattern");
      shards += manager.count("shard");
    }
    return { channels, patterns, shards };
  }

  #on(reconnecting: ReconnectingConnection): SubscriptionManager {
    let manager = this.#managers.get(reconnecting);
    if (manager === undefined) {
      this.#managers.set(reconnecting, manager = new SubscriptionManager(this.router, reconnecting));
    }
    return manager;
  }

  /** Moves channels that belong on another connection. */
  #move(): void {
    for (const from of [...this.#managers.values()]) {
      for (const subscription of [...from.subscriptions]) {
        const reconnecting = this.router.connectionFor(subscription.kind, subscription.name);
        if (reconnecting !== from.reconnecting) from.handOver(subscription, this.#on(reconnecting));
      }
      // Not while it has something to take back: another one on the same connection would not know of it.
      if (from.idle) this.#managers.delete(from.reconnecting);
    }
  }
}
