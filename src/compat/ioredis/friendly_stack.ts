/**
 * Errors that show where a command was called, for `showFriendlyErrorStack`.
 *
 * @module
 */

/** `exec()` of a transaction calls the methods of its commands. */
const EXEC = /^\s+at (?:Transaction|Pipeline)\.exec|compat[\\/]ioredis[\\/]pipeline/;

/** Gives an error the stack of a call; the first frame is the command's method, where `call` was made. */
export function friendlyStack(error: Error, call: Error): Error {
  if (typeof error?.stack !== "string" || typeof call.stack !== "string") return error;
  const [head] = error.stack.split("\n");
  const frames = call.stack.split("\n").filter((line) => /^\s+at |@/.test(line)).slice(1);
  while (frames[0] !== undefined && EXEC.test(frames[0])) frames.shift();
  error.stack = [head, ...frames].join("\n");
  return error;
}
