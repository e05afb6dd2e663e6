/**
 * The contract of what chooses between several multiplexed connections to one server.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Pending } from "../../connection/pending.ts";
import type { QueueStats } from "../../pool/stats.ts";
import type { BatchConnection } from "../pipeline/batch_connection.ts";

/** Chooses the connection of each command. */
export interface CommandRouter {
  /** The commands on the further connections. */
  readonly load: QueueStats;
  /** The further connections that are open. */
  readonly connections: readonly Connection[];
  /** The number of commands that wait to be sent over further connections. */
  readonly waiting: number;
  /** Sends a command now, or as soon as its order allows it. */
  submit(pending: Pending): void;
  /** Returns the connection for a batch of these commands. */
  forBatch(commands: readonly Command[]): BatchConnection;
  /** Removes and returns the commands that wait to be sent over further connections. */
  takeWaiting(): Pending[];
  /** Another sender takes a failed command over, or it is rejected. */
  returned(pending: Pending): void;
  /** Returns the error for a command that must not be sent again, as a later one may have run. */
  refusal(pending: Pending, error: Error): Error | undefined;
  /** Resolves when no command waits for replies over another connection; `undefined` if none waits. */
  settled(): Promise<void> | undefined;
  /** Waits for pending replies, and closes the further connections. */
  close(): Promise<void>;
}
