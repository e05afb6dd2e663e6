/**
 * Many commands of one caller that keep one place among the commands of a connection.
 *
 * They are made one after the other when there is room for them, so that a huge pipeline neither fills the memory nor the
 * limits of the queue. What is called later waits behind all of them.
 *
 * @module
 */
import type { Pending } from "./pending.ts";

/** The commands of a pipeline that have not been sent. */
export interface CommandSource {
  /** The next command; `undefined`: there is none. It stays the next one until it has settled or `advance()` is called. */
  readonly head: Pending | undefined;
  /** Whether the next command waits for replies to earlier ones. When it waits no more, the source calls `link.proceed()`. */
  readonly full: boolean;
  /** The head is being sent: the command behind it becomes the head. */
  advance(): void;
  /** The connection is lost: the head and all behind it have not been sent. */
  fail(error: Error): void;
}
