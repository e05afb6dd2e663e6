/**
 * Converts replies that were decoded as bytes to text. Needed for replies within EXEC, each of which has its own
 * mode.
 *
 * @module
 */
import { EncodingError } from "../errors.ts";
import { toMap } from "./maps.ts";
import { setField } from "./objects.ts";
import { invalidText, shortAsciiText, textOf } from "./strings.ts";
import type { Reply } from "./types.ts";

/** Up to here a loop beats the call of a decoder. */
const SHORT = 32;

/**
 * Returns the reply with text instead of bytes, in the given mode.
 *
 * @throws {EncodingError} for the first string that is not valid, with the whole reply.
 */
export function textReply(reply: Reply, mode: number): Reply {
  const found: { invalid?: EncodingError } = {};
  const converted = convert(reply, mode, found);
  if (found.invalid === undefined) return converted;
  EncodingError.complete(found.invalid, converted);
  throw found.invalid;
}

function convert(reply: Reply, mode: number, found: { invalid?: EncodingError }): Reply {
  if (typeof reply !== "object" || reply === null) return reply;
  if (reply instanceof Uint8Array) {
    const text = textOfBytes(reply, mode);
    if (text === undefined) found.invalid ??= invalidText(reply);
    return text ?? reply;
  }
  if (Array.isArray(reply)) {
    for (let index = 0; index < reply.length; index++) reply[index] = convert(reply[index]!, mode, found);
    return reply;
  }
  if (reply instanceof Map) {
    const flat: Reply[] = [];
    for (const [key, value] of reply) flat.push(convert(key, mode, found), convert(value, mode, found));
    return toMap(flat, mode);
  }
  if (reply instanceof Error) return reply;
  const object = reply as { [name: string]: Reply };
  for (const name of Object.keys(object)) setField(object, name, convert(object[name]!, mode, found));
  return reply;
}

function textOfBytes(bytes: Uint8Array, mode: number): string | undefined {
  if (bytes.length <= SHORT) {
    const text = shortAsciiText(bytes, 0, bytes.length);
    if (text !== undefined) return text;
  }
  return textOf(bytes, mode);
}
