/**
 * Errors of the user.
 *
 * @module
 */

/** Arguments that a command cannot take: the command line ends with exit code 2, and names the help. */
export class UsageError extends Error {
  /** The name, for messages. */
  override readonly name = "UsageError";
}

/** SIGINT or SIGTERM before a command was finished: the command line ends with exit code 130, without a message. */
export class Interrupted extends Error {
  /** The name, for messages. */
  override readonly name = "Interrupted";
}
