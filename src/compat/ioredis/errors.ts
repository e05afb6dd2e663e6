/**
 * The errors of the ioredis API: those of Keywire for replies, and those of ioredis.
 *
 * @module
 */
import { ReplyError } from "../../errors.ts";

export { ReplyError };

/** The base of errors that ioredis makes itself. */
export class RedisError extends Error {
  /** The name of the class. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** A command was aborted before its reply arrived. */
export class AbortError extends RedisError {
  /** The command. */
  declare command?: { readonly name: string; readonly args: readonly unknown[] };
}

/** The error of commands that are aborted after `maxRetriesPerRequest` attempts to reconnect. */
export class MaxRetriesPerRequestError extends AbortError {
  /** Makes the error for a limit. */
  constructor(maxRetriesPerRequest: number) {
    super(
      `Reached the max retries per request limit (which is ${maxRetriesPerRequest}). Refer to "maxRetriesPerRequest" option for details.`,
    );
  }
}

/** No node of the cluster returned the slots. */
export class ClusterAllFailedError extends RedisError {
  /** The message. */
  static readonly defaultMessage: string = "Failed to refresh slots cache.";
  /** The error of the node that was asked last. */
  readonly lastNodeError: Error | null;

  /** Makes the error. */
  constructor(message: string, lastNodeError: Error | null) {
    super(message);
    this.lastNodeError = lastNodeError;
  }
}
