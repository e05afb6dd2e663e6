/**
 * Errors for replies without a command: they name the kind of the reply, never its content.
 *
 * @module
 */
import { ProtocolError } from "../errors.ts";

/** Kinds of replies by their first byte. */
const KINDS: Readonly<Record<string, string>> = {
  "$": "a bulk string",
  ":": "an integer",
  "*": "an array",
  "+": "a simple string",
  "-": "an error",
  "!": "an error",
  "_": "a null",
  "#": "a boolean",
  ",": "a double",
  "(": "a big number",
  "=": "a verbatim string",
  "%": "a map",
  "~": "a set",
  "|": "attributes",
};

/** Returns the error for a reply whose first byte is `type`; 0: unknown. */
export function unsolicitedReply(type: number): ProtocolError {
  const kind = KINDS[String.fromCharCode(type)];
  const what = kind === undefined ? "" : `: ${kind}`;
  return new ProtocolError(`The server sent a reply that nobody asked for${what}`, { code: "PROTOCOL" });
}

/** Returns the error for an error reply without a command ("max number of clients reached" and similar). */
export function unsolicitedError(cause: Error): ProtocolError {
  const message = `The server sent an error that nobody asked for: ${cause.message}`;
  return new ProtocolError(message, { code: "PROTOCOL", cause });
}
