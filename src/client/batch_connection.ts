/**
 * Commands that take the way to a connection together.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import type { Pending } from "../connection/pending.ts";

/** Something that is more than one command, and goes over one connection. */
export interface BatchAttempt {
  /** While a part of it has yet to be sent: resolves when the last has its reply. */
  readonly whole?: Promise<unknown> | undefined;
  /** There is a connection: sends all on it, or begins to. Called once. */
  send(connection: Connection): void;
  /** What stands in the offline queue in its place while there is no connection. When it is rejected, all are. */
  placeholder(): Pending;
}

/** Where groups get their connection from: a shared lane, or a connection for each. */
export interface BatchConnection {
  /** Measures their time. */
  readonly clock: Clock;
  /** Sends a group now, or as soon as there is a connection. */
  submitBatch(group: BatchAttempt): void;
  /** Whether a refused command came to the wrong server; the next group then gets another connection. */
  misplaced?(error: Error): boolean;
}
