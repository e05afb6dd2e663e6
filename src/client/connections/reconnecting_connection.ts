/**
 * A connection: a connection that comes back when it is lost, seen by those who want what the server says by itself.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import type { Reply } from "../../resp/types.ts";

/** Who wants the push frames of a connection, and to know when there is a new connection. */
export interface ReconnectingListener {
  /** There is a connection (again). */
  ready(connection: Connection): void;
  /** The connection was lost. */
  lost(cause: Error | undefined): void;
  /** A push frame came; behind its kind, bulk strings are text where they are ASCII, or bytes. */
  push(values: Reply[]): void;
  /** A try to connect has failed; another follows. */
  retrying?(cause: Error | undefined): void;
  /** There is no connection, and none will be tried for by itself: `ensureConnected()` begins anew. */
  failed?(error: Error): void;
  /** There will never be a connection again. */
  closed?(): void;
}

/** A connection, as subscriptions need it. */
export interface ReconnectingConnection {
  /** The connection, when there is one. */
  readonly connection: Connection | undefined;
  /** Adds a listener; where there is a connection already, it is not told of that one. */
  listen(listener: ReconnectingListener): void;
  /** Takes a listener away. */
  unlisten(listener: ReconnectingListener): void;
  /** Makes sure that there will be a connection, without waiting for it. */
  ensureConnected(): void;
  /** Nobody wants anything of the connection any more; one that was opened for that gives its connection back. */
  releaseIfUnused?(): void;
}
