/**
 * The subscriptions of one connection, counted over all its users.
 *
 * A server has one subscription per connection and channel, however many clients share the connection. So SUBSCRIBE
 * is sent for the first user and UNSUBSCRIBE for the last, and confirmations are matched here.
 *
 * @module
 */
import type { Connection, ConnectionListener } from "../../connection/connection.ts";
import { ConnectionError, ReplyError, TimeoutError } from "../../errors.ts";
import type { Reply } from "../../resp/types.ts";
import { keyOfReply } from "./channel_key.ts";
import type { ChannelSubscription } from "./channel_subscription.ts";
import { requestsFor, type SubscribeRequest, type SubscribeRequestOwner } from "./subscribe_request.ts";

/** A user of subscriptions. Its methods must not throw. */
export interface SubscriptionUser {
  /** The server has confirmed the subscription, now or before. */
  confirmed(subscription: ChannelSubscription): void;
  /** The subscription has ended as far as this user is concerned. */
  ended(subscription: ChannelSubscription): void;
  /** The server refuses the subscription; `passing`: for now. */
  refused(subscription: ChannelSubscription, error: Error, passing: boolean): void;
  /** The server has ended the subscription by itself. */
  withdrawn(subscription: ChannelSubscription): void;
}

/** Returns the group of a channel. Channels of one group may be in one command. */
export type GroupOf = (subscription: ChannelSubscription) => number;

/** A channel that is subscribed to over the connection. */
interface Entry {
  /** The request that it waits for; without, it is confirmed. */
  request: SubscribeRequest | undefined;
  readonly users: Map<SubscriptionUser, ChannelSubscription>;
}

/** Refusals that pass: the channel is elsewhere, or the server not yet itself. */
const PASSING: ReadonlySet<string> = new Set([
  "MOVED",
  "ASK",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "LOADING",
  "MASTERDOWN",
  "BUSY",
  "QUEUE_FULL",
]);

const all: WeakMap<Connection, ConnectionSubscriptions> = new WeakMap();

/** The subscriptions of one connection. */
export class ConnectionSubscriptions implements SubscribeRequestOwner {
  readonly #connection: Connection;
  readonly #entries: Map<string, Entry> = new Map();
  #requests: SubscribeRequest[] = [];
  /** The users that wait for the end of a subscription. */
  readonly #leaving: Map<ChannelSubscription, SubscriptionUser> = new Map();
  readonly #listener: ConnectionListener = { frame: (values) => this.#frame(values) };

  /** Users call `ConnectionSubscriptions.of`. */
  private constructor(connection: Connection) {
    this.#connection = connection;
    connection.listen(this.#listener);
  }

  /** The subscriptions of a connection. */
  static of(connection: Connection): ConnectionSubscriptions {
    let found = all.get(connection);
    if (found === undefined) all.set(connection, found = new ConnectionSubscriptions(connection));
    return found;
  }

  /** Subscribes. Confirmed channels are confirmed immediately. */
  subscribe(subscriptions: readonly ChannelSubscription[], user: SubscriptionUser, groupOf: GroupOf): void {
    const fresh: ChannelSubscription[] = [];
    const confirmed: ChannelSubscription[] = [];
    for (const subscription of subscriptions) {
      const id = idOf(subscription);
      const entry = this.#entries.get(id);
      if (entry === undefined) {
        this.#entries.set(id, { request: undefined, users: new Map([[user, subscription]]) });
        fresh.push(subscription);
      } else {
        entry.users.set(user, subscription);
        if (entry.request === undefined) confirmed.push(subscription);
      }
    }
    this.#send(true, fresh, groupOf);
    for (const subscription of confirmed) user.confirmed(subscription);
  }

  /** Ends subscriptions of a user; where others use the same, they end for this one at once. */
  unsubscribe(subscriptions: readonly ChannelSubscription[], user: SubscriptionUser, groupOf: GroupOf): void {
    const last: ChannelSubscription[] = [];
    const ended: ChannelSubscription[] = [];
    for (const subscription of subscriptions) {
      (this.#remove(subscription, user) ? last : ended).push(subscription);
    }
    for (const subscription of last) this.#leaving.set(subscription, user);
    this.#send(false, last, groupOf);
    for (const subscription of ended) user.ended(subscription);
    this.#rest();
  }

  /** Removes a user that has moved to another connection. It gets no further calls. */
  leave(user: SubscriptionUser, groupOf: GroupOf): void {
    for (const [subscription, who] of this.#leaving) if (who === user) this.#leaving.delete(subscription);
    const mine = [...this.#entries.values()].flatMap(({ users }) => users.get(user) ?? []);
    const last = mine.filter((subscription) => this.#remove(subscription, user));
    if (this.#connection.state === "ready") this.#send(false, last, groupOf);
    this.#rest();
  }

  /** @inheritdoc */
  refused(request: SubscribeRequest, error: Error): void {
    const place = this.#requests.indexOf(request);
    if (place >= 0) this.#requests.splice(place, 1);
    if (!request.subscribes) request.subscriptions.forEach((subscription) => this.#left(subscription));
    // A lost connection is reported separately; then everything starts again.
    const lost = (error instanceof ConnectionError && error.code !== "QUEUE_FULL") ||
      error instanceof TimeoutError;
    if (!lost && request.subscribes) this.#notSubscribed(request, error);
    this.#rest();
  }

  #notSubscribed(request: SubscribeRequest, error: Error): void {
    const code = error instanceof ReplyError || error instanceof ConnectionError ? error.code : "";
    const passing = PASSING.has(code);
    const wanted = request.subscriptions.filter((subscription) =>
      this.#entries.get(idOf(subscription))?.request === request
    );
    if (!passing && request.subscriptions.length > 1) {
      // One of the channels caused the error: subscribe to each by its own command, without waiting in between.
      return wanted.forEach((subscription) => this.#send(true, [subscription], () => 0));
    }
    for (const subscription of wanted) {
      const { users } = this.#entries.get(idOf(subscription))!;
      this.#entries.delete(idOf(subscription));
      for (const [user, own] of users) user.refused(own, error, passing);
    }
  }

  #frame(values: readonly Reply[]): void {
    const request = this.#requests[0];
    if (request?.expects(values)) {
      const subscription = request.next;
      if (request.advance()) this.#requests.shift();
      if (!request.subscribes) this.#left(subscription);
      else this.#confirm(subscription, request);
    } else if (values[0] === "sunsubscribe") {
      const id = `shard ${keyOfReply(values[1])}`;
      const entry = this.#entries.get(id);
      if (entry === undefined || entry.request !== undefined) return;
      this.#entries.delete(id);
      for (const [user, subscription] of entry.users) user.withdrawn(subscription);
    } else return;
    this.#rest();
  }

  #confirm(subscription: ChannelSubscription, request: SubscribeRequest): void {
    const entry = this.#entries.get(idOf(subscription));
    // A later unsubscribe and subscribe have their own confirmations.
    if (entry === undefined || entry.request !== request) return;
    entry.request = undefined;
    for (const [user, own] of [...entry.users]) user.confirmed(own);
  }

  #left(subscription: ChannelSubscription): void {
    const user = this.#leaving.get(subscription);
    this.#leaving.delete(subscription);
    user?.ended(subscription);
  }

  /** Removes a user. Returns whether it was the last one, so that UNSUBSCRIBE is needed. */
  #remove(subscription: ChannelSubscription, user: SubscriptionUser): boolean {
    const id = idOf(subscription);
    const entry = this.#entries.get(id);
    if (entry?.users.get(user) !== subscription) return false;
    entry.users.delete(user);
    if (entry.users.size > 0) return false;
    return this.#entries.delete(id);
  }

  #send(subscribes: boolean, subscriptions: readonly ChannelSubscription[], groupOf: GroupOf): void {
    for (const request of requestsFor(subscribes, subscriptions, groupOf, this)) {
      this.#requests.push(request);
      if (subscribes) {
        for (const subscription of request.subscriptions) {
          this.#entries.get(idOf(subscription))!.request = request;
        }
      }
      request.send(this.#connection);
    }
  }

  /** Stops listening when no subscription is left. */
  #rest(): void {
    if (this.#entries.size + this.#requests.length > 0 || all.get(this.#connection) !== this) return;
    all.delete(this.#connection);
    this.#connection.unlisten(this.#listener);
  }
}

function idOf({ kind, key }: ChannelSubscription): string {
  return `${kind} ${key}`;
}
