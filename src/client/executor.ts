/**
 * What stands between a client's methods and its connections: one for a single server, one for a cluster.
 *
 * @module
 */
import type { Command } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionEvents, TypedEventTarget } from "../events.ts";
import type { Route } from "../observe/route.ts";
import type { RetryPolicy } from "../retry.ts";
import type { Reply } from "../resp/types.ts";
import type { SubscriptionRouter } from "./pubsub/subscription_router.ts";

/** What holds for one call and is not part of the command. */
export interface Call {
  /** `DecodeMode` bits. */
  readonly mode: number;
  /** Milliseconds for the whole of the command; 0 is no limit. */
  readonly timeout: number;
  /** Ends the call. */
  readonly signal: AbortSignal | undefined;
  /** When the command is repeated. */
  readonly retry: RetryPolicy;
  /** Whether the client's cache may answer, and with what; `undefined`: as its options say. */
  readonly cache?: boolean | CallCacheOptions;
  /** In a cluster, the key whose node gets commands without keys of their own. */
  readonly key?: string | Uint8Array;
  /** In a cluster, the slot whose node gets commands without keys of their own. */
  readonly slot?: number;
  /** In a cluster, the record of where the command goes, for an observer. */
  readonly route?: Route;
  /** In a cluster, collects the nodes that ran the writes of the call. */
  readonly ranAt?: Set<object>;
}

/** How one call uses the client's cache. */
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

/** Runs commands. */
export interface Executor {
  /** Tells of connecting, ready, reconnecting and closed. */
  readonly events: TypedEventTarget<ConnectionEvents>;
  /** Where subscriptions live; clients that share their connections share one. Without it, subscribing is refused. */
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
  /** Takes a connection for exclusive use, `using` gives it back; `key` says for which key it is, where that matters. */
  lease(call: Call, key?: string | Uint8Array): Promise<Connection>;
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
  /** Whether `close()` has been called. */
  readonly closed: boolean;
  /**
   * Only where keys are spread over several servers: what runs commands on each of them that has keys of its own
   * (the masters of a cluster), for SCAN to go through one after the other.
   */
  shards?(call: Call): Promise<readonly Pick<Executor, "execute">[]>;
  /** Connects now, within the bounds of `connectTimeout` and `retry`. */
  connect(call: Pick<Call, "signal">): Promise<void>;
  /** Ends: waits for what is on its way, refuses what comes later. */
  close(): Promise<void>;
}
