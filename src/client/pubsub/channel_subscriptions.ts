/**
 * The subscriptions of one connection by kind and channel.
 *
 * @module
 */
import { keyOf } from "./channel_key.ts";
import { ChannelSubscription } from "./channel_subscription.ts";
import type { SubscriptionKind } from "./subscription_router.ts";

/** A table of subscriptions. */
export class ChannelSubscriptions {
  readonly #byKind: Readonly<Record<SubscriptionKind, Map<string, ChannelSubscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  /** The number of subscriptions. */
  get size(): number {
    const { channel, pattern, shard } = this.#byKind;
    return channel.size + pattern.size + shard.size;
  }

  /** Returns the number of subscriptions of a kind. */
  count(kind: SubscriptionKind): number {
    return this.#byKind[kind].size;
  }

  /** Returns the subscription with this key, if there is one. */
  find(kind: SubscriptionKind, key: string): ChannelSubscription | undefined {
    return this.#byKind[kind].get(key);
  }

  /** Returns the subscription of a channel, and creates it if there is none. */
  open(kind: SubscriptionKind, name: string | Uint8Array): ChannelSubscription {
    const key = keyOf(name);
    const known = this.#byKind[kind].get(key);
    if (known !== undefined) return known;
    const made = new ChannelSubscription(kind, key, name);
    this.#byKind[kind].set(key, made);
    return made;
  }

  /** Adds a subscription of another connection. */
  add(subscription: ChannelSubscription): void {
    this.#byKind[subscription.kind].set(subscription.key, subscription);
  }

  /** Removes a subscription. */
  delete({ kind, key }: ChannelSubscription): void {
    this.#byKind[kind].delete(key);
  }

  /** Whether this is the subscription of its channel: it may have been removed and created again. */
  has(subscription: ChannelSubscription): boolean {
    return this.#byKind[subscription.kind].get(subscription.key) === subscription;
  }

  /** Iterates over all subscriptions. */
  *[Symbol.iterator](): Iterator<ChannelSubscription> {
    for (const subscriptions of Object.values(this.#byKind)) yield* subscriptions.values();
  }
}
