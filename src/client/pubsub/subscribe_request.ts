/**
 * One SUBSCRIBE or UNSUBSCRIBE on its way, for many channels at once.
 *
 * @module
 */
import { defineCommand } from "../../commands/command.ts";
import { CommandFlag } from "../../commands/command.ts";
import type { BatchSink } from "../../connection/pending.ts";
import { Pending } from "../../connection/pending.ts";
import type { Connection } from "../../connection/connection.ts";
import { DecodeMode, type Reply } from "../../resp/types.ts";
import type { SubscriptionKind } from "./subscription_router.ts";
import { keyOfReply } from "./channel_key.ts";
import type { ChannelSubscription } from "./channel_subscription.ts";

/** The maximum number of channels in one command. It limits the effect of a refused channel on others. */
const MOST = 1_000;

const spec = (name: string) => defineCommand(name, CommandFlag.stateful);
const SPECS = {
  channel: [spec("SUBSCRIBE"), spec("UNSUBSCRIBE")],
  pattern: [spec("PSUBSCRIBE"), spec("PUNSUBSCRIBE")],
  shard: [spec("SSUBSCRIBE"), spec("SUNSUBSCRIBE")],
} as const;

/** Called when a request fails or is superseded. */
export interface SubscribeRequestOwner {
  /** The server answered with an error, or the command could not be sent; not called for a lost connection. */
  refused(request: SubscribeRequest, error: Error): void;
}

/** A command, and which of its channels have been confirmed. */
export class SubscribeRequest implements BatchSink {
  /** Whether it subscribes. */
  readonly subscribes: boolean;
  /** The channels. */
  readonly subscriptions: readonly ChannelSubscription[];
  /** The kind of frames that confirm it. */
  readonly frame: string;
  readonly #kind: SubscriptionKind;
  readonly #owner: SubscribeRequestOwner;
  #confirmed = 0;

  /** A request for channels of one kind and group. */
  constructor(
    subscribes: boolean,
    subscriptions: readonly ChannelSubscription[],
    owner: SubscribeRequestOwner,
  ) {
    this.subscribes = subscribes;
    this.subscriptions = subscriptions;
    this.#owner = owner;
    this.#kind = subscriptions[0]!.kind;
    this.frame = SPECS[this.#kind][subscribes ? 0 : 1].name.toLowerCase();
  }

  /** Sends the request. Its end is reported synchronously, in the order of the replies. */
  send(connection: Connection): void {
    const command = {
      spec: SPECS[this.#kind][this.subscribes ? 0 : 1],
      args: this.subscriptions.map(({ name }) => name),
      parse: undefined,
    };
    const pending = new Pending(command, DecodeMode.text, connection.options.commandTimeout, this, 0);
    // No deadline of its own: a frame that comes late is still right. Silence ends the connection.
    pending.deadline = Infinity;
    connection.enqueue(pending);
  }

  /** Whether it waits for this frame. */
  expects(values: readonly Reply[]): boolean {
    if (values[0] !== this.frame) return false;
    // The server ends shard subscriptions by itself, too.
    return this.frame !== "sunsubscribe" || keyOfReply(values[1]) === this.next.key;
  }

  /** The channel that is to be confirmed next. */
  get next(): ChannelSubscription {
    return this.subscriptions[this.#confirmed]!;
  }

  /** Counts a confirmation. Returns whether it was the last. */
  advance(): boolean {
    return ++this.#confirmed === this.subscriptions.length;
  }

  /** Confirmed; the push messages have reported it before. */
  resolved(): void {}

  /** @inheritdoc */
  rejected(_index: number, error: Error): void {
    this.#owner.refused(this, error);
  }
}

/** Returns the smallest number of requests for the channels. */
export function requestsFor(
  subscribes: boolean,
  subscriptions: readonly ChannelSubscription[],
  groupOf: (subscription: ChannelSubscription) => number,
  owner: SubscribeRequestOwner,
): SubscribeRequest[] {
  const groups = new Map<string, ChannelSubscription[]>();
  const full: ChannelSubscription[][] = [];
  for (const subscription of subscriptions) {
    const name = `${subscription.kind} ${groupOf(subscription)}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [subscription]);
    else if (group.push(subscription) === MOST) {
      full.push(group);
      groups.delete(name);
    }
  }
  return [...full, ...groups.values()].map((group) => new SubscribeRequest(subscribes, group, owner));
}
