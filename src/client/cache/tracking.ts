/**
 * CLIENT TRACKING on the connections of a cache: the server sends the keys that change.
 *
 * @module
 */
import { Command, defineCommand } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import { RedisError } from "../../errors.ts";
import type { ResolvedCacheOptions } from "../../options.ts";
import type { Reply } from "../../resp/types.ts";
import type { MultiplexedConnection } from "../connections/multiplexed_connection.ts";
import type { ReconnectingConnection, ReconnectingListener } from "../connections/reconnecting_connection.ts";
import { type ChangedKeys, watchWrites } from "./own_writes.ts";

const TRACKING = defineCommand("CLIENT TRACKING", 0);

/** The cache of tracked connections. */
export interface TrackingOwner {
  /** Its options. */
  readonly options: ResolvedCacheOptions;
  /** Called when a command of this client may change keys, or has changed them. */
  forget(keys: ChangedKeys | undefined): void;
  /** Called for an invalidation; `null`: of all keys. */
  invalidated(keys: Reply): void;
  /** Called when invalidations may have been lost. */
  clear(): void;
}

/** The tracking of the connections of one cache. */
export class Tracking {
  readonly #owner: TrackingOwner;
  readonly #connections: Map<ReconnectingConnection, ReconnectingListener> = new Map();
  readonly #tracked: Set<Connection> = new Set();
  /** Connections whose server refused tracking, with the error. */
  readonly #refused: Map<Connection, Error> = new Map();

  /** Creates the tracking for `owner`, without connections. */
  constructor(owner: TrackingOwner) {
    this.#owner = owner;
  }

  /**
   * Whether all connections have tracking. The connection of a reply is not known here, so one without tracking
   * disables the cache.
   */
  get active(): boolean {
    return this.#tracked.size > 0 && this.#refused.size === 0;
  }

  /** The error of the server, if it refused tracking. */
  get error(): Error | undefined {
    return [...this.#refused.values()][0];
  }

  /** Enables tracking on a connection, before anything is sent over it. */
  attach(shared: MultiplexedConnection): void {
    if (this.#connections.has(shared)) return;
    const unwatch = watchWrites(shared.pool, (keys) => this.#owner.forget(keys));
    let current: Connection | undefined;
    const lost = (): void => {
      if (current !== undefined) {
        this.#tracked.delete(current);
        this.#refused.delete(current);
      }
      current = undefined;
      this.#owner.clear();
    };
    const listener: ReconnectingListener = {
      ready: (connection) => {
        current = connection;
        this.#track(connection);
      },
      lost,
      push: (values) => {
        if (values[0] === "invalidate") this.#owner.invalidated(values[1] ?? null);
      },
      closed: () => {
        this.#connections.delete(shared);
        unwatch();
        // The server keeps sending invalidations, so a pool must not lease the connection to other callers.
        current?.session.taint();
        lost();
      },
    };
    this.#connections.set(shared, listener);
    shared.listen(listener);
    if (shared.connection !== undefined) listener.ready(shared.connection);
  }

  /** Enables tracking, in the same batch and before all reads that are cached. */
  #track(connection: Connection): void {
    if (connection.protocol !== 3) {
      const message =
        `Cannot cache what ${connection.address} says: it speaks RESP2, which has no invalidations`;
      this.#refused.set(connection, new RedisError(message, { code: "CACHE", executed: "no" }));
      return;
    }
    const { mode, prefixes, optIn } = this.#owner.options;
    const args = mode === "broadcast"
      ? ["ON", "BCAST", ...prefixes.flatMap((prefix) => ["PREFIX", prefix])]
      : optIn
      ? ["ON", "OPTIN"]
      : ["ON"];
    this.#tracked.add(connection);
    connection.execute(new Command(TRACKING, args)).catch((error: Error) => {
      if (!this.#tracked.delete(connection)) return;
      this.#refused.set(connection, error);
      this.#owner.clear();
    });
  }
}
