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
import { ChannelSubscription, keyOf, keyOfReply } from "./channel_subscription.ts";

/** The subscriptions on one connection. */
export class SubscriptionManager implements ReconnectingListener, SubscriptionUser {
  /** The connection. */
  readonly reconnecting: ReconnectingConnection;
  readonly #router: SubscriptionRouter;
  readonly #topics: Readonly<Record<SubscriptionKind, Map<string, ChannelSubscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
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

  /** The topic for a channel, made if there is none. */
  topic(kind: SubscriptionKind, name: string | Uint8Array): ChannelSubscription {
    const key = keyOf(name);
    const topics = this.#topics[kind];
    let topic = topics.get(key);
    if (topic === undefined) topics.set(key, topic = new ChannelSubscription(kind, key, name));
    return topic;
  }

  /** The topic with this key, if there is one. */
  find(kind: SubscriptionKind, key: string): ChannelSubscription | undefined {
    return this.#topics[kind].get(key);
  }

  /** Whether there is no topic. */
  get empty(): boolean {
    return this.#topicCount() === 0;
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
  handOver(topic: ChannelSubscription, to: SubscriptionManager): void {
    if (topic.sinks.length === 0) return;
    this.take(topic);
    const { state } = topic;
    topic.interrupt(this.#gap("moved", undefined));
    to.adopt(topic);
    if (state !== "off") this.#send(false, [topic]);
    this.#lookSettled();
  }

  /** Takes a topic over from another connection. */
  adopt(topic: ChannelSubscription): void {
    this.#topics[topic.kind].set(topic.key, topic);
    if (topic.gap !== undefined) this.#missed = join(this.#missed, topic.gap);
    this.note(topic);
  }

  /** All channels, including those that wait for UNSUBSCRIBE. */
  *topics(): Iterable<ChannelSubscription> {
    for (const topics of Object.values(this.#topics)) yield* topics.values();
  }

  /** Returns the number of channels of a kind. */
  count(kind: SubscriptionKind): number {
    return this.#topics[kind].size;
  }

  /** The sinks of a topic have changed. */
  note(topic: ChannelSubscription): void {
    this.#changed.add(topic);
    this.#schedule();
  }

  /** Lets go of a topic that belongs on another connection. */
  take(topic: ChannelSubscription): void {
    this.#topics[topic.kind].delete(topic.key);
    this.#changed.delete(topic);
    this.#waiting.delete(topic);
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
    for (const topic of this.#unconfirmed) if (!this.#owns(topic)) topic.finish();
    this.#unconfirmed.clear();
    // The connection may have gone to another server, and others stay on this connection.
    if (connection !== undefined) ConnectionSubscriptions.of(connection).leave(this, this.#groupOf);
    let wanted = false;
    for (const topic of [...this.topics()]) {
      if (topic.sinks.length === 0) this.#forget(topic);
      else wanted = true;
      if (topic.state === "on" && topic.sinks.length > 0) this.#missed = join(this.#missed, gap);
      topic.interrupt(gap);
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
    for (const topic of [...this.topics()]) if (topic.gap === undefined) this.#drop(topic, error);
    if (this.#topicCount() > 0) this.#later();
  }

  /** @inheritdoc */
  closed(): void {
    this.#router.options.clock.clearTimeout(this.#timer);
    for (const topic of this.#unconfirmed) topic.finish();
    this.#unconfirmed.clear();
    for (const topic of [...this.topics()]) {
      this.#forget(topic);
      for (const sink of topic.sinks) sink.closed(topic);
    }
  }

  /** @inheritdoc */
  push(values: Reply[]): void {
    switch (values[0]) {
      case "message":
        return this.#message(this.#topics.channel, values[1], values[2], values[1]);
      case "smessage":
        return this.#message(this.#topics.shard, values[1], values[2], values[1]);
      case "pmessage":
        return this.#message(this.#topics.pattern, values[1], values[3], values[2]);
    }
  }

  #message(
    topics: Map<string, ChannelSubscription>,
    name: Reply | undefined,
    message?: Reply,
    channel?: Reply,
  ): void {
    const topic = topics.get(keyOfReply(name));
    // Messages before the confirmation belong to an earlier subscription; a gap may follow them.
    if (topic === undefined || topic.state !== "on") return;
    const { sinks } = topic;
    for (let index = 0; index < sinks.length; index++) {
      sinks[index]!.message(topic, message as string | Uint8Array, channel as string | Uint8Array);
    }
  }

  /** @inheritdoc */
  confirmed(topic: ChannelSubscription): void {
    this.#unconfirmed.delete(topic);
    if (topic.state === "asked" && this.#owns(topic)) topic.confirm();
    this.#lookSettled();
  }

  /** @inheritdoc */
  ended(topic: ChannelSubscription): void {
    this.#unconfirmed.delete(topic);
    topic.finish();
    this.#lookSettled();
  }

  /** @inheritdoc */
  refused(topic: ChannelSubscription, error: Error, passing: boolean): void {
    this.#unconfirmed.delete(topic);
    // Channels that were moved meanwhile have a request on another connection.
    if (this.#owns(topic)) {
      topic.state = "off";
      // Without a router that follows it, the channel stays on another server.
      const moved = this.#router.misplaced === undefined && (error as ReplyError).code === "MOVED";
      if (moved) hintAtCluster(error as ReplyError);
      if (!passing || moved) this.#drop(topic, error);
      else {
        this.#waiting.add(topic);
        this.#router.misplaced?.(topic.name, error);
        this.#later();
      }
    }
    this.#lookSettled();
  }

  /** @inheritdoc */
  withdrawn(topic: ChannelSubscription): void {
    if (!this.#owns(topic)) return;
    this.#router.misplaced?.(topic.name, undefined);
    const gap = this.#gap("moved", undefined);
    this.#missed = join(this.#missed, gap);
    topic.interrupt(gap);
    this.note(topic);
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
    if (!this.#listening && this.#topicCount() > 0) {
      this.#listening = true;
      this.reconnecting.listen(this);
    }
    const connection = this.#connection ?? this.#join();
    const come: ChannelSubscription[] = [];
    const gone: ChannelSubscription[] = [];
    for (const topic of this.#changed) {
      const { state, sinks } = topic;
      // A topic that was let go and made anew is another one.
      if (!this.#owns(topic)) continue;
      if (sinks.length === 0) {
        this.take(topic);
        topic.state = "off";
        if (state !== "off" && connection !== undefined) gone.push(topic);
        else topic.finish();
      } else {
        // Unsubscribed and subscribed again within a tick: the unsubscribing call resolves.
        topic.finish();
        if (state === "off" && connection !== undefined) come.push(topic);
      }
    }
    this.#changed.clear();
    if (connection === undefined) {
      if (this.#topicCount() > 0) this.reconnecting.ensureConnected();
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
    if (connection !== undefined) { for (const topic of this.topics()) this.#changed.add(topic); }
    return connection;
  }

  readonly #groupOf: GroupOf = ({ kind, name }) => this.#router.groupOf?.(kind, name) ?? 0;

  #send(subscribes: boolean, topics: readonly ChannelSubscription[]): void {
    const connection = this.#connection;
    if (connection === undefined || topics.length === 0) return;
    for (const topic of topics) {
      this.#unconfirmed.add(topic);
      if (subscribes) topic.ask();
    }
    const subscriptions = ConnectionSubscriptions.of(connection);
    if (subscribes) subscriptions.subscribe(topics, this, this.#groupOf);
    else subscriptions.unsubscribe(topics, this, this.#groupOf);
  }

  /** Tries again after a while. */
  #later(): void {
    if (this.#timer !== undefined) return;
    const { clock, reconnect } = this.#router.options;
    const delay = delayOf(reconnect.backoff, ++this.#attempt, clock);
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      for (const topic of this.#waiting) this.#changed.add(topic);
      this.#waiting.clear();
      this.#synchronize();
    }, delay);
  }

  #forget(topic: ChannelSubscription): void {
    this.take(topic);
    topic.finish();
  }

  #drop(topic: ChannelSubscription, error: Error): void {
    this.#forget(topic);
    const { sinks } = topic;
    topic.sinks = [];
    for (const sink of sinks) sink.refused(topic, error);
  }

  #gap(reason: Gap["reason"], cause: Error | undefined): Gap {
    const { clock } = this.#router.options;
    const receivedAt = this.#connection?.link?.receivedAt ?? clock.now();
    const since = dateOf(clock) - Math.max(0, Math.round(clock.now() - receivedAt));
    return { kind: "gap", since, reason, ...cause !== undefined && { cause } };
  }

  #owns(topic: ChannelSubscription): boolean {
    return this.#topics[topic.kind].get(topic.key) === topic;
  }

  #topicCount(): number {
    const { channel, pattern, shard } = this.#topics;
    return channel.size + pattern.size + shard.size;
  }
}
