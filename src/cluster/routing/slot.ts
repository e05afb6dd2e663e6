/**
 * The slot of a key: the hash of the part between the first `{` and the next `}` if it is not empty, otherwise of the
 * whole key.
 *
 * @module
 */
import type { Arg } from "../../resp/types.ts";
import { crc16, crc16Ascii } from "./crc16.ts";

/** The number of slots. */
export const SLOTS = 16_384;

const OPEN = 0x7b;
const CLOSE = 0x7d;

const utf8 = /* @__PURE__ */ new TextEncoder();

/** The slot of a key, 0 to 16,383; text counts as its UTF-8 bytes, a number as its decimal digits. */
export function slotOf(key: Arg): number {
  if (typeof key === "string") return slotOfText(key);
  if (key instanceof Uint8Array) return slotOfBytes(key);
  return slotOfText(String(key));
}

function slotOfText(key: string): number {
  let start = 0;
  let end = key.length;
  const open = key.indexOf("{");
  if (open >= 0) {
    const close = key.indexOf("}", open + 1);
    if (close > open + 1) {
      start = open + 1;
      end = close;
    }
  }
  const crc = crc16Ascii(key, start, end);
  // Braces are ASCII, so the result is the same for text and bytes.
  return (crc >= 0 ? crc : crc16(utf8.encode(key.slice(start, end)))) & (SLOTS - 1);
}

function slotOfBytes(key: Uint8Array): number {
  const open = key.indexOf(OPEN);
  if (open >= 0) {
    const close = key.indexOf(CLOSE, open + 1);
    if (close > open + 1) return crc16(key, open + 1, close) & (SLOTS - 1);
  }
  return crc16(key) & (SLOTS - 1);
}
