/**
 * The methods of clients that subscribe.
 *
 * @module
 */
import { RenamedMethods } from "./renamed_methods.ts";
import type { Text, Wrap } from "../../commands/wrap.ts";
import type { ClientCore } from "../client_core.ts";
import type { KeyspaceEvent, KeyspaceOptions } from "../pubsub/keyspace_notifications.ts";
import type { Monitor, MonitorOptions } from "../commands/monitor.ts";
import type { Gap } from "../pubsub/gap.ts";
import type { Listener } from "../pubsub/listeners.ts";
import type { SubscriptionCounts } from "../pubsub/subscription_registry.ts";
import { type PushContents, pushListener } from "../pubsub/push_messages.ts";
import { unsupportedError } from "../commands/unsupported_commands.ts";
import { type Channels, PubSub } from "../pubsub/pubsub.ts";
import type { Subscription, SubscriptionOptions } from "../pubsub/subscription.ts";

/** A client as far as it subscribes. */
export abstract class SubscribingClient<W extends Wrap> extends RenamedMethods<W> {
  /**
   * The parts of the client.
   *
   * @internal
   */
  protected abstract readonly core: ClientCore;

  /**
   * Calls a listener for every message on a channel or on several channels. Resolves when the server has confirmed
   * the subscription. After a lost connection the client subscribes again and emits `gap`.
   *
   * @throws {ReplyError} if the server refuses the subscription.
   * @throws {TimeoutError} if the server does not confirm it in time.
   * @throws {ConnectionError} if the client is closed before the confirmation.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * await redis.subscribe("news", (message, channel) => console.log(channel, message));
   * ```
   */
  subscribe(channels: Channels, listener: Listener<Text<W>>): Promise<void> {
    return this.#pubsub.subscribe("channel", channels, listener, this.core.call);
  }

  /** Like `subscribe`, for all channels that match a pattern (`news.*`). */
  psubscribe(patterns: Channels, listener: Listener<Text<W>>): Promise<void> {
    return this.#pubsub.subscribe("pattern", patterns, listener, this.core.call);
  }

  /** Like `subscribe`, for sharded channels (SPUBLISH), which a cluster keeps on the shard of their slot. */
  ssubscribe(channels: Channels, listener: Listener<Text<W>>): Promise<void> {
    return this.#pubsub.subscribe("shard", channels, listener, this.core.call);
  }

  /**
   * Takes a listener off channels; without `listener` all of this client, without `channels` off all channels.
   * Iterators are not touched. Resolves when the server knows.
   */
  unsubscribe(channels?: Channels, listener?: Listener<Text<W>>): Promise<void> {
    return this.#pubsub.unsubscribe("channel", channels, listener, this.core.call);
  }

  /** Like `unsubscribe`, for patterns. */
  punsubscribe(patterns?: Channels, listener?: Listener<Text<W>>): Promise<void> {
    return this.#pubsub.unsubscribe("pattern", patterns, listener, this.core.call);
  }

  /** Like `unsubscribe`, for sharded channels. */
  sunsubscribe(channels?: Channels, listener?: Listener<Text<W>>): Promise<void> {
    return this.#pubsub.unsubscribe("shard", channels, listener, this.core.call);
  }

  /**
   * Subscribes to channels for `for await`: messages, and gaps in which messages may be missing. It starts at once,
   * and ends with the loop. Options are the last argument.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   *
   * @example
   * ```ts ignore
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * for await (const item of redis.subscription("news", { patterns: ["sport.*"], buffer: 1_000 })) {
   *   if (item.kind === "message") console.log(item.channel, item.message);
   * }
   * ```
   */
  subscription(
    ...channels: (string | Uint8Array)[] | [...(string | Uint8Array)[], SubscriptionOptions]
  ): Subscription<Text<W>> {
    const last = channels.at(-1);
    const given = typeof last === "object" && !(last instanceof Uint8Array);
    const names = (given ? channels.slice(0, -1) : channels) as (string | Uint8Array)[];
    return this.#pubsub.iterate(names, given ? last : {}, this.core.call);
  }

  /**
   * Iterates over keyspace notifications. The server option `notify-keyspace-events` must enable them: `"KA"` for
   * `keys` (the default), `"EA"` for `event`. With `keyPrefix`, only keys with the prefix are concerned.
   *
   * @example
   * ```ts ignore
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * await redis.configSet({ "notify-keyspace-events": "KEA" });
   * for await (const item of redis.keyspace({ event: "expired" })) {
   *   if (item.kind === "event") console.log(item.key, "has expired");
   * }
   * ```
   */
  async *keyspace(
    options: KeyspaceOptions & Omit<SubscriptionOptions, "patterns" | "sharded"> = {},
  ): AsyncGenerator<KeyspaceEvent<Text<W>> | Gap, undefined> {
    const { db, keys, event, ...rest } = options;
    const { keyspacePattern, readKeyspace } = await import("../lazy_modules.ts");
    const { executor, call, options: { db: own } } = this.core;
    const prefix = executor.keyPrefix;
    const pattern = keyspacePattern({ db, keys, event }, own, prefix);
    for await (
      const item of this.#pubsub.iterate<Text<W>>([], { ...rest, patterns: [pattern] }, call, true)
    ) {
      const found = item.kind === "gap" ? item : readKeyspace(item, prefix);
      if (found !== undefined) yield found;
    }
  }

  /** Iterates over the commands that the server runs, on a connection of its own. Slows the server down. */
  monitor(options: MonitorOptions = {}): Monitor {
    return this.#pubsub.monitor(options);
  }

  /**
   * Calls a listener for the push messages of one kind on the shared connections (RESP3). Returns a function that
   * removes the listener.
   */
  onPush<K extends string>(
    kind: K,
    listener: (contents: PushContents<K, Text<W>>) => unknown,
  ): () => void {
    const { executor, call } = this.core;
    if (executor.onPush === undefined) throw unsupportedError("onPush");
    return executor.onPush(
      pushListener(kind, listener as (contents: never) => unknown, call.mode, executor.events),
    );
  }

  /** Returns the numbers of channels, patterns and shard channels that the clients of this pool are subscribed to. */
  subscriptionCounts(): SubscriptionCounts {
    return this.#pubsub.counts();
  }

  get #pubsub(): PubSub {
    return PubSub.of(this.core.executor);
  }
}
