/**
 * The contract between the methods of a client and its connections: implemented for one server and for clusters.
 *
 * @module
 */
import type { Prefix } from "./commands/prefix.ts";
import type { Command } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionEvents, TypedEventTarget } from "../events.ts";
import type { Route } from "../observe/route.ts";
import type { RetryPolicy } from "../retry.ts";
import type { CloseOptions } from "../pool/stats.ts";
import type { Arg, Reply } from "../resp/types.ts";
import type { SubscriptionRouter } from "./pubsub/subscription_router.ts";

/** The options of one call that are not part of the command. */
export interface Call {
  /** `DecodeMode` bits. */
  readonly mode: number;
  /** Milliseconds for the whole of the command; 0 is no limit. */
  readonly timeout: number;
  /** Milliseconds for `connect()`, where `with()` has set a limit. */
  readonly connectTimeout?: number;
  /** Ends the call. */
  readonly signal: AbortSignal | undefined;
  /** The retry policy. */
  readonly retry: RetryPolicy;
  /** The use of the client-side cache; `undefined`: as its options define. */
  readonly cache?: boolean | CallCacheOptions;
  /** In a cluster, the key whose node receives commands without visible keys. */
  readonly key?: string | Uint8Array;
  /** In a cluster, the slot whose node receives commands without visible keys. */
  readonly slot?: number;
  /** In a cluster, the route of the command, for an observer. */
  readonly route?: Route;
  /** In a cluster, collects the nodes that ran the writes of the call. */
  readonly ranAt?: Set<object>;
  /** Called before a dedicated connection is returned on which commands of the call have run. Never rejects. */
  readonly ran?: (connection: Connection | undefined) => Promise<void>;
}

/** The use of the client-side cache by one call. */
export interface CallCacheOptions {
  /** Milliseconds for which a reply may be kept and used again; 0 is no limit. Default: the option `cache.ttl`. */
  readonly ttl?: number;
}

/** The outcome of commands, and where they ran. */
export interface Traced<T> {
  /** The outcome. */
  readonly value: T;
  /** The nodes of a cluster, or the connections to a server. */
  readonly places: Iterable<object>;
}

/** Commands that are sent as they are, since their keys have been prepared. */
export const prepared: WeakSet<Command> = new WeakSet();

/** Runs commands. */
export interface Executor {
  /** Emits `connecting`, `ready`, `reconnecting` and `closed`. */
  readonly events: TypedEventTarget<ConnectionEvents>;
  /** The router of subscriptions. Clients that share connections share one. Without it, subscribing throws. */
  readonly subscriptionRouter?: SubscriptionRouter;
  /** Calls a listener with the push frames of the shared connections; returns how to stop. Without it, that is refused. */
  onPush?(listener: (values: Reply[]) => void): () => void;
  /** Runs a command on the connection that it needs. */
  execute(command: Command, call: Call): Promise<unknown>;
  /**
   * Runs commands as one flight, in order; resolves with their outcomes by position, errors in place. `atomic`: as one
   * transaction (MULTI ... EXEC), so all keys must be in one place; when it is refused, each command that was
   * refused has its own error and the others have the EXECABORT. Commands that block or change the state of a
   * connection are not given to it.
   */
  executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]>;
  /** Leases a connection; `using` returns it. In a cluster `keys`, which must have one slot, select the node. */
  lease(call: Call, keys?: readonly Arg[]): Promise<Connection>;
  /**
   * Whether what failed on a lease with this error was not run and may succeed on another one: its key has moved, or
   * its node has gone. Waits where that takes a while; `turn` counts from 0. Without it, leases stay where they are.
   */
  redirected?(error: unknown, turn: number, call: Pick<Call, "retry" | "signal">): Promise<boolean>;
  /** Runs commands by `run`, and returns where they ran beside their outcome. */
  trace?<T>(run: (call: Call) => Promise<T>, call: Call): Promise<Traced<T>>;
  /**
   * Runs WAIT at a place that {@linkcode trace} returned, behind the commands that ran there.
   *
   * @throws {RedisError} when that server cannot be asked any more.
   */
  waitAt?(place: object, wait: Command, call: Call): Promise<unknown>;
  /** The prefix of keys. Without it, there is none. */
  readonly keyPrefix?: Prefix;
  /** The prefix of channels. Without it, there is none. */
  readonly channelPrefix?: Prefix;
  /** Returns the command as it is sent: with a prefix before its keys, if there is one. Without it, as it is. */
  prepare?(command: Command): Command;
  /** Returns a key as it is sent. Without it, as it is. */
  prepareKey?(key: Arg): Arg;
  /** Whether `close()` has been called. */
  readonly closed: boolean;
  /** Whether keys have slots, so that the keys of one command must share theirs (a cluster). Default `false`. */
  readonly hasSlots?: boolean;
  /**
   * Returns an executor for each server with keys of its own (the masters of a cluster), for SCAN. Missing for one
   * server.
   */
  shards?(call: Call): Promise<readonly Pick<Executor, "execute">[]>;
  /** Returns an executor for the commands of one iteration, as cursors belong to one server. Missing for one server. */
  pin?(): Pick<Executor, "execute">;
  /** Connects now, within the bounds of `connectTimeout` and `retry`. */
  connect(call: Pick<Call, "signal">): Promise<void>;
  /** Closes the executor: waits for pending commands and refuses later ones. */
  close(options?: CloseOptions): Promise<void>;
}
