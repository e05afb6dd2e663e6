/**
 * The methods of clients that subscribe.
 *
 * @module
 */
import { RenamedMethods } from "./renamed_methods.ts";
import type { Text, Wrap } from "../../commands/wrap.ts";
import type { ClientCore } from "../client_core.ts";
import type { KeyspaceEvent, KeyspaceOptions } from "../pubsub/keyspace_notifications.ts";
import type { Executor } from "../executor.ts";
import type { Monitor } from "../commands/monitor.ts";
import { checkMonitor, type MonitorOptions } from "../commands/monitor_options.ts";
import type { Gap } from "../pubsub/gap.ts";
import type { Listener } from "../pubsub/listeners.ts";
import type { SubscriptionCounts } from "../pubsub/subscription_registry.ts";
import { type PushContents, pushListener } from "../pubsub/push_messages.ts";
import { closedError, unconfirmedError, unsupportedError } from "../commands/unsupported_commands.ts";
import { LazyIterator, type LoadedIterator } from "../pubsub/lazy_iterator.ts";
import { loadedPubSub, usePubSub } from "../pubsub/load_pubsub.ts";
import type { Channels, PubSub } from "../pubsub/pubsub.ts";
import type { Subscription } from "../pubsub/subscription.ts";
import { checkSubscription, type SubscriptionOptions } from "../pubsub/subscription_options.ts";
import type { SubscriptionKind, SubscriptionRouter } from "../pubsub/subscription_router.ts";

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
    return this.#subscribe("channel", channels, listener);
  }

  /** Like `subscribe`, for all channels that match a pattern (`news.*`). */
  psubscribe(patterns: Channels, listener: Listener<Text<W>>): Promise<void> {
    return this.#subscribe("pattern", patterns, listener);
  }

  /** Like `subscribe`, for sharded channels (SPUBLISH), which a cluster keeps on the shard of their slot. */
  ssubscribe(channels: Channels, listener: Listener<Text<W>>): Promise<void> {
    return this.#subscribe("shard", channels, listener);
  }

  /**
   * Takes a listener off channels; without `listener` all of this client, without `channels` off all channels.
   * Iterators are not touched. Resolves when the server knows.
   */
  unsubscribe(channels?: Channels, listener?: Listener<Text<W>>): Promise<void> {
    return this.#unsubscribe("channel", channels, listener);
  }

  /** Like `unsubscribe`, for patterns. */
  punsubscribe(patterns?: Channels, listener?: Listener<Text<W>>): Promise<void> {
    return this.#unsubscribe("pattern", patterns, listener);
  }

  /** Like `unsubscribe`, for sharded channels. */
  sunsubscribe(channels?: Channels, listener?: Listener<Text<W>>): Promise<void> {
    return this.#unsubscribe("shard", channels, listener);
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
    return this.#iterate(names, given ? last : {}, false) as Subscription<Text<W>>;
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
    const { executor, options: { db: own } } = this.core;
    const prefix = executor.keyPrefix;
    const pattern = keyspacePattern({ db, keys, event }, own, prefix);
    const items = this.#iterate([], { ...rest, patterns: [pattern] }, true) as Subscription<Text<W>>;
    for await (const item of items) {
      const found = item.kind === "gap" ? item : readKeyspace(item, prefix);
      if (found !== undefined) yield found;
    }
  }

  /** Iterates over the commands that the server runs, on a connection of its own. Slows the server down. */
  monitor(options: MonitorOptions = {}): Monitor {
    const { executor } = this.#open("MONITOR");
    const modules = loadedPubSub();
    if (modules !== undefined) return modules.PubSub.of(executor).monitor(options);
    const given = checkMonitor(options);
    const make = (pubsub: PubSub): LoadedIterator => pubsub.monitor(given);
    return this.#later(make, () => undefined) as unknown as Monitor;
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
    const { executor } = this.core;
    routerOf(executor);
    return loadedPubSub()?.PubSub.of(executor).counts() ?? { channels: 0, patterns: 0, shards: 0 };
  }

  #subscribe(kind: SubscriptionKind, channels: Channels, listener: Listener<never>): Promise<void> {
    const { executor, call } = this.core;
    routerOf(executor);
    const names = copyOf(channels);
    return usePubSub(({ PubSub }) => PubSub.of(executor).subscribe(kind, names, listener, call));
  }

  #unsubscribe(
    kind: SubscriptionKind,
    channels: Channels | undefined,
    listener: Listener<never> | undefined,
  ): Promise<void> {
    const { executor, call } = this.core;
    routerOf(executor);
    const names = copyOf(channels);
    return usePubSub(({ PubSub }) => PubSub.of(executor).unsubscribe(kind, names, listener, call));
  }

  /** Begins a subscription to iterate over. `verbatim`: the channels are the server's own, and have no prefix. */
  #iterate(
    channels: readonly (string | Uint8Array)[],
    options: SubscriptionOptions,
    verbatim: boolean,
  ): unknown {
    const { executor, router } = this.#open("SUBSCRIBE");
    const { call } = this.core;
    const modules = loadedPubSub();
    if (modules !== undefined) return modules.PubSub.of(executor).iterate(channels, options, call, verbatim);
    checkSubscription(router, channels, options, call.signal, verbatim ? undefined : executor.channelPrefix);
    const { buffer, policy, patterns, sharded, signal } = options;
    const given = { buffer, policy, patterns: copyOf(patterns), sharded, signal };
    const make = (pubsub: PubSub): LoadedIterator => pubsub.iterate(channels, given, call, verbatim);
    return this.#later(make, () => unconfirmedError("SUBSCRIBE", "client", false));
  }

  /** Returns the parts of a client that is not closed. */
  #open(name: string): { executor: Executor; router: SubscriptionRouter } {
    const { executor } = this.core;
    const router = routerOf(executor);
    if (executor.closed) throw closedError(name);
    return { executor, router };
  }

  /** Stands for an iterator until the modules are loaded. */
  #later(make: (pubsub: PubSub) => LoadedIterator, unconfirmed: () => Error | undefined): LazyIterator {
    const { executor } = this.core;
    const load = usePubSub(({ PubSub }) =>
      Promise.resolve(executor.closed ? undefined : { iterator: make(PubSub.of(executor)) })
    );
    return new LazyIterator(load.then((made) => made?.iterator), unconfirmed);
  }
}

function routerOf({ subscriptionRouter }: Executor): SubscriptionRouter {
  if (subscriptionRouter === undefined) throw unsupportedError("SUBSCRIBE");
  return subscriptionRouter;
}

/** The names as they are now: the caller may change its list while the modules are loaded. */
function copyOf<T>(channels: T): T {
  return Array.isArray(channels) ? [...channels] as T : channels;
}
