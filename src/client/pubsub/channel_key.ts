/**
 * Names of channels, and keys, as text in which different bytes are different characters.
 *
 * @module
 */
import type { Reply } from "../../resp/types.ts";

const encoder = new TextEncoder();

/** Bytes as a key: each a character, so that different bytes are different keys. */
export function keyOfBytes(bytes: Uint8Array): string {
  const { length } = bytes;
  let key = "";
  for (let at = 0; at < length; at++) key += String.fromCharCode(bytes[at]!);
  return key;
}

/** The key of a channel as the server names it. */
export function keyOfReply(name: Reply | undefined): string {
  return typeof name === "string" ? name : name instanceof Uint8Array ? keyOfBytes(name) : "";
}

/** The key of a channel as a user names it. */
export function keyOf(name: string | Uint8Array): string {
  if (typeof name !== "string") return keyOfBytes(name);
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(name) ? name : keyOfBytes(encoder.encode(name));
}
