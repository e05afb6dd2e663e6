/**
 * Converts bytes to strings, and to bytes in memory of their own.
 *
 * @module
 */
import { EncodingError } from "../errors.ts";
import { DecodeMode } from "./types.ts";

const loose = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
/** Bytes from which on an engine may refuse to make a text of them: V8 makes none of 512 MiB. */
const LONG = 268_435_456;
const REPLACEMENT = "\uFFFD";

/** Characters that `String.fromCharCode` is given at once: engines bound the number of arguments. */
const CODES = 4096;
/** Up to here a loop beats `slice`, whose call costs more than the copying. */
const SHORT_BYTES = 16;

/**
 * The bytes as text, or undefined unless all of them are ASCII, which is when the n-th character is the n-th
 * byte. A valid character of several bytes makes the text shorter; invalid bytes make U+FFFD, and may make as
 * many of them as they are.
 */
export function asciiText(bytes: Uint8Array): string | undefined {
  const text = loose.decode(bytes);
  return text.length === bytes.length && !text.includes(REPLACEMENT) ? text : undefined;
}

/** Few bytes as text, or undefined unless all of them are ASCII: without the call of a decoder. */
export function shortAsciiText(bytes: Uint8Array, start: number, stop: number): string | undefined {
  let text = "";
  let all = 0;
  for (let at = start; at < stop; at++) {
    const byte = bytes[at]!;
    all |= byte;
    text += String.fromCharCode(byte);
  }
  return all < 128 ? text : undefined;
}

/**
 * The bytes as text in the mode (not `bytes`); undefined where strict UTF-8 was asked for and they are not.
 * Strict decoders are slow on some runtimes, so one is asked only where the other one replaced something.
 */
export function textOf(bytes: Uint8Array, mode: number): string | undefined {
  try {
    if ((mode & DecodeMode.latin1) !== 0) return latin1(bytes);
    const text = loose.decode(bytes);
    // U+FFFD may stand in the text itself.
    if ((mode & DecodeMode.replace) === 0 && text.includes(REPLACEMENT)) strict.decode(bytes);
    return text;
  } catch {
    // Not valid, or longer than a text can be on this runtime.
    return undefined;
  }
}

/** The error for bytes that are not valid text. */
export function invalidText(bytes: Uint8Array): EncodingError {
  return new EncodingError(
    `Cannot decode the reply: a string of ${bytes.length} bytes is not valid UTF-8` +
      (bytes.length >= LONG ? ", or too long for a text of this runtime; " : "; ") +
      "ask for bytes(), or see this error's bytes and reply",
    bytes,
  );
}

/** Text that is never refused: errors, simple strings for clients of bytes, kinds of pushes. */
export function lineText(bytes: Uint8Array): string {
  return loose.decode(bytes);
}

/** A copy with memory of its own. */
export function copyOf(bytes: Uint8Array, start: number, stop: number): Uint8Array {
  const length = stop - start;
  if (length > SHORT_BYTES) return bytes.slice(start, stop);
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = bytes[start + i]!;
  return copy;
}

/** Each byte a character. (`TextDecoder("latin1")` is windows-1252, which differs from 0x80 to 0x9F.) */
function latin1(bytes: Uint8Array): string {
  const ascii = asciiText(bytes);
  if (ascii !== undefined) return ascii;
  let text = "";
  for (let at = 0; at < bytes.length; at += CODES) {
    text += String.fromCharCode(...bytes.subarray(at, at + CODES));
  }
  return text;
}

const encoder = new TextEncoder();

/** Converts a value of the mode `either` to another mode. Invalid UTF-8 becomes U+FFFD. */
export function inMode(value: string | Uint8Array, mode: number): string | Uint8Array {
  if ((mode & DecodeMode.bytes) !== 0) return typeof value === "string" ? encoder.encode(value) : value;
  return typeof value === "string" ? value : looseText(value, mode);
}

/** Converts bytes to text in the mode. Invalid bytes become U+FFFD. */
export function looseText(bytes: Uint8Array, mode: number): string {
  return (mode & DecodeMode.latin1) !== 0 ? latin1(bytes) : loose.decode(bytes);
}
