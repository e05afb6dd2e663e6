/**
 * Replies that were decoded as bytes, as text after all: for those that come wrapped up with others in one reply
 * (EXEC), each of which is wanted in its own way.
 *
 * @module
 */
import { EncodingError } from "../errors.ts";
import { toMap } from "./frame.ts";
import { shortAsciiText, textOf } from "./strings.ts";
import type { Reply } from "./types.ts";

/** Up to here a loop beats the call of a decoder. */
const SHORT = 32;

/**
 * The reply with text in place of bytes, as the mode (not `bytes`) says.
 *
 * @throws {EncodingError} for the first string that is not valid.
 */
export function textReply(reply: Reply, mode: number): Reply {
  if (typeof reply !== "object" || reply === null) return reply;
  if (reply instanceof Uint8Array) return textOfBytes(reply, mode);
  if (Array.isArray(reply)) {
    for (let index = 0; index < reply.length; index++) reply[index] = textReply(reply[index]!, mode);
    return reply;
  }
  if (reply instanceof Map) {
    const flat: Reply[] = [];
    for (const [key, value] of reply) flat.push(textReply(key, mode), textReply(value, mode));
    return toMap(flat, mode);
  }
  if (reply instanceof Error) return reply;
  const object = reply as { [name: string]: Reply };
  for (const name in object) object[name] = textReply(object[name]!, mode);
  return reply;
}

function textOfBytes(bytes: Uint8Array, mode: number): string {
  if (bytes.length <= SHORT) {
    const text = shortAsciiText(bytes, 0, bytes.length);
    if (text !== undefined) return text;
  }
  const text = textOf(bytes, mode);
  if (text !== undefined) return text;
  throw new EncodingError(
    `Cannot decode the reply: a string of ${bytes.length} bytes is not valid UTF-8; ` +
      "ask for bytes(), or see this error's bytes",
    bytes,
  );
}
