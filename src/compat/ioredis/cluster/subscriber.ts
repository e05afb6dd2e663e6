/**
 * The connection over which a cluster's client subscribes: to any node, and to another one when that is gone.
 *
 * @module
 */
import type { EventEmitter } from "node:events";
import type { RedisBase } from "../redis.ts";
import { noop, sample } from "../support.ts";
import type { ConnectionPool, MakeClient } from "./connection_pool.ts";
import { connectionName, nodeKey } from "./options.ts";

const EVENTS = ["message", "messageBuffer", "pmessage", "pmessageBuffer", "smessage", "smessageBuffer"];

/** The subscriber of a cluster's client. */
export class ClusterSubscriber {
  readonly #pool: ConnectionPool;
  readonly #emitter: EventEmitter;
  readonly #make: MakeClient;
  #started = false;
  #subscriber: RedisBase | null = null;
  /** The last one whose subscriptions are complete. */
  #complete: RedisBase | undefined = undefined;

  /** Follows the nodes of a pool; messages are emitted by `emitter`. */
  constructor(pool: ConnectionPool, emitter: EventEmitter, make: MakeClient) {
    this.#pool = pool;
    this.#emitter = emitter;
    this.#make = make;
    pool.on("-node", (_redis: unknown, key: string) => {
      if (this.#started && this.#subscriber && nodeKey({ ...this.#subscriber.options }) === key) {
        this.#select();
      }
    });
    pool.on("+node", () => {
      if (this.#started && !this.#subscriber) this.#select();
    });
  }

  /** Returns the connection. */
  getInstance(): RedisBase | null {
    return this.#subscriber;
  }

  /** Chooses a node. */
  start(): void {
    this.#started = true;
    this.#select();
  }

  /** Closes the connection. */
  stop(): void {
    this.#started = false;
    this.#subscriber?.disconnect();
    this.#subscriber = null;
  }

  readonly #ended = (): void => {
    if (this.#started) this.#select();
  };

  #select(): void {
    for (const old of new Set([this.#complete, this.#subscriber])) {
      old?.off("end", this.#ended);
      old?.disconnect();
    }
    const node = sample(this.#pool.getNodes());
    if (!node) {
      this.#subscriber = null;
      return;
    }
    const { port, host, username, password, tls, protocol, replyMapping, transport } = node.options;
    const subscriber = this.#make({
      port,
      host,
      username,
      password,
      tls,
      protocol,
      replyMapping,
      transport,
      enableReadyCheck: true,
      connectionName: connectionName("subscriber", node.options.connectionName),
      lazyConnect: true,
      retryStrategy: null,
    });
    this.#subscriber = subscriber;
    subscriber.on("error", noop);
    subscriber.on("moved", () => this.#emitter.emit("forceRefresh"));
    subscriber.once("end", this.#ended);
    for (const event of EVENTS) {
      subscriber.on(event, (...args: unknown[]) => this.#emitter.emit(event, ...args));
    }
    void this.#resubscribe(subscriber);
  }

  async #resubscribe(subscriber: RedisBase): Promise<void> {
    const condition = this.#complete?.condition ?? this.#complete?.prevCondition;
    const channels = condition?.subscriber;
    if (!channels) {
      this.#complete = subscriber;
      return;
    }
    const all: Promise<unknown>[] = [];
    for (const command of ["subscribe", "psubscribe"] as const) {
      const names = channels.channels(command);
      if (names.length > 0) all.push(subscriber.call(command, names));
    }
    for (const name of channels.channels("ssubscribe")) {
      all.push(subscriber.ssubscribe(name) as Promise<unknown>);
    }
    try {
      await Promise.all(all);
      this.#complete = subscriber;
    } catch {
      // The next connection subscribes to the channels of the last complete one.
    }
  }
}
