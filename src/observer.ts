/**
 * The contract of observers: operations from start to end, and pools.
 *
 * Observers get names and numbers. They never get arguments, replies or credentials.
 *
 * @module
 */

/** The target of an operation, as far as it is known at the start. */
export interface Target {
  /** The host name or address; of a Unix socket, its path. */
  readonly address: string;
  /** The port; `undefined` for a Unix socket. */
  readonly port: number | undefined;
  /** The number of the database. */
  readonly db: number;
}

/** The route of a command of a cluster's client. It changes until the operation ends. */
export interface ObservedRoute {
  /** The slot of its keys; `undefined` for none or several. */
  readonly slot: number | undefined;
  /** The node that it was sent to last; `undefined` for none or several. */
  readonly node: Pick<Target, "address" | "port"> | undefined;
  /** The number of MOVED and ASK replies to it, or to the commands of a batch. */
  readonly redirections: number;
}

/** One command, from the call to its settling: waiting, reconnecting, redirections and repeats included. */
export interface CommandOperation {
  /** The kind of operation. */
  readonly kind: "command";
  /** The command's name: `"GET"`, `"CONFIG GET"`. */
  readonly name: string;
  /** The SHA-1 digest of EVALSHA, or the function of FCALL. */
  readonly procedure: string | undefined;
  /** The target; in a cluster the first startup node. */
  readonly target: Target;
  /** The node and slot, in a cluster. */
  readonly route?: ObservedRoute;
}

/** Commands that are sent together: a pipeline, or a transaction. */
export interface BatchOperation {
  /** The kind of operation. */
  readonly kind: "batch";
  /** The names of the commands, in order. */
  readonly names: readonly string[];
  /** Whether they are one transaction. */
  readonly atomic: boolean;
  /** The target; in a cluster the first startup node. */
  readonly target: Target;
  /** The node and slot, in a cluster. */
  readonly route?: ObservedRoute;
}

/** A connection is opened for a pool: name lookup, socket, TLS and handshake, repeats included. */
export interface ConnectOperation {
  /** The kind of operation. */
  readonly kind: "connect";
  /** The target. */
  readonly target: Target;
}

/** A caller acquires a connection of a pool. Includes waiting and connecting. */
export interface AcquireOperation {
  /** The kind of operation. */
  readonly kind: "acquire";
  /** The target of the pool's connections. */
  readonly target: Target;
}

/** An operation that takes time and may fail. */
export type Operation = CommandOperation | BatchOperation | ConnectOperation | AcquireOperation;

/** A pool, as an observer sees it. */
export interface ObservedPool {
  /** Returns the present state. */
  stats(): {
    readonly idle: number;
    readonly inUse: number;
    readonly waiting: number;
    readonly max: number;
  };
  /** The configured number of idle connections. */
  readonly options: { readonly minIdle: number };
  /** Whether it has been closed. */
  readonly closed: boolean;
}

/** A client-side cache, as an observer sees it. */
export interface ObservedCache {
  /** Returns the totals since the start. */
  stats(): {
    readonly hits: number;
    readonly misses: number;
    readonly evictions: number;
    readonly invalidations: number;
  };
}

/** A MOVED or ASK reply of a cluster's node. */
export interface ObservedRedirection {
  /** The reply. */
  readonly code: "MOVED" | "ASK";
  /** The slot. */
  readonly slot: number;
  /** The node that replied; `undefined` where that is not known. */
  readonly from: Pick<Target, "address" | "port"> | undefined;
  /** The node that it named. */
  readonly to: Pick<Target, "address" | "port">;
}

/** A query of a cluster's nodes for the slots. */
export interface ObservedRefresh {
  /** The cause: `"start"`, `"moved"`, `"down"`, `"lost"`, `"silent"`, `"interval"` or `"asked"`. */
  readonly reason: string;
  /** Whether a slot, a role or a node's health has changed. */
  readonly changed: boolean;
  /** Its duration in milliseconds. */
  readonly time: number;
  /** The reason for which it failed. */
  readonly error?: Error;
}

/** A `MultiRedis` uses another database. */
export interface ObservedFailover {
  /** The database that was used. */
  readonly from: Target;
  /** The database that is used now. */
  readonly to: Target;
  /** The error that made the first one unavailable; `undefined` when the client returns to a preferred one. */
  readonly error: Error | undefined;
}

/** A server has announced maintenance to a pool. */
export interface ObservedMaintenance {
  /** `"MOVING"`, `"MIGRATING"`, `"MIGRATED"`, `"FAILING_OVER"`, `"FAILED_OVER"`, `"SMIGRATING"` or `"SMIGRATED"`. */
  readonly notification: string;
  /** Milliseconds until the maintenance begins; `undefined` at its end. */
  readonly time: number | undefined;
}

/** A pool replaces a connection because its server moves. */
export interface ObservedHandover {
  /** The new address; `undefined`: the name will lead to another server. */
  readonly to: Pick<Target, "address" | "port"> | undefined;
}

/**
 * Watches what clients and pools do; given as the option `observer`.
 *
 * @example
 * ```ts
 * import { type Observer, Redis } from "@keywire/redis";
 *
 * const slow: Observer = {
 *   listens: (kind) => kind === "command",
 *   async observe(operation, run) {
 *     const start = performance.now();
 *     try {
 *       return await run();
 *     } finally {
 *       const took = performance.now() - start;
 *       if (took > 100 && operation.kind === "command") console.warn(`${operation.name} took ${took} ms`);
 *     }
 *   },
 * };
 * await using redis = new Redis("redis://localhost:6379/0", { observer: slow });
 * await redis.ping();
 * ```
 */
export interface Observer {
  /**
   * Returns whether operations of this kind are observed now. Called before each operation, for commands once a tick.
   */
  listens(kind: Operation["kind"]): boolean;
  /**
   * Runs an operation and settles with its outcome. Called only if `listens` returned `true`. It must call `run`
   * once, synchronously, and return its result. An observer that throws, rejects, never settles or returns something
   * else does not affect the caller; its first error goes to the console.
   */
  observe<T>(operation: Operation, run: () => Promise<T>): Promise<T>;
  /** A pool was made. */
  pool?(pool: ObservedPool, target: Target): void;
  /** A client-side cache was made. */
  cache?(cache: ObservedCache, target: Target): void;
  /**
   * Called when a connection returns to its pool, or when the pool closes. `time` is the duration of the lease in
   * milliseconds. A client leases its shared connection as long as it is connected.
   */
  returned?(time: number, target: Target): void;
  /** A node of a cluster has redirected a command; `target` is the cluster's first startup node. */
  redirected?(redirection: ObservedRedirection, target: Target): void;
  /** The pool of a cluster has refreshed its topology, or failed to; `target` is the cluster's first startup node. */
  refreshed?(refresh: ObservedRefresh, target: Target): void;
  /** A `MultiRedis` uses another database, `target`. Called for the observer of that database. */
  failedOver?(failover: ObservedFailover, target: Target): void;
  /** A server has announced maintenance. Called once for each announcement and pool. */
  maintenance?(maintenance: ObservedMaintenance, target: Target): void;
  /** A connection is replaced because its server moves; `target` is the usual target of the pool. */
  handedOver?(handover: ObservedHandover, target: Target): void;
}
