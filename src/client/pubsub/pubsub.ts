/**
 * The subscriptions of one client.
 *
 * @module
 */
import { TimeoutError } from "../../errors.ts";
import type { Prefix } from "../commands/prefix.ts";
import type { Call, Executor } from "../executor.ts";
import { Monitor, type MonitorOptions } from "../commands/monitor.ts";
import { closedError, unsupportedError } from "../commands/unsupported_commands.ts";
import type { SubscriptionKind, SubscriptionRouter } from "./subscription_router.ts";
import { COMMANDS, type Listener, ListenerSink } from "./listeners.ts";
import { type SubscriptionCounts, SubscriptionRegistry } from "./subscription_registry.ts";
import { SubscribeProgress } from "./subscribe_progress.ts";
import { Subscription, type SubscriptionOptions } from "./subscription.ts";
import { keyOf } from "./channel_key.ts";
import type { ChannelSubscription } from "./channel_subscription.ts";

/** One name of a channel, or several. */
export type Channels = string | Uint8Array | readonly (string | Uint8Array)[];

const clients: WeakMap<Executor, PubSub> = new WeakMap();

interface Held {
  readonly subscription: ChannelSubscription;
  readonly sink: ListenerSink;
}

/** The listeners and iterators of one client. Other clients of the pool have their own. */
export class PubSub {
  readonly #registry: SubscriptionRegistry;
  readonly #router: SubscriptionRouter;
  readonly #prefix: Prefix | undefined;
  readonly #held: Readonly<Record<SubscriptionKind, Map<string, Held[]>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #monitors: Set<Monitor> = new Set();
  readonly #subscriptions: Set<Subscription<unknown>> = new Set();
  #closed = false;

  /** Users call `PubSub.of`. */
  private constructor(router: SubscriptionRouter, prefix: Prefix | undefined) {
    this.#router = router;
    this.#prefix = prefix;
    this.#registry = SubscriptionRegistry.of(router);
  }

  /** The subscriptions of the client with this executor. */
  static of(executor: Executor): PubSub {
    let client = clients.get(executor);
    if (client === undefined) {
      const router = executor.subscriptionRouter;
      if (router === undefined) throw unsupportedError("SUBSCRIBE");
      clients.set(executor, client = new PubSub(router, executor.channelPrefix));
      // Nothing was subscribed before the client was closed, so there is no event.
      client.#closed = executor.closed;
    }
    return client;
  }

  /** Ends the subscriptions of the client with this executor, if it has any. */
  static close(executor: Executor): void {
    clients.get(executor)?.close();
  }

  /** Subscribes a listener to channels; resolves when the server has confirmed all of them. */
  async subscribe(
    kind: SubscriptionKind,
    channels: Channels,
    listener: Listener<never>,
    call: Call,
  ): Promise<void> {
    const names = this.#prefixed(kind, namesOf(channels, COMMANDS[kind]));
    if (
      typeof listener !== "function" && typeof (listener as { message?: unknown })?.message !== "function"
    ) {
      throw new TypeError(
        `Cannot ${COMMANDS[kind]}: the listener is neither a function nor an object with message()`,
      );
    }
    if (this.#closed) throw closedError(COMMANDS[kind]);
    call.signal?.throwIfAborted();
    const waited: Promise<void>[] = [];
    const made: Held[] = [];
    const request = new SubscribeProgress(this.#registry, this.#router);
    for (const name of names) {
      const key = keyOf(name);
      const held = this.#held[kind].get(key) ?? [];
      const known = held.find(({ sink }) => sink.listener === listener);
      if (known !== undefined) {
        request.add(known.subscription);
        waited.push(known.sink.confirmation);
        continue;
      }
      const sink = new ListenerSink(
        listener,
        call.mode,
        this.#router.events,
        () => this.#drop(kind, key, sink),
        this.#prefix,
      );
      const subscription = this.#registry.add(kind, name, sink);
      request.add(subscription);
      made.push({ subscription, sink });
      held.push(made[made.length - 1]!);
      this.#held[kind].set(key, held);
      waited.push(sink.confirmation);
    }
    try {
      await this.#within(
        Promise.all(waited),
        call,
        () => request.timeoutError(COMMANDS[kind], call.timeout),
      );
    } catch (error) {
      // All or nothing: remove the channels that this call has added.
      for (const { subscription, sink } of made) {
        this.#drop(kind, subscription.key, sink);
        void this.#registry.remove(subscription, sink);
      }
      throw error;
    }
  }

  /** Takes listeners off channels (default: all); resolves when the server knows. */
  async unsubscribe(
    kind: SubscriptionKind,
    channels: Channels | undefined,
    listener: Listener<never> | undefined,
    call: Call,
  ): Promise<void> {
    const keys = channels === undefined
      ? [...this.#held[kind].keys()]
      : this.#prefixed(kind, namesOf(channels, `UN${COMMANDS[kind]}`)).map(keyOf);
    const ends: Promise<void>[] = [];
    for (const key of keys) {
      for (const { subscription, sink } of [...this.#held[kind].get(key) ?? []]) {
        if (listener !== undefined && sink.listener !== listener) continue;
        this.#drop(kind, key, sink);
        sink.left(subscription);
        ends.push(this.#registry.remove(subscription, sink));
      }
    }
    await this.#within(Promise.all(ends), call, () => {
      const message = `UN${
        COMMANDS[kind]
      } took longer than ${call.timeout} ms on ${this.#router.options}: it was not confirmed`;
      return new TimeoutError(message, { code: "COMMAND_TIMEOUT", executed: "unknown" });
    });
  }

  /** Begins a subscription to iterate over. `verbatim`: the channels are the server's own, and have no prefix. */
  iterate<T>(
    channels: readonly (string | Uint8Array)[],
    options: SubscriptionOptions,
    call: Call,
    verbatim = false,
  ): Subscription<T> {
    if (this.#closed) throw closedError("SUBSCRIBE");
    const subscription = new Subscription<T>(this.#registry, channels, options, call, () => {
      this.#subscriptions.delete(subscription);
    }, verbatim ? undefined : this.#prefix);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Watches the commands of the server behind the home; of a cluster, of one node. */
  monitor(options: MonitorOptions): Monitor {
    if (this.#closed) throw closedError("MONITOR");
    const monitor = new Monitor(this.#router.dedicatedConnectionFor("channel", ""), options, () => {
      this.#monitors.delete(monitor);
    });
    this.#monitors.add(monitor);
    return monitor;
  }

  /** Returns the numbers of channels, patterns and shard channels over all clients that share the connections. */
  counts(): SubscriptionCounts {
    return this.#registry.counts();
  }

  /** Ends all. */
  close(): void {
    this.#closed = true;
    for (const monitor of [...this.#monitors]) monitor.close();
    for (const subscription of [...this.#subscriptions]) void subscription.close();
    for (const kind of ["channel", "pattern", "shard"] as const) {
      for (const held of [...this.#held[kind].values()]) {
        for (const { subscription, sink } of [...held]) {
          sink.closed(subscription);
          void this.#registry.remove(subscription, sink);
        }
      }
    }
  }

  #prefixed(
    kind: SubscriptionKind,
    names: readonly (string | Uint8Array)[],
  ): readonly (string | Uint8Array)[] {
    const prefix = this.#prefix;
    if (prefix === undefined) return names;
    return names.map((name) => kind === "pattern" ? prefix.addToPattern(name) : prefix.add(name));
  }

  #drop(kind: SubscriptionKind, key: string, sink: ListenerSink): void {
    const left = (this.#held[kind].get(key) ?? []).filter((held) => held.sink !== sink);
    if (left.length > 0) this.#held[kind].set(key, left);
    else this.#held[kind].delete(key);
  }

  /** The promise, within the limits of a call. */
  #within(promise: Promise<unknown>, call: Call, timeoutError: () => Error): Promise<void> {
    const { clock } = this.#router.options;
    return new Promise((resolve, reject) => {
      const { signal, timeout } = call;
      const abort = (): void => leave(() => reject(signal!.reason));
      const timer = timeout === 0 ? undefined : clock.setTimeout(() => {
        leave(() => reject(timeoutError()));
      }, timeout);
      const leave = (settle: () => void): void => {
        clock.clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        settle();
      };
      signal?.addEventListener("abort", abort, { once: true });
      promise.then(() => leave(resolve), (error) => leave(() => reject(error)));
    });
  }
}

function namesOf(channels: Channels, command: string): readonly (string | Uint8Array)[] {
  const names = Array.isArray(channels)
    ? channels as readonly (string | Uint8Array)[]
    : [channels as string | Uint8Array];
  if (names.length === 0) throw new TypeError(`Cannot ${command}: no channel is given`);
  for (const name of names) {
    if (typeof name !== "string" && !(name instanceof Uint8Array)) {
      throw new TypeError(`Cannot ${command}: a channel is neither text nor bytes`);
    }
  }
  return names;
}
