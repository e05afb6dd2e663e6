/**
 * A channel or pattern, with its subscribers.
 *
 * @module
 */
import { inMode, looseText } from "../../resp/strings.ts";
import { DecodeMode } from "../../resp/types.ts";
import type { Gap } from "./gap.ts";
import type { SubscriptionKind } from "./subscription_router.ts";

/** A subscriber. Its methods must not throw. */
export interface Sink {
  /**
   * Called for a message. `channel` is the channel that it was published to, also for a pattern. Both are ASCII text,
   * or bytes that are not shared.
   */
  message(
    subscription: ChannelSubscription,
    message: string | Uint8Array,
    channel: string | Uint8Array,
  ): void;
  /** The server does not serve the subscription any more, for now. */
  interrupted(subscription: ChannelSubscription): void;
  /** The server has confirmed the subscription; after an interruption with the gap. */
  confirmed(subscription: ChannelSubscription, gap: Gap | undefined): void;
  /** The server refuses the subscription, or there is no way to it: it has ended. */
  refused(subscription: ChannelSubscription, error: Error): void;
  /** The client or its pool was closed: it has ended. */
  closed(subscription: ChannelSubscription): void;
}

/** The progress of a subscription on the present connection. */
export type ChannelState = "off" | "asked" | "on";

const encoder = new TextEncoder();

/** A channel, a pattern or a shard channel that is wanted, or was a moment ago. */
export class ChannelSubscription {
  /** The kind of channel. */
  readonly kind: SubscriptionKind;
  /** The key among channels of this kind. */
  readonly key: string;
  /** Its name. */
  readonly name: string | Uint8Array;
  /** Its name as bytes. */
  readonly bytes: Uint8Array;
  /** Its name as text. */
  readonly text: string;
  /** The subscribers. The array is replaced, never changed, so that one may leave during an iteration. */
  sinks: readonly Sink[] = [];
  /** The progress of the subscription. */
  state: ChannelState = "off";
  /** The gap since the subscription was lost. */
  gap: Gap | undefined = undefined;
  /** The number of SUBSCRIBE commands sent for it. */
  #asked = 0;
  /** Called when the server has taken it off. */
  #ended: (() => void)[] = [];

  /** Creates a channel without subscribers. */
  constructor(kind: SubscriptionKind, key: string, name: string | Uint8Array) {
    this.kind = kind;
    this.key = key;
    this.name = name;
    this.bytes = typeof name === "string" ? encoder.encode(name) : name.slice();
    this.text = typeof name === "string" ? name : looseText(name, 0);
  }

  /** Adds a subscriber. */
  add(sink: Sink): void {
    if (!this.sinks.includes(sink)) this.sinks = [...this.sinks, sink];
  }

  /** Removes a subscriber. */
  remove(sink: Sink): void {
    this.sinks = this.sinks.filter((other) => other !== sink);
  }

  /** Resolves when nothing is left of it at the server. */
  ended(): Promise<void> {
    return new Promise((resolve) => this.#ended.push(resolve));
  }

  /** Called when the channel is unsubscribed, or subscribed again. */
  finish(): void {
    if (this.#ended.length > 0) { for (const resolve of this.#ended.splice(0)) resolve(); }
  }

  /** SUBSCRIBE is sent. */
  ask(): void {
    this.state = "asked";
    this.#asked++;
  }

  /** The number of requests that have been answered or lost. `askedSince` is true for later ones. */
  get mark(): number {
    return this.state === "asked" ? this.#asked - 1 : this.#asked;
  }

  /** Whether the server may have been asked since the mark was taken. */
  askedSince(mark: number): boolean {
    return this.#asked > mark;
  }

  /** The server's subscription has ended without being asked to. */
  interrupt(gap: Gap): void {
    const was = this.state;
    this.state = "off";
    if (was !== "on") return;
    this.gap = gap;
    for (const sink of this.sinks) sink.interrupted(this);
  }

  /** The server has confirmed it. */
  confirm(): void {
    const { gap } = this;
    this.state = "on";
    this.gap = undefined;
    for (const sink of this.sinks) sink.confirmed(this, gap);
  }
}

/** Returns the name of a channel in the mode of a client. */
export function nameOf(
  subscription: ChannelSubscription,
  channel: string | Uint8Array,
  mode: number,
): string | Uint8Array {
  // Of a pattern it differs from message to message; else it is known.
  if (subscription.kind === "pattern" || (mode & DecodeMode.bytes) !== 0) return inMode(channel, mode);
  return subscription.text;
}
