/**
 * Texts of tests, and texts of the server, where each character is a byte.
 *
 * @module
 */
import { toText } from "../types/bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A text as the server keeps it: its bytes in UTF-8. */
export function toServer(text: string): string {
  return toText(encoder.encode(text));
}

/** A text of the server, decoded from UTF-8. */
export function fromText(text: string): string {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? text : decoder.decode(bytesOf(text));
}

/** The same; bytes where it is no UTF-8. */
export function fromBinary(text: string): string | Uint8Array {
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  const bytes = bytesOf(text);
  try {
    return strict.decode(bytes);
  } catch {
    return bytes;
  }
}
