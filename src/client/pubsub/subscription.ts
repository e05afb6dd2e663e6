/**
 * A subscription to iterate over.
 *
 * @module
 */
import { RedisError } from "../../errors.ts";
import type { Timer } from "../../clock.ts";
import { inMode } from "../../resp/strings.ts";
import { DecodeMode } from "../../resp/types.ts";
import type { Prefix } from "../commands/prefix.ts";
import type { Call } from "../executor.ts";
import { unconfirmedError } from "../commands/unsupported_commands.ts";
import { MessageBuffer } from "./buffer.ts";
import type { Gap } from "./gap.ts";
import type { SubscriptionKind } from "./subscription_router.ts";
import { AsyncQueue } from "./async_queue.ts";
import { SubscriptionManager } from "./subscription_manager.ts";
import type { SubscriptionRegistry } from "./subscription_registry.ts";
import { SubscribeProgress } from "./subscribe_progress.ts";
import { checkSubscription, type SubscriptionOptions } from "./subscription_options.ts";
import { type ChannelSubscription, nameOf, type Sink } from "./channel_subscription.ts";

export type { SubscriptionOptions };

/** A message. */
export interface Message<T = string> {
  /** Distinguishes a message from a gap. */
  readonly kind: "message";
  /** The channel that the message was published to. */
  readonly channel: T;
  /** The message. */
  readonly message: T;
  /** The pattern that the channel matched, where that is how it was subscribed to. */
  readonly pattern?: T;
}

/** The statistics of an iterator. */
export interface SubscriptionStats {
  /** The number of received messages. */
  readonly received: number;
  /** Messages that have been read. */
  readonly delivered: number;
  /** Messages that were dropped as the buffer was full. */
  readonly dropped: number;
  /** Messages and gaps that wait to be read. */
  readonly buffered: number;
  /** The number of gaps returned. */
  readonly gaps: number;
  /** The number of times that reading from the socket was paused (policy `"pause"`). */
  readonly pauses: number;
}

/** The items of an iterator. */
export type SubscriptionItem<T = string> = Message<T> | Gap;

/**
 * An iterator over messages and gaps. It starts when it is created. It ends with the loop, with `close()`, with its
 * signal or with the client.
 *
 * @typeParam T text, or bytes on a view of bytes
 *
 * @example
 * ```ts ignore
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis();
 * for await (const item of redis.subscription("news", "sport")) {
 *   if (item.kind === "gap") continue; // messages since item.since may be missing: read the state anew
 *   console.log(item.channel, item.message);
 * }
 * ```
 */
export class Subscription<T = string> implements AsyncIterableIterator<SubscriptionItem<T>> {
  /** Resolves when the server has confirmed all channels; rejects when that fails, or it is closed first. */
  readonly ready: Promise<void>;
  readonly #registry: SubscriptionRegistry;
  readonly #private: SubscriptionManager | undefined;
  readonly #mode: number;
  readonly #prefix: Prefix | undefined;
  readonly #limit: number;
  readonly #buffer: MessageBuffer<Message<T>>;
  readonly #subscriptions: Set<ChannelSubscription> = new Set();
  readonly #waiting: Set<ChannelSubscription> = new Set();
  readonly #queue: AsyncQueue<Message<T>>;
  readonly #left: () => void;
  readonly #sink: Sink = {
    message: (subscription, message, channel) => this.#message(subscription, message, channel),
    interrupted: (subscription) => this.#interrupted(subscription),
    confirmed: (subscription, gap) => this.#confirmed(subscription, gap),
    refused: (subscription, error) => this.#refused(subscription, error),
    closed: (subscription) => this.#closed(subscription),
  };
  readonly #progress: SubscribeProgress;
  #became!: () => void;
  #failed!: (error: unknown) => void;
  #unlisten: () => void = () => {};
  #timer: Timer = undefined;
  #lastGap: Gap | undefined = undefined;
  #paused = false;
  #ended: Promise<void> | undefined = undefined;
  #received = 0;
  #pauses = 0;

  /** Users call `redis.subscription()`. */
  constructor(
    registry: SubscriptionRegistry,
    channels: readonly (string | Uint8Array)[],
    options: SubscriptionOptions,
    call: Call,
    left: () => void,
    prefix?: Prefix,
  ) {
    const checked = checkSubscription(registry.router, channels, options, call.signal, prefix);
    const { names, patterns, kind, limit, policy, signal } = checked;
    this.#registry = registry;
    this.#mode = call.mode;
    this.#prefix = prefix;
    this.#limit = limit;
    this.#left = left;
    this.#buffer = new MessageBuffer(limit, policy, registry.router.options.clock);
    this.#queue = new AsyncQueue(
      this.#buffer,
      // A gap is returned when all channels are confirmed, so that state that is read then is complete.
      () => this.#waiting.size > 0 && this.#buffer.peek()?.kind === "gap",
      () => this.#taken(),
    );
    this.ready = new Promise((resolve, reject) => {
      this.#became = resolve;
      this.#failed = reject;
    });
    this.ready.catch(() => {});
    const { router } = registry;
    this.#private = policy === "pause"
      ? new SubscriptionManager(
        router,
        router.dedicatedConnectionFor(names.length > 0 ? kind : "pattern", (names[0] ?? patterns[0])!),
      )
      : undefined;
    this.#progress = new SubscribeProgress(this.#private ?? registry, router);
    for (const name of names) this.#add(kind, name);
    for (const pattern of patterns) this.#add("pattern", pattern);
    // Not before all are known: the first may be confirmed already, and the next one not.
    if (this.#waiting.size === 0) this.#became();
    if (signal !== undefined) {
      const abort = (): void => void this.#end({ error: signal.reason });
      signal.addEventListener("abort", abort, { once: true });
      this.#unlisten = () => signal.removeEventListener("abort", abort);
    }
    if (this.#waiting.size > 0 && call.timeout > 0) this.#limitTo(call.timeout);
  }

  /** Returns the statistics. */
  stats(): SubscriptionStats {
    return {
      received: this.#received,
      delivered: this.#queue.delivered,
      dropped: this.#buffer.dropped,
      buffered: this.#buffer.length,
      gaps: this.#queue.gaps,
      pauses: this.#pauses,
    };
  }

  /** Returns the next message or gap. */
  next(): Promise<IteratorResult<SubscriptionItem<T>, undefined>> {
    return this.#queue.next();
  }

  /** Ends the subscription. Unread messages are dropped. */
  async return(): Promise<IteratorResult<SubscriptionItem<T>, undefined>> {
    await this.close();
    return { value: undefined, done: true };
  }

  /** Ends the subscription; resolves when the server knows. Never rejects. */
  close(): Promise<void> {
    this.#queue.clear();
    return this.#end(undefined);
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Iterates over itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #message(
    subscription: ChannelSubscription,
    message: string | Uint8Array,
    channel: string | Uint8Array,
  ): void {
    this.#received++;
    if (!this.#queue.offer(this.#item(subscription, message, channel))) {
      const text =
        `Cannot keep up with the messages: ${this.#limit} wait already; read faster, raise \`buffer\`, ` +
        "or choose another `policy`";
      void this.#end({ error: new RedisError(text, { code: "BUFFER_FULL", executed: "yes" }) });
    } else this.#pauseIfFull();
  }

  /** Not while a channel is unconfirmed: its confirmation comes behind the messages, and readers wait for it. */
  #pauseIfFull(): void {
    if (!this.#private || this.#paused || this.#waiting.size > 0 || this.#buffer.length < this.#limit) return;
    this.#paused = true;
    this.#pauses++;
    this.#private.reconnecting.connection?.link?.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.#private?.reconnecting.connection?.link?.resume();
  }

  #interrupted(subscription: ChannelSubscription): void {
    this.#waiting.add(subscription);
    this.#lastGap = undefined;
    this.#resume();
  }

  #confirmed(subscription: ChannelSubscription, gap: Gap | undefined): void {
    // All channels of a connection have the same gap, which is returned once.
    if (gap !== undefined && gap !== this.#lastGap) {
      this.#lastGap = gap;
      this.#buffer.addGap(gap);
    }
    if (!this.#waiting.delete(subscription) || this.#waiting.size > 0) return;
    this.#registry.router.options.clock.clearTimeout(this.#timer);
    this.#became();
    this.#queue.serve();
    this.#pauseIfFull();
  }

  #refused(subscription: ChannelSubscription, error: Error): void {
    this.#subscriptions.delete(subscription);
    void this.#end({ error });
  }

  #closed(subscription: ChannelSubscription): void {
    this.#subscriptions.delete(subscription);
    void this.#end(undefined);
  }

  #add(kind: SubscriptionKind, name: string | Uint8Array): void {
    // The registry may confirm at once.
    const before = this.#private?.subscription(kind, name);
    if (before !== undefined) {
      before.add(this.#sink);
      this.#private!.note(before);
    }
    const subscription = before ?? this.#registry.add(kind, name, this.#sink);
    this.#subscriptions.add(subscription);
    this.#progress.add(subscription);
    if (subscription.state !== "on") this.#waiting.add(subscription);
  }

  #limitTo(timeout: number): void {
    const { clock } = this.#registry.router.options;
    this.#timer = clock.setTimeout(() => {
      void this.#end({ error: this.#progress.timeoutError("SUBSCRIBE", timeout) });
    }, timeout);
  }

  #item(
    subscription: ChannelSubscription,
    message: string | Uint8Array,
    channel: string | Uint8Array,
  ): Message<T> {
    const mode = this.#mode;
    const prefix = this.#prefix;
    const name = nameOf(subscription, channel, mode) as T;
    const item = {
      kind: "message",
      channel: prefix ? prefix.strip(name) : name,
      message: inMode(message, mode) as T,
    } as const;
    if (subscription.kind !== "pattern") return item;
    const pattern = ((mode & DecodeMode.bytes) !== 0 ? subscription.bytes : subscription.text) as T;
    return { ...item, pattern: prefix ? prefix.stripPattern(pattern) : pattern };
  }

  #taken(): void {
    if (this.#paused && this.#buffer.length <= this.#limit / 2) this.#resume();
  }

  #end(failure: { readonly error: unknown } | undefined): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    const subscriptions = [...this.#subscriptions];
    this.#subscriptions.clear();
    // First, so that later steps find it ended.
    let ended!: (end: Promise<unknown>) => void;
    this.#ended = new Promise<unknown>((resolve) => ended = resolve).then(() => {});
    this.#registry.router.options.clock.clearTimeout(this.#timer);
    this.#unlisten();
    this.#left();
    if (failure !== undefined) this.#failed(failure.error);
    else if (this.#waiting.size > 0) {
      this.#failed(unconfirmedError("SUBSCRIBE", "subscription", this.#progress.sent));
    } else this.#became();
    this.#queue.end(failure);
    this.#resume();
    const gone = subscriptions.map((subscription) => {
      if (this.#private === undefined) return this.#registry.remove(subscription, this.#sink);
      subscription.remove(this.#sink);
      this.#private.note(subscription);
      return subscription.ended();
    });
    ended(Promise.all(gone));
    return this.#ended;
  }
}
