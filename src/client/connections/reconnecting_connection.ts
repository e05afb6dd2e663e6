/**
 * A connection that reconnects, as seen by subscriptions and other users of push messages.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import type { Reply } from "../../resp/types.ts";

/** Receives push messages, and is called when a connection is established or lost. */
export interface ReconnectingListener {
  /** Called when there is a connection. */
  ready(connection: Connection): void;
  /** The connection was lost. */
  lost(cause: Error | undefined): void;
  /** A push frame came; behind its kind, bulk strings are text where they are ASCII, or bytes. */
  push(values: Reply[]): void;
  /** A try to connect has failed; another follows. */
  retrying?(cause: Error | undefined): void;
  /** Called when connecting has failed for good. `ensureConnected()` starts again. */
  failed?(error: Error): void;
  /** Called when the connection is closed for good. */
  closed?(): void;
}

/** A connection, as subscriptions need it. */
export interface ReconnectingConnection {
  /** The connection, when there is one. */
  readonly connection: Connection | undefined;
  /** Adds a listener. It is not called for an existing connection. */
  listen(listener: ReconnectingListener): void;
  /** Takes a listener away. */
  unlisten(listener: ReconnectingListener): void;
  /** Makes sure that there will be a connection, without waiting for it. */
  ensureConnected(): void;
  /** Releases the connection if it was opened for listeners only and has none left. */
  releaseIfUnused?(): void;
}
