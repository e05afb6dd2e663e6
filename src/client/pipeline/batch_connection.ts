/**
 * The contract between batches and connections.
 *
 * @module
 */
import type { Clock } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import type { BatchSink, Pending, Sender } from "../../connection/pending.ts";
import type { RedisError } from "../../errors.ts";
import type { RetryPolicy } from "../../retry.ts";

/** A connection that others use at the same time: it keeps the order of all, over refusals and losses, too. */
export interface BatchTarget extends Sender {
  /** The retry policy of commands that bring none. */
  readonly retry: RetryPolicy;
  /** The sender of the last command of a batch that is retried as a whole. */
  readonly last: Sender;
  /** Drops the commands of a batch that wait for their retry; they are rejected with `reason`. */
  withdraw(sink: BatchSink, reason: unknown): void;
  /**
   * A batch was refused as a whole, or never sent: sends it again in its place, where the policy of `placeholder` allows it.
   * `last`: its command whose reply came last.
   */
  recoverBatch(batch: BatchAttempt, placeholder: Pending, error: RedisError, last: Pending): boolean;
}

/** One attempt of several commands on one connection. */
export interface BatchAttempt {
  /** Sends all on a connection; `target` where others use it, too. Called again only after `recoverBatch`. */
  send(connection: Connection, target?: BatchTarget): void;
  /** Returns the placeholder of the batch in the offline queue. Rejecting it rejects all commands. */
  placeholder(): Pending;
}

/** A source of connections for batches: a shared connection, or one for each batch. */
export interface BatchConnection {
  /** Measures their time. */
  readonly clock: Clock;
  /** Whether commands that the server refuses for now are retried here, in order. Default `false`. */
  readonly ordered?: boolean;
  /** Sends a batch now, or as soon as there is a connection. */
  submitBatch(batch: BatchAttempt): void;
  /** Whether a refused command came to the wrong server; the next batch then gets another connection. */
  misplaced?(error: Error): boolean;
  /** Called when commands of a batch have succeeded, before the connection is returned. Never rejects. */
  ran?(): Promise<void> | undefined;
}
