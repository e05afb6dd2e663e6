/**
 * Types that connections share with pools and clients.
 *
 * @module
 */
import type { ResolvedConnectionOptions } from "../options.ts";
import { DecodeMode, type Reply } from "../resp/types.ts";
import type { Pending } from "./pending.ts";

/** The state of a connection. */
export type ConnectionState = "idle" | "connecting" | "ready" | "closing" | "closed";

/** Options of one call of `connect()`. */
export interface ConnectOptions {
  /** Ends connecting, with its reason, when it is aborted. */
  readonly signal?: AbortSignal;
  /** Whether failed attempts are retried as the option `retry` defines. Default `true`. */
  readonly retry?: boolean;
}

/** Options of one call. */
export interface SendOptions {
  /** The time limit in milliseconds; 0 is no limit. Default: the connection's `commandTimeout`. */
  readonly timeout?: number;
  /** Rejects with its reason when aborted; a late reply is read and dropped. */
  readonly signal?: AbortSignal;
  /** `DecodeMode` bits. Default: by the option `encoding`. */
  readonly mode?: number;
}

/** Receives the events of a connection. */
export interface ConnectionListener {
  /** Receives a push frame: `values[0]` is its kind, the rest is bytes. */
  push?(values: Reply[]): void;
  /**
   * Receives the same message unparsed: bulk strings after the kind are text if they are ASCII, otherwise bytes.
   *
   * @internal
   */
  frame?(values: Reply[]): void;
  /** Called when the connection has ended, without a cause if it was closed on purpose. All commands are settled. */
  closed?(cause: Error | undefined): void;
  /**
   * Called when the connection may be dead, as the process was stopped for long; nothing was sent since. Returns whether
   * the listener replaces it. Else a PING checks it.
   *
   * @internal
   */
  maybeDead?(cause: Error): boolean;
  /**
   * Called once while a large reply arrives (128 KiB of it are there), with its command.
   *
   * @internal
   */
  readonly large?: ((pending: Pending) => void) | undefined;
  /**
   * The connection is to be replaced when its replies have arrived.
   *
   * @internal
   */
  retired?(): void;
}

/** Prints the error of a listener. */
export function reportListenerError(error: unknown): void {
  console.error("A listener of a connection failed:", error);
}

/** The pool that takes a connection back when it is disposed of. */
export interface ConnectionHome {
  /** Takes the connection back. */
  release(connection: object): void;
}

/** Returns the `DecodeMode` bits of the options. */
export function modeOf(options: Pick<ResolvedConnectionOptions, "encoding" | "encodingErrors">): number {
  if (options.encoding === "bytes") return DecodeMode.bytes;
  if (options.encoding === "latin1") return DecodeMode.latin1;
  return options.encodingErrors === "replace" ? DecodeMode.replace : DecodeMode.text;
}
