/**
 * Errors that show where a command was called, for `showFriendlyErrorStack`.
 *
 * @module
 */

/** The file that this module is in; frames of its folder, or of the same bundle, are left out. */
const OWN = /[^/\\]*$/[Symbol.replace](import.meta.url.replace(/^file:\/\//, ""), "");

/** Gives an error the stack of the call, without the frames of this library. */
export function friendlyStack(error: Error, call: Error): Error {
  if (typeof error?.stack !== "string" || call.stack === undefined) return error;
  const frames = call.stack.split("\n").slice(1);
  let first = 0;
  while (first < frames.length && frames[first]!.includes(OWN)) first++;
  const [head] = error.stack.split("\n");
  error.stack = [head, ...frames.slice(first)].join("\n");
  return error;
}
