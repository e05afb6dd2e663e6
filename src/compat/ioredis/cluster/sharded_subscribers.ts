/**
 * Sharded channels: one subscriber at each node that serves some of them.
 *
 * @module
 */
import type { EventEmitter } from "node:events";
import { slotOf } from "../../../cluster/routing/slot.ts";
import type { Command } from "../command.ts";
import { AbortError } from "../errors.ts";
import type { RedisBase } from "../redis.ts";
import { noop } from "../support.ts";
import type { ConnectionPool, MakeClient } from "./connection_pool.ts";
import { connectionName } from "./options.ts";

/** The subscribers of a cluster's sharded channels. */
export class ShardedSubscribers {
  readonly #pool: ConnectionPool;
  readonly #emitter: EventEmitter;
  readonly #make: MakeClient;
  readonly #subscribers: Map<string, RedisBase> = new Map();
  /** The node at which each channel is subscribed to. */
  readonly #channels: Map<string, string> = new Map();

  /** Follows the nodes of a pool; messages are emitted by `emitter`. */
  constructor(pool: ConnectionPool, emitter: EventEmitter, make: MakeClient) {
    this.#pool = pool;
    this.#emitter = emitter;
    this.#make = make;
  }

  /** Returns the subscriber for the channels of a command; null where no node serves them, an error where several do. */
  responsible(command: Command, slots: readonly (readonly string[] | undefined)[]): RedisBase | Error | null {
    const slot = command.getSlot();
    if (command.getKeys().some((channel) => slotOf(channel) !== slot)) {
      return new AbortError("Possible CROSSSLOT error: All channels must hash to the same slot");
    }
    const key = slot === null ? undefined : slots[slot]?.[0];
    const subscriber = key === undefined ? undefined : this.#at(key);
    if (subscriber === undefined) return null;
    for (const channel of command.getKeys()) {
      if (command.name === "ssubscribe") this.#channels.set(String(channel), key!);
      else this.#channels.delete(String(channel));
    }
    return subscriber;
  }

  /** Moves subscriptions to the nodes that serve their slots now. */
  reset(slots: readonly (readonly string[] | undefined)[]): void {
    for (const [channel, old] of this.#channels) {
      const key = slots[slotOf(channel)]?.[0];
      if (key === undefined || (key === old && this.#subscribers.has(key))) continue;
      const subscriber = this.#at(key);
      if (subscriber === undefined) continue;
      this.#channels.set(channel, key);
      if (old !== key) this.#subscribers.get(old)?.sunsubscribe(channel).catch(noop);
      subscriber.ssubscribe(channel).catch(noop);
    }
    const used = new Set(this.#channels.values());
    for (const [key, subscriber] of this.#subscribers) {
      if (used.has(key)) continue;
      this.#subscribers.delete(key);
      subscriber.disconnect();
      this.#emitter.emit("-subscriber");
    }
  }

  /** Closes all. */
  stop(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.disconnect();
    this.#subscribers.clear();
  }

  #at(key: string): RedisBase | undefined {
    const known = this.#subscribers.get(key);
    if (known !== undefined) return known;
    const node = this.#pool.getInstanceByKey(key);
    if (node === undefined) return undefined;
    const { options } = node;
    const subscriber = this.#make({
      ...options,
      readOnly: false,
      enableReadyCheck: true,
      lazyConnect: true,
      retryStrategy: null,
      connectionName: connectionName("ssubscriber", options.connectionName),
    });
    this.#subscribers.set(key, subscriber);
    subscriber.on("error", (error: Error) => this.#emitter.emit("nodeError", error, key));
    const refresh = (): void => void this.#emitter.emit("forceRefresh");
    subscriber.on("moved", refresh);
    subscriber.once("end", () => {
      if (this.#subscribers.get(key) !== subscriber) return;
      this.#subscribers.delete(key);
      refresh();
    });
    for (const event of ["smessage", "smessageBuffer"]) {
      subscriber.on(event, (...args: unknown[]) => this.#emitter.emit(event, ...args));
    }
    this.#emitter.emit("+subscriber");
    return subscriber;
  }
}
