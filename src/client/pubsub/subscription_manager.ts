/**
 * Keeps the subscriptions of one connection as its users want them. Several managers can share a connection, which
 * counts their channels.
 *
 * Changes are collected and sent once a tick: after a reconnect all channels in one batch, otherwise the difference.
 *
 * ```text
 *   off --SUBSCRIBE is sent--> asked --frame comes--> on --nobody wants it: UNSUBSCRIBE--> (forgotten)
 *    ^                           |                     |
 *    +------- connection lost, or the channel is elsewhere: a gap begins --------+
 * ```
 *
 * Each state has an exit that needs no further call:
 *
 * | state                               | what ends it                                                              |
 * | ----------------------------------- | ------------------------------------------------------------------------- |
 * | off, without a connection           | `ensureConnected()` was called: `ready` or `failed` (a timer tries again) |
 * | off, with a connection              | the change is noted: SUBSCRIBE is sent in this tick                       |
 * | off, refused for now                | the timer; or the router, which was told, moves the channel               |
 * | asked                               | the frame or the error of the server; silence ends the connection         |
 * | on                                  | `lost`, SUNSUBSCRIBE of the server, or another connection in `ready`      |
 *
 * @module
 */
import { dateOf, runSoon } from "../../clock.ts";
import { delayOf } from "../../backoff.ts";
import type { Timer } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import { hintAtCluster } from "../../connection/failures.ts";
import type { ReplyError } from "../../errors.ts";
import { emit } from "../../events.ts";
import type { Reply } from "../../resp/types.ts";
import type { ReconnectingConnection, ReconnectingListener } from "../connections/reconnecting_connection.ts";
import { type Gap, join } from "./gap.ts";
import type { SubscriptionKind, SubscriptionRouter } from "./subscription_router.ts";
import { ConnectionSubscriptions, type GroupOf, type SubscriptionUser } from "./connection_subscriptions.ts";
import { keyOfReply } from "./channel_key.ts";
import type { ChannelSubscription } from "./channel_subscription.ts";
import { ChannelSubscriptions } from "./channel_subscriptions.ts";

/** The subscriptions on one connection. */
export class SubscriptionManager implements ReconnectingListener, SubscriptionUser {
  /** The connection. */
  readonly reconnecting: ReconnectingConnection;
  readonly #router: SubscriptionRouter;
  readonly #subscriptions: ChannelSubscriptions = new ChannelSubscriptions();
  readonly #changed: Set<ChannelSubscription> = new Set();
  /** Refused for now; noted again when the timer fires. */
  readonly #waiting: Set<ChannelSubscription> = new Set();
  /** The gap that no event has reported yet. */
  #missed: Gap | undefined = undefined;
  /** Channels with an unconfirmed SUBSCRIBE or UNSUBSCRIBE. */
  readonly #unconfirmed: Set<ChannelSubscription> = new Set();
  #connection: Connection | undefined = undefined;
  #scheduled = false;
  #sending = false;
  #listening = false;
  #timer: Timer = undefined;
  #attempt = 0;
  #trouble: Error | undefined = undefined;

  /** Uses a connection of this router. */
  constructor(router: SubscriptionRouter, reconnecting: ReconnectingConnection) {
    this.#router = router;
    this.reconnecting = reconnecting;
  }

  /** The subscription for a channel, made if there is none. */
  subscription(kind: SubscriptionKind, name: string | Uint8Array): ChannelSubscription {
    return this.#subscriptions.open(kind, name);
  }

  /** The subscription with this key, if there is one. */
  find(kind: SubscriptionKind, key: string): ChannelSubscription | undefined {
    return this.#subscriptions.find(kind, key);
  }

  /** Whether there is no subscription. */
  get empty(): boolean {
    return this.#subscriptions.size === 0;
  }

  /** Whether nothing is left to do on the connection. */
  get idle(): boolean {
    return this.empty && !this.#listening && this.#unconfirmed.size === 0;
  }

  /** Returns the reason why there is no connection, if known. */
  trouble(): Error | undefined {
    return this.#trouble;
  }

  /** Moves a channel to the manager of another connection. */
  handOver(subscription: ChannelSubscription, to: SubscriptionManager): void {
    if (subscription.sinks.length === 0) return;
    this.take(subscription);
    const { state } = subscription;
    subscription.interrupt(this.#gap("moved", undefined));
    to.adopt(subscription);
    if (state !== "off") this.#send(false, [subscription]);
    this.#lookSettled();
  }

  /** Takes a subscription over from another connection. */
  adopt(subscription: ChannelSubscription): void {
    this.#subscriptions.add(subscription);
    if (subscription.gap !== undefined) this.#missed = join(this.#missed, subscription.gap);
    this.note(subscription);
  }

  /** All channels, including those that wait for UNSUBSCRIBE. */
  get subscriptions(): Iterable<ChannelSubscription> {
    return this.#subscriptions;
  }

  /** Returns the number of channels of a kind. */
  count(kind: SubscriptionKind): number {
    return this.#subscriptions.count(kind);
  }

  /** The sinks of a subscription have changed. */
  note(subscription: ChannelSubscription): void {
    this.#changed.add(subscription);
    this.#schedule();
  }

  /** Lets go of a subscription that belongs on another connection. */
  take(subscription: ChannelSubscription): void {
    this.#subscriptions.delete(subscription);
    this.#changed.delete(subscription);
    this.#waiting.delete(subscription);
  }

  /** @inheritdoc */
  ready(connection: Connection): void {
    // Subscriptions of another connection do not exist on this one.
    if (this.#connection !== connection) this.lost(undefined);
    this.#synchronize();
  }

  /** @inheritdoc */
  lost(cause: Error | undefined): void {
    const gap = this.#gap("lost", cause);
    this.#trouble = cause;
    const connection = this.#connection;
    this.#connection = undefined;
    for (const subscription of this.#unconfirmed) {
      if (!this.#subscriptions.has(subscription)) subscription.finish();
    }
    this.#unconfirmed.clear();
    // The connection may have gone to another server, and others stay on this connection.
    if (connection !== undefined) ConnectionSubscriptions.of(connection).leave(this, this.#groupOf);
    let wanted = false;
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.sinks.length === 0) this.#forget(subscription);
      else wanted = true;
      if (subscription.state === "on" && subscription.sinks.length > 0) {
        this.#missed = join(this.#missed, gap);
      }
      subscription.interrupt(gap);
    }
    if (wanted) this.reconnecting.ensureConnected();
    // A lost connection ends all subscriptions, so do not reconnect only to unsubscribe.
    else if (this.empty) runSoon(() => this.#rest());
  }

  /** @inheritdoc */
  retrying(cause: Error | undefined): void {
    this.#trouble = cause;
  }

  /** @inheritdoc */
  failed(error: Error): void {
    // A channel that was never confirmed is rejected; others reconnect later.
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.gap === undefined) this.#drop(subscription, error);
    }
    if (this.#subscriptions.size > 0) this.#later();
  }

  /** @inheritdoc */
  closed(): void {
    this.#router.options.clock.clearTimeout(this.#timer);
    for (const subscription of this.#unconfirmed) subscription.finish();
    this.#unconfirmed.clear();
    for (const subscription of [...this.#subscriptions]) {
      this.#forget(subscription);
      for (const sink of subscription.sinks) sink.closed(subscription);
    }
  }

  /** @inheritdoc */
  push(values: Reply[]): void {
    switch (values[0]) {
      case "message":
        return this.#message("channel", values[1], values[2], values[1]);
      case "smessage":
        return this.#message("shard", values[1], values[2], values[1]);
      case "pmessage":
        return this.#message("pattern", values[1], values[3], values[2]);
    }
  }

  #message(kind: SubscriptionKind, name: Reply | undefined, message?: Reply, channel?: Reply): void {
    const subscription = this.#subscriptions.find(kind, keyOfReply(name));
    // Messages before the confirmation belong to an earlier subscription; a gap may follow them.
    if (subscription === undefined || subscription.state !== "on") return;
    const { sinks } = subscription;
    for (let index = 0; index < sinks.length; index++) {
      sinks[index]!.message(subscription, message as string | Uint8Array, channel as string | Uint8Array);
    }
  }

  /** @inheritdoc */
  confirmed(subscription: ChannelSubscription): void {
    this.#unconfirmed.delete(subscription);
    if (subscription.state === "asked" && this.#subscriptions.has(subscription)) subscription.confirm();
    this.#lookSettled();
  }

  /** @inheritdoc */
  ended(subscription: ChannelSubscription): void {
    this.#unconfirmed.delete(subscription);
    subscription.finish();
    this.#lookSettled();
  }

  /** @inheritdoc */
  refused(subscription: ChannelSubscription, error: Error, passing: boolean): void {
    this.#unconfirmed.delete(subscription);
    // Channels that were moved meanwhile have a request on another connection.
    if (this.#subscriptions.has(subscription)) {
      subscription.state = "off";
      // Without a router that follows it, the channel stays on another server.
      const moved = this.#router.misplaced === undefined && (error as ReplyError).code === "MOVED";
      if (moved) hintAtCluster(error as ReplyError);
      if (!passing || moved) this.#drop(subscription, error);
      else {
        this.#waiting.add(subscription);
        this.#router.misplaced?.(subscription.name, error);
        this.#later();
      }
    }
    this.#lookSettled();
  }

  /** @inheritdoc */
  withdrawn(subscription: ChannelSubscription): void {
    if (!this.#subscriptions.has(subscription)) return;
    this.#router.misplaced?.(subscription.name, undefined);
    const gap = this.#gap("moved", undefined);
    this.#missed = join(this.#missed, gap);
    subscription.interrupt(gap);
    this.note(subscription);
  }

  #lookSettled(): void {
    if (this.#unconfirmed.size === 0 && !this.#sending) this.#settled();
  }

  /** All that was asked for is done. */
  #settled(): void {
    if (this.#changed.size + this.#waiting.size > 0) return;
    this.#attempt = 0;
    if (this.#missed !== undefined && this.#connection !== undefined) {
      emit(this.#router.events, "gap", this.#missed);
      this.#missed = undefined;
    }
    // Not before the command that ended the last one has its end, too: the connection would look busy.
    if (this.empty) runSoon(() => this.#rest());
  }

  /** Releases the connection when no subscription is left. */
  #rest(): void {
    if (!this.#listening || !this.empty || this.#unconfirmed.size > 0) return;
    this.reconnecting.unlisten(this);
    this.#listening = false;
    this.#connection = undefined;
    this.reconnecting.releaseIfUnused?.();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    runSoon(() => {
      this.#scheduled = false;
      this.#synchronize();
    });
  }

  #synchronize(): void {
    if (!this.#listening && this.#subscriptions.size > 0) {
      this.#listening = true;
      this.reconnecting.listen(this);
    }
    const connection = this.#connection ?? this.#join();
    const come: ChannelSubscription[] = [];
    const gone: ChannelSubscription[] = [];
    for (const subscription of this.#changed) {
      const { state, sinks } = subscription;
      // A subscription that was let go and made anew is another one.
      if (!this.#subscriptions.has(subscription)) continue;
      if (sinks.length === 0) {
        this.take(subscription);
        subscription.state = "off";
        if (state !== "off" && connection !== undefined) gone.push(subscription);
        else subscription.finish();
      } else {
        // Unsubscribed and subscribed again within a tick: the unsubscribing call resolves.
        subscription.finish();
        if (state === "off" && connection !== undefined) come.push(subscription);
      }
    }
    this.#changed.clear();
    if (connection === undefined) {
      if (this.#subscriptions.size > 0) this.reconnecting.ensureConnected();
      else if (this.#listening) this.#settled();
      return;
    }
    // Requests for channels that other clients use are confirmed at once, before all requests are sent.
    this.#sending = true;
    this.#send(false, gone);
    this.#send(true, come);
    this.#sending = false;
    this.#lookSettled();
  }

  /** Uses the connection, if there is one; all channels are subscribed to anew. */
  #join(): Connection | undefined {
    if (!this.#listening) return undefined;
    const connection = this.#connection = this.reconnecting.connection;
    if (connection !== undefined) {
      for (const subscription of this.#subscriptions) this.#changed.add(subscription);
    }
    return connection;
  }

  readonly #groupOf: GroupOf = ({ kind, name }) => this.#router.groupOf?.(kind, name) ?? 0;

  #send(subscribes: boolean, subscriptions: readonly ChannelSubscription[]): void {
    const connection = this.#connection;
    if (connection === undefined || subscriptions.length === 0) return;
    for (const subscription of subscriptions) {
      this.#unconfirmed.add(subscription);
      if (subscribes) subscription.ask();
    }
    const counted = ConnectionSubscriptions.of(connection);
    if (subscribes) counted.subscribe(subscriptions, this, this.#groupOf);
    else counted.unsubscribe(subscriptions, this, this.#groupOf);
  }

  /** Tries again after a while. */
  #later(): void {
    if (this.#timer !== undefined) return;
    const { clock, reconnect } = this.#router.options;
    const delay = delayOf(reconnect.backoff, ++this.#attempt, clock);
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      for (const subscription of this.#waiting) this.#changed.add(subscription);
      this.#waiting.clear();
      this.#synchronize();
    }, delay);
  }

  #forget(subscription: ChannelSubscription): void {
    this.take(subscription);
    subscription.finish();
  }

  #drop(subscription: ChannelSubscription, error: Error): void {
    this.#forget(subscription);
    const { sinks } = subscription;
    subscription.sinks = [];
    for (const sink of sinks) sink.refused(subscription, error);
  }

  #gap(reason: Gap["reason"], cause: Error | undefined): Gap {
    const { clock } = this.#router.options;
    const receivedAt = this.#connection?.link?.receivedAt ?? clock.now();
    const since = dateOf(clock) - Math.max(0, Math.round(clock.now() - receivedAt));
    return { kind: "gap", since, reason, ...cause !== undefined && { cause } };
  }
}
