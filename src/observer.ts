/**
 * What somebody who watches a client is told: operations from their beginning to their end, and pools.
 *
 * Names and numbers only. The arguments of commands, their replies and all credentials stay inside, so that nothing that
 * is written down by an observer can leak them.
 *
 * @module
 */

/** Where an operation goes, as far as it is known when it begins. */
export interface Target {
  /** The host name or address; of a Unix socket, its path. */
  readonly address: string;
  /** The port; `undefined` for a Unix socket. */
  readonly port: number | undefined;
  /** The number of the database. */
  readonly db: number;
}

/** Where a command of a cluster's client went. It changes until the operation ends. */
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
  /** What kind of operation it is. */
  readonly kind: "command";
  /** The command's name: `"GET"`, `"CONFIG GET"`. */
  readonly name: string;
  /** What EVALSHA (the digest) or FCALL (the function's name) runs. */
  readonly procedure: string | undefined;
  /** Where it goes; in a cluster the first startup node. */
  readonly target: Target;
  /** The node and slot, in a cluster. */
  readonly route?: ObservedRoute;
}

/** Commands that are sent together: a pipeline, or a transaction. */
export interface BatchOperation {
  /** What kind of operation it is. */
  readonly kind: "batch";
  /** The names of the commands, in order. */
  readonly names: readonly string[];
  /** Whether they are one transaction. */
  readonly atomic: boolean;
  /** Where they go; in a cluster the first startup node. */
  readonly target: Target;
  /** The node and slot, in a cluster. */
  readonly route?: ObservedRoute;
}

/** A connection is opened for a pool: name lookup, socket, TLS and handshake, repeats included. */
export interface ConnectOperation {
  /** What kind of operation it is. */
  readonly kind: "connect";
  /** Where to. */
  readonly target: Target;
}

/** Somebody takes a connection out of a pool: waiting for a place and connecting included. */
export interface AcquireOperation {
  /** What kind of operation it is. */
  readonly kind: "acquire";
  /** Where the pool's connections go. */
  readonly target: Target;
}

/** Something that takes time and may fail. */
export type Operation = CommandOperation | BatchOperation | ConnectOperation | AcquireOperation;

/** A pool, as an observer sees it. */
export interface ObservedPool {
  /** What it has at this moment. */
  stats(): {
    readonly idle: number;
    readonly inUse: number;
    readonly waiting: number;
    readonly max: number;
  };
  /** What was asked for: how many are kept ready. */
  readonly options: { readonly minIdle: number };
  /** Whether it has been closed. */
  readonly closed: boolean;
}

/** A client-side cache, as an observer sees it. */
export interface ObservedCache {
  /** What it has done so far. */
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
  /** Whether anybody listens now to operations of this kind. Asked before each, for commands once a tick. */
  listens(kind: Operation["kind"]): boolean;
  /**
   * Runs an operation, and settles as it does. Called only where `listens` said so; it must call `run` once, at once,
   * and hand on what that returns. One that throws, rejects, never settles or returns something else changes nothing for
   * the caller: the operation runs once and has its own outcome, and the console is told once of the observer's error.
   */
  observe<T>(operation: Operation, run: () => Promise<T>): Promise<T>;
  /** A pool was made. */
  pool?(pool: ObservedPool, target: Target): void;
  /** A client-side cache was made. */
  cache?(cache: ObservedCache, target: Target): void;
  /**
   * Somebody gave a connection back to its pool, or has held one to the pool's end; `time` is how long, in milliseconds. The
   * connection that a client's plain commands share is held as long as they have it.
   */
  returned?(time: number, target: Target): void;
  /** A node of a cluster has redirected a command; `target` is the cluster's first startup node. */
  redirected?(redirection: ObservedRedirection, target: Target): void;
  /** The pool of a cluster has refreshed its topology, or failed to; `target` is the cluster's first startup node. */
  refreshed?(refresh: ObservedRefresh, target: Target): void;
}
