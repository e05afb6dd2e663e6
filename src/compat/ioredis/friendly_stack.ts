/**
 * Errors that show where a command was called, for `showFriendlyErrorStack`.
 *
 * @module
 */

/** Gives an error the stack of a call; the first frame is the command's method, where `call` was made. */
export function friendlyStack(error: Error, call: Error): Error {
  if (typeof error?.stack !== "string" || typeof call.stack !== "string") return error;
  const [head] = error.stack.split("\n");
  const frames = call.stack.split("\n").filter((line) => /^\s+at |@/.test(line));
  error.stack = [head, ...frames.slice(1)].join("\n");
  return error;
}
