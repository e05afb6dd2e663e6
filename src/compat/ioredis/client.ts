/**
 * The contract between the parts of a client.
 *
 * @module
 */
import type { EventEmitter } from "node:events";
import type { Transport } from "../../transport.ts";
import type { Command } from "./command.ts";
import type { Connector } from "./connector.ts";
import type { RedisOptions } from "./options.ts";
import type { ReplyMappingMode } from "./reply.ts";
import type { SubscriptionSet } from "./subscription_set.ts";
import type { CommandItem, Wire, WireOwner } from "./wire.ts";

/** The status of a client. */
export type RedisStatus =
  | "wait"
  | "reconnecting"
  | "connecting"
  | "connect"
  | "ready"
  | "monitoring"
  | "close"
  | "end";

/** The state of a connection. */
export interface Condition {
  /** The database. */
  select: number | undefined;
  /** The credentials. */
  auth: string | [string, string | undefined] | null | undefined;
  /** The subscriptions, or `false`. */
  subscriber: false | SubscriptionSet;
  /** The version of the protocol. */
  protocol: 2 | 3;
  /** The shapes of replies. */
  replyMapping: ReplyMappingMode;
  /** Numbers are given as text. */
  stringNumbers: boolean;
  /** The handshake is under way. */
  handshake: boolean;
}

/** The queues to flush. */
export interface FlushQueueOptions {
  /** Commands that wait for a connection. Default `true`. */
  offlineQueue?: boolean;
  /** Commands that wait for a reply. Default `true`. */
  commandQueue?: boolean;
}

/** Receives replies and push messages. */
export type Receiver = Pick<WireOwner, "reply" | "replyError" | "push">;

// deno-lint-ignore no-explicit-any
type Call = (...args: any[]) => any;

/** A client, as its parts see it. */
export interface Client extends Pick<EventEmitter, "on" | "once" | "off" | "emit" | "listenerCount"> {
  /** The options, with defaults. */
  readonly options: RedisOptions;
  /** The transport. */
  readonly transport: Transport | undefined;
  /** Finds the server. */
  readonly connector: Connector;
  /** Receives replies and push messages. */
  readonly dispatcher: Receiver;
  /** The status. */
  status: RedisStatus;
  /** The state of the connection. */
  condition: Condition | null;
  /** The number of the connection. */
  connectionEpoch: number;
  /** Attempts to reconnect since it was ready. */
  retryAttempts: number;
  /** The next end is wanted. */
  manuallyClosing: boolean;
  /** The next attempt. */
  reconnectTimeout: ReturnType<typeof setTimeout> | null;
  /** Commands that wait for a connection. */
  offlineQueue: CommandItem[];
  /** The state of the connection that was lost. */
  prevCondition: Condition | null;
  /** Commands to send again. */
  prevCommandQueue: CommandItem[] | null;
  /** Commands whose connection was lost. */
  lostCommands: CommandItem[];
  /** The connection. */
  wire: Wire | undefined;
  /** Aborts an attempt to connect. */
  abortConnecting: (() => void) | undefined;
  sendCommand: (command: Command, stream?: unknown) => unknown;
  connect(): Promise<void>;
  disconnect(reconnect?: boolean): void;
  silentEmit(event: string, arg?: unknown): boolean;
  setStatus(status: RedisStatus, arg?: unknown): void;
  flushQueue(error: Error, options?: FlushQueueOptions): void;
  resetOfflineQueue(): void;
  recoverFromFatalError(commandError: Error, error: Error, options?: FlushQueueOptions): void;
  handleReconnection(error: Error, item: CommandItem): void;
  becomeReady(): void;
  _readyCheck(callback: (error: Error | null, info?: Record<string, string>) => void): void;
  readonly hello: Call;
  readonly auth: Call;
  readonly select: Call;
  readonly client: Call;
  readonly readonly: Call;
  readonly info: Call;
  readonly call: Call;
  readonly subscribe: Call;
  readonly psubscribe: Call;
  readonly ssubscribe: Call;
}
