/**
 * Bytes to strings.
 *
 * @module
 */
import { DecodeMode } from "./types.ts";

const loose = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const REPLACEMENT = "\uFFFD";

/** Characters that `String.fromCharCode` is given at once: engines bound the number of arguments. */
const CODES = 4096;

/**
 * The bytes as text, or undefined unless all of them are ASCII, which is when the n-th character is the n-th
 * byte. A valid character of several bytes makes the text shorter; invalid bytes make U+FFFD, and may make as
 * many of them as they are.
 */
export function asciiText(bytes: Uint8Array): string | undefined {
  const text = loose.decode(bytes);
  return text.length === bytes.length && !text.includes(REPLACEMENT) ? text : undefined;
}

/** The bytes as text in the mode (not `bytes`); undefined where strict UTF-8 was asked for and they are not. */
export function textOf(bytes: Uint8Array, mode: number): string | undefined {
  if ((mode & DecodeMode.latin1) !== 0) return latin1(bytes);
  const text = loose.decode(bytes);
  if ((mode & DecodeMode.replace) === 0 && text.includes(REPLACEMENT)) {
    // U+FFFD may stand in the text itself.
    try {
      strict.decode(bytes);
    } catch {
      return undefined;
    }
  }
  return text;
}

/** Text that is never refused: errors, status lines of clients of bytes, kinds of pushes. */
export function lineText(bytes: Uint8Array): string {
  return loose.decode(bytes);
}

/** Each byte a character. (`TextDecoder("latin1")` is windows-1252, which differs from 0x80 to 0x9F.) */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CODES) {
    text += String.fromCharCode(...bytes.subarray(at, at + CODES));
  }
  return text;
}
