/**
 * Lists of small values as Redis packs them into one string: listpacks, and ziplists of versions before 7.0.
 *
 * @module
 */
import { toText } from "../types/bytes.ts";

function signed(value: number, bits: number): number {
  const limit = 2 ** (bits - 1);
  return value >= limit ? value - 2 * limit : value;
}

class Packed {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
  }

  byte(): number {
    if (this.at >= this.#bytes.length) throw new RangeError("short");
    return this.#bytes[this.at++]!;
  }

  peek(): number | undefined {
    return this.#bytes[this.at];
  }

  text(size: number): string {
    if (this.at + size > this.#bytes.length) throw new RangeError("short");
    return toText(this.#bytes.subarray(this.at, this.at += size));
  }

  /** An integer of 16, 24, 32 or 64 bits, the least byte first. */
  integer(bits: number): string {
    const at = this.at;
    this.at += bits / 8;
    if (bits === 64) return String(this.#view.getBigInt64(at, true));
    if (bits === 32) return String(this.#view.getInt32(at, true));
    if (bits === 16) return String(this.#view.getInt16(at, true));
    return String(signed(this.#view.getUint16(at, true) + this.#bytes[at + 2]! * 65536, 24));
  }

  /** A number of 32 bits. */
  size(little: boolean): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, little);
  }
}

function listpackItem(packed: Packed): string {
  const head = packed.byte();
  if (head < 0x80) return String(head);
  if (head < 0xc0) return packed.text(head & 63);
  if (head < 0xe0) return String(signed(((head & 31) << 8) | packed.byte(), 13));
  if (head < 0xf0) return packed.text(((head & 15) << 8) | packed.byte());
  switch (head) {
    case 0xf0:
      return packed.text(packed.size(true));
    case 0xf1:
      return packed.integer(16);
    case 0xf2:
      return packed.integer(24);
    case 0xf3:
      return packed.integer(32);
    case 0xf4:
      return packed.integer(64);
  }
  throw new RangeError("encoding");
}

/** The items of a listpack.
 *
 * @throws {RangeError} for a broken one. */
export function readListpack(bytes: Uint8Array): string[] {
  const packed = new Packed(bytes, 6);
  const items: string[] = [];
  while (packed.peek() !== 0xff) {
    const start = packed.at;
    items.push(listpackItem(packed));
    // The length of the item, for reading backwards, in groups of 7 bits.
    const size = packed.at - start;
    packed.at += size < 128 ? 1 : size < 16384 ? 2 : size < 2097152 ? 3 : size < 268435456 ? 4 : 5;
  }
  return items;
}

function ziplistItem(packed: Packed): string {
  const head = packed.byte();
  if (head < 0x40) return packed.text(head);
  if (head < 0x80) return packed.text(((head & 63) << 8) | packed.byte());
  if (head === 0x80) return packed.text(packed.size(false));
  switch (head) {
    case 0xc0:
      return packed.integer(16);
    case 0xd0:
      return packed.integer(32);
    case 0xe0:
      return packed.integer(64);
    case 0xf0:
      return packed.integer(24);
    case 0xfe:
      return String(signed(packed.byte(), 8));
  }
  if (head > 0xf0 && head < 0xfe) return String((head & 15) - 1);
  throw new RangeError("encoding");
}

/** The items of a ziplist.
 *
 * @throws {RangeError} for a broken one. */
export function readZiplist(bytes: Uint8Array): string[] {
  const packed = new Packed(bytes, 10);
  const items: string[] = [];
  while (packed.peek() !== 0xff) {
    if (packed.byte() === 0xfe) packed.at += 4;
    items.push(ziplistItem(packed));
  }
  return items;
}
