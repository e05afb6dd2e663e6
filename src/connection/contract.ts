/**
 * What a connection and those around it know of each other.
 *
 * @module
 */
import type { ResolvedConnectionOptions } from "../options.ts";
import { DecodeMode, type Reply } from "../resp/types.ts";

/** Where a connection stands in its life. */
export type ConnectionState = "idle" | "connecting" | "ready" | "closing" | "closed";

/** Options of one call of `connect()`. */
export interface ConnectOptions {
  /** Ends connecting, with its reason, when it is aborted. */
  readonly signal?: AbortSignal;
  /** Whether failed tries are retried as the connection's option `retry` says. Default `true`. */
  readonly retry?: boolean;
}

/** Limits of one call. */
export interface SendOptions {
  /** Milliseconds that it may take; 0 is no limit. Default: the connection's `commandTimeout`. */
  readonly timeout?: number;
  /** Rejects with its reason when aborted; a late reply is read and dropped. */
  readonly signal?: AbortSignal;
  /** `DecodeMode` bits. Default: as the connection's `encoding` says. */
  readonly mode?: number;
}

/** Who wants to know what happens to a connection. */
export interface ConnectionListener {
  /** A push frame came; `values[0]` is its kind, the rest is bytes. */
  push?(values: Reply[]): void;
  /**
   * The same, as it was read: behind the kind, bulk strings are text where they are ASCII, or bytes.
   *
   * @internal
   */
  frame?(values: Reply[]): void;
  /** It has ended; without a cause, by plan. All its commands are settled. */
  closed?(cause: Error | undefined): void;
}

/** Tells of a listener that threw, which disturbs neither the other listeners nor the connection. */
export function reportListenerError(error: unknown): void {
  console.error("A listener of a connection failed:", error);
}

/** Whom a connection goes back to when it is disposed of: its pool. */
export interface ConnectionHome {
  /** Takes the connection back. */
  release(connection: object): void;
}

/** The `DecodeMode` bits that the options ask for. */
export function modeOf(options: Pick<ResolvedConnectionOptions, "encoding" | "encodingErrors">): number {
  if (options.encoding === "bytes") return DecodeMode.bytes;
  if (options.encoding === "latin1") return DecodeMode.latin1;
  return options.encodingErrors === "replace" ? DecodeMode.replace : DecodeMode.text;
}
