/**
 * Writes listpacks: lists of small values that are packed into one string.
 *
 * @module
 */
import { parseInteger } from "../numbers.ts";
import { toText } from "../types/bytes.ts";

const EMPTY = 6;

/** Writes one listpack. */
export class ListpackWriter {
  #text = "";
  #size = 0;

  /** Adds a value. */
  add(value: string | number | bigint): void {
    const text = String(value);
    const number = text.length <= 20 ? parseInteger(text) : undefined;
    const item = number === undefined ? encodeText(text) : encodeInteger(BigInt(number));
    this.#text += item + backwards(item.length);
    this.#size++;
  }

  /** The listpack. */
  toString(): string {
    const head = new Uint8Array(EMPTY);
    const view = new DataView(head.buffer);
    view.setUint32(0, EMPTY + this.#text.length + 1, true);
    view.setUint16(4, Math.min(this.#size, 65535), true);
    return `${toText(head)}${this.#text}\xff`;
  }
}

function encodeText(text: string): string {
  const size = text.length;
  if (size < 64) return String.fromCharCode(0x80 | size) + text;
  if (size < 4096) return String.fromCharCode(0xe0 | (size >> 8), size & 255) + text;
  return `\xf0${littleEndian(BigInt(size), 4)}${text}`;
}

function encodeInteger(value: bigint): string {
  if (value >= 0n && value < 128n) return String.fromCharCode(Number(value));
  if (value >= -4096n && value < 4096n) {
    const bits = Number(value) & 0x1fff;
    return String.fromCharCode(0xc0 | (bits >> 8), bits & 255);
  }
  const bytes = [2, 3, 4].find((size) => BigInt.asIntN(8 * size, value) === value) ?? 8;
  return String.fromCharCode(0xf1 + [2, 3, 4, 8].indexOf(bytes)) + littleEndian(value, bytes);
}

function littleEndian(value: bigint, bytes: number): string {
  let text = "";
  for (let i = 0; i < bytes; i++) text += String.fromCharCode(Number((value >> BigInt(8 * i)) & 255n));
  return text;
}

/** The length of an item, for reading backwards: groups of 7 bits, the highest first. */
function backwards(length: number): string {
  const groups: number[] = [];
  for (let rest = length; rest > 0 || groups.length === 0; rest = Math.floor(rest / 128)) {
    groups.unshift(rest & 127);
  }
  // All groups but the first have the highest bit set.
  return String.fromCharCode(...groups.map((group, index) => index === 0 ? group : group | 128));
}
