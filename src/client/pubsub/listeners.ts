/**
 * Functions that are called with messages.
 *
 * @module
 */
import { type ConnectionEvents, emit, type TypedEventTarget } from "../../events.ts";
import { inMode } from "../../resp/strings.ts";
import { unconfirmedError } from "../commands/unsupported_commands.ts";
import type { Prefix } from "../commands/prefix.ts";
import type { Gap } from "./gap.ts";
import type { SubscriptionKind } from "./subscription_router.ts";
import { type ChannelSubscription, nameOf, type Sink } from "./channel_subscription.ts";

/**
 * Called with each message and the channel that it was published to.
 *
 * @typeParam T text, or bytes on a view of bytes
 */
export type MessageListener<T = string> = (message: T, channel: T) => unknown;

/** A listener that is called for gaps, too. */
export interface MessageHandler<T = string> {
  /** Called for a message. */
  message(message: T, channel: T): unknown;
  /** Messages may have been missed; the subscription stands again. */
  gap?(gap: Gap): unknown;
}

/** A function, or an object with `message` and perhaps `gap`. */
export type Listener<T = string> = MessageListener<T> | MessageHandler<T>;

/** The commands that subscribe, by kind. */
export const COMMANDS: Readonly<Record<SubscriptionKind, string>> = {
  channel: "SUBSCRIBE",
  pattern: "PSUBSCRIBE",
  shard: "SSUBSCRIBE",
};

/** Calls a listener, which may throw as it likes. */
export class ListenerSink implements Sink {
  /** The given listener. */
  readonly listener: Listener<never>;
  /** Settles when the server has confirmed the subscription, or has refused it. */
  readonly confirmation: Promise<void>;
  readonly #call: (message: unknown, channel: unknown) => unknown;
  readonly #mode: number;
  readonly #events: TypedEventTarget<ConnectionEvents>;
  readonly #ended: (subscription: ChannelSubscription) => void;
  readonly #prefix: Prefix | undefined;
  #resolve!: () => void;
  #reject!: (error: Error) => void;
  #established = false;

  /**
   * `mode` selects bytes or text. `ended` is called when the listener is unsubscribed. `prefix` is removed from the names
   * of channels.
   */
  constructor(
    listener: Listener<never>,
    mode: number,
    events: TypedEventTarget<ConnectionEvents>,
    ended: (subscription: ChannelSubscription) => void,
    prefix: Prefix | undefined,
  ) {
    this.listener = listener;
    this.#mode = mode;
    this.#events = events;
    this.#ended = ended;
    this.#prefix = prefix;
    const call = typeof listener === "function" ? listener : listener.message.bind(listener);
    this.#call = call as (message: unknown, channel: unknown) => unknown;
    this.confirmation = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The server may refuse it when no call waits for it any more.
    this.confirmation.catch(() => {});
  }

  /** @inheritdoc */
  message(
    subscription: ChannelSubscription,
    message: string | Uint8Array,
    channel: string | Uint8Array,
  ): void {
    const mode = this.#mode;
    try {
      const name = nameOf(subscription, channel, mode);
      const result = this.#call(inMode(message, mode), this.#prefix?.strip(name) ?? name);
      if (result instanceof Promise) result.then(undefined, (error) => this.#failed("message", error));
    } catch (error) {
      this.#failed("message", error);
    }
  }

  /** @inheritdoc */
  interrupted(): void {}

  /** @inheritdoc */
  confirmed(_subscription: ChannelSubscription, gap: Gap | undefined): void {
    this.#established = true;
    this.#resolve();
    const { listener } = this;
    if (gap === undefined || typeof listener === "function" || listener.gap === undefined) return;
    try {
      const result = listener.gap(gap);
      if (result instanceof Promise) result.then(undefined, (error) => this.#failed("gap", error));
    } catch (error) {
      this.#failed("gap", error);
    }
  }

  /** @inheritdoc */
  refused(subscription: ChannelSubscription, error: Error): void {
    this.#ended(subscription);
    this.#reject(error);
    if (this.#established) emit(this.#events, "refused", { channel: subscription.text, error });
  }

  /** Called when the channel is unsubscribed. Rejects calls that still wait for the confirmation. */
  left(subscription: ChannelSubscription): void {
    this.#ended(subscription);
    this.#resolve();
  }

  /** @inheritdoc */
  closed(subscription: ChannelSubscription): void {
    this.#ended(subscription);
    // Without a listener, the waiting call must not resolve.
    if (this.#established) return;
    this.#reject(unconfirmedError(COMMANDS[subscription.kind], "client", subscription.askedSince(0)));
  }

  #failed(event: string, error: unknown): void {
    const told = emit(this.#events, "listenererror", { event, error });
    if (!told) console.error(`A listener of the event "${event}" failed:`, error);
  }
}
