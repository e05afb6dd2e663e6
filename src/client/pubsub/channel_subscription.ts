/**
 * A channel or pattern that somebody wants, and who does.
 *
 * @module
 */
import { inMode, looseText } from "../../resp/strings.ts";
import { DecodeMode, type Reply } from "../../resp/types.ts";
import type { Gap } from "./gap.ts";
import type { SubscriptionKind } from "./subscription_router.ts";

/** Who is told what comes over a channel. None of these may throw. */
export interface Sink {
  /** A message; `channel` is where it was published, also for a pattern. Both are ASCII text, or nobody else's bytes. */
  message(topic: ChannelSubscription, message: string | Uint8Array, channel: string | Uint8Array): void;
  /** The server does not serve the subscription any more, for now. */
  interrupted(topic: ChannelSubscription): void;
  /** The server has confirmed the subscription; after an interruption with the gap. */
  confirmed(topic: ChannelSubscription, gap: Gap | undefined): void;
  /** The server refuses the subscription, or there is no way to it: it has ended. */
  refused(topic: ChannelSubscription, error: Error): void;
  /** The client or its pool was closed: it has ended. */
  closed(topic: ChannelSubscription): void;
}

/** How far a subscription is on the connection that there is. */
export type ChannelState = "off" | "asked" | "on";

const encoder = new TextEncoder();

/** Bytes as a key: each a character, so that different bytes are different keys. */
export function keyOfBytes(bytes: Uint8Array): string {
  const { length } = bytes;
  let key = "";
  for (let at = 0; at < length; at++) key += String.fromCharCode(bytes[at]!);
  return key;
}

/** The key of a channel as the server names it. */
export function keyOfReply(name: Reply | undefined): string {
  return typeof name === "string" ? name : name instanceof Uint8Array ? keyOfBytes(name) : "";
}

/** The key of a channel as a user names it. */
export function keyOf(name: string | Uint8Array): string {
  if (typeof name !== "string") return keyOfBytes(name);
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(name) ? name : keyOfBytes(encoder.encode(name));
}

/** A channel, a pattern or a shard channel that is wanted, or was a moment ago. */
export class ChannelSubscription {
  /** What it is. */
  readonly kind: SubscriptionKind;
  /** Its key among those of its kind. */
  readonly key: string;
  /** Its name. */
  readonly name: string | Uint8Array;
  /** Its name as bytes. */
  readonly bytes: Uint8Array;
  /** Its name as text. */
  readonly text: string;
  /** Who wants it; replaced, never changed, so that one may leave while others are told. */
  sinks: readonly Sink[] = [];
  /** How far it is. */
  state: ChannelState = "off";
  /** What has been missed, while it is not on. */
  gap: Gap | undefined = undefined;
  /** How often SUBSCRIBE was sent for it. */
  #asked = 0;
  /** Called when the server has taken it off. */
  #ended: (() => void)[] = [];

  /** Nobody wants it yet. */
  constructor(kind: SubscriptionKind, key: string, name: string | Uint8Array) {
    this.kind = kind;
    this.key = key;
    this.name = name;
    this.bytes = typeof name === "string" ? encoder.encode(name) : name.slice();
    this.text = typeof name === "string" ? name : looseText(name, 0);
  }

  /** Somebody wants it. */
  add(sink: Sink): void {
    if (!this.sinks.includes(sink)) this.sinks = [...this.sinks, sink];
  }

  /** Somebody does not want it any more. */
  remove(sink: Sink): void {
    this.sinks = this.sinks.filter((other) => other !== sink);
  }

  /** Resolves when nothing is left of it at the server. */
  ended(): Promise<void> {
    return new Promise((resolve) => this.#ended.push(resolve));
  }

  /** Nothing is left of it, or it is wanted again. */
  finish(): void {
    if (this.#ended.length > 0) { for (const resolve of this.#ended.splice(0)) resolve(); }
  }

  /** SUBSCRIBE is sent. */
  ask(): void {
    this.state = "asked";
    this.#asked++;
  }

  /** How many requests have been answered, or lost, so far: what is sent later makes `askedSince` true. */
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

/** Where a message was published, as a client of this mode sees it. */
export function nameOf(
  topic: ChannelSubscription,
  channel: string | Uint8Array,
  mode: number,
): string | Uint8Array {
  // Of a pattern it differs from message to message; else it is known.
  if (topic.kind === "pattern" || (mode & DecodeMode.bytes) !== 0) return inMode(channel, mode);
  return topic.text;
}
