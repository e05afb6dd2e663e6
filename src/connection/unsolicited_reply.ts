/**
 * What is said of a reply that nobody asked for: of what kind it was, never what it held.
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

/** The error for a reply whose first byte is `type`; 0: that is not known. */
export function unsolicitedReply(type: number): ProtocolError {
  const kind = KINDS[String.fromCharCode(type)];
  const what = kind === undefined ? "" : `: ${kind}`;
  return new ProtocolError(`The server sent a reply that nobody asked for${what}`, { code: "PROTOCOL" });
}

/** The error for an error that the server sent by itself: "max number of clients reached" and its like. */
export function unsolicitedError(cause: Error): ProtocolError {
  const message = `The server sent an error that nobody asked for: ${cause.message}`;
  return new ProtocolError(message, { code: "PROTOCOL", cause });
}
