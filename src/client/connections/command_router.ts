/**
 * The contract of what chooses between several multiplexed connections to one server.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import type { Pending } from "../../connection/pending.ts";
import type { QueueStats } from "../../pool/stats.ts";
import type { BatchConnection } from "../pipeline/batch_connection.ts";

/** Chooses the connection of each command. */
export interface CommandRouter {
  /** The commands on the further connections. */
  readonly load: QueueStats;
  /** Sends a command now, or as soon as its order allows it. */
  submit(pending: Pending): void;
  /** Returns the connection for a batch of these commands. */
  forBatch(commands: readonly Command[]): BatchConnection;
  /** Resolves when no command waits for replies over another connection; `undefined` if none waits. */
  settled(): Promise<void> | undefined;
  /** Waits for pending replies, and closes the further connections. */
  close(): Promise<void>;
}
