/**
 * The contract between the parts of a cluster's client.
 *
 * @module
 */
import type { Command } from "../command.ts";
import type { RedisBase } from "../redis.ts";
import type { ConnectionPool } from "./connection_pool.ts";
import type { ClusterOptions } from "./options.ts";

/** The status of a cluster's client. */
export type ClusterStatus =
  | "end"
  | "close"
  | "wait"
  | "connecting"
  | "connect"
  | "ready"
  | "reconnecting"
  | "disconnecting";

/** The handlers of a failed command. */
export interface ErrorHandlers {
  /** Its slot has moved. */
  moved(slot: number, key: string): void;
  /** Its key is on its way. */
  ask(slot: number, key: string): void;
  /** Some of its keys are. */
  tryagain(): void;
  /** The cluster is not in order. */
  clusterDown(): void;
  /** Its node is gone. */
  connectionClosed(): void;
  /** Called after too many redirections. */
  maxRedirections(error: Error): void;
  /** Any other error. */
  defaults(): void;
}

/** A command that waits until the cluster is known. */
export interface Waiting {
  readonly command: Command;
  readonly stream: unknown;
  readonly node: Target | undefined;
}

/** The destination of a pipeline. */
export interface Target {
  /** The slot. */
  slot: number | undefined;
  /** The node, once it is chosen. */
  redis: RedisBase | undefined;
}

/** Redirections that are left. */
export interface Left {
  /** Their number, from the first error on. */
  value?: number;
}

/** A cluster's client, as its parts see it. */
export interface ClusterParts {
  /** The options, with defaults. */
  readonly options: ClusterOptions;
  /** The status. */
  readonly status: ClusterStatus | undefined;
  /** The keys of the nodes that serve each slot. */
  readonly slots: readonly (readonly string[] | undefined)[];
  /** The clients of nodes. */
  readonly connectionPool: ConnectionPool;
  /** Commands that wait until the cluster is known. */
  readonly offlineQueue: Waiting[];
  handleError(error: Error, left: Left, handlers: ErrorHandlers): void;
  noteMoved(slot: number, key: string, inPlace?: boolean): void;
  natMapper(node: string): { host: string; port: number };
  refreshSlotsCache(callback?: (error?: Error) => void): void;
  subscriberFor(command: Command): RedisBase | Error | null;
}

/** Whether a client is connecting, also after something was awaited. */
export function isConnecting({ status }: Pick<ClusterParts, "status">): boolean {
  return status === "connecting";
}
