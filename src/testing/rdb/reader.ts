/**
 * Reads lengths, texts and numbers of payloads of DUMP.
 *
 * @module
 */
import { toText } from "../types/bytes.ts";

/** Reads a payload. Each method throws a `RangeError` where the payload ends too early. */
export class RdbReader {
  /** The payload. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** The position. */
  at = 0;

  /** Begins at the start. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** A number of bytes. */
  take(size: number): Uint8Array {
    if (this.at + size > this.bytes.length) throw new RangeError("short");
    return this.bytes.subarray(this.at, this.at += size);
  }

  /** One byte. */
  byte(): number {
    return this.take(1)[0]!;
  }

  /** A length, or below 0 the kind of an encoded string. */
  length(): number {
    const byte = this.byte();
    switch (byte >> 6) {
      case 0:
        return byte;
      case 1:
        return ((byte & 63) << 8) | this.byte();
      case 2:
        this.take(byte === 0x81 ? 8 : 4);
        return byte === 0x81
          ? Number(this.#view.getBigUint64(this.at - 8))
          : this.#view.getUint32(this.at - 4);
      default:
        return -1 - (byte & 63);
    }
  }

  /** An unsigned number of 64 bits. */
  number(): bigint {
    if (this.bytes[this.at] !== 0x81) {
      const length = this.length();
      if (length < 0) throw new RangeError("encoding");
      return BigInt(length);
    }
    this.take(9);
    return this.#view.getBigUint64(this.at - 8);
  }

  /** A text. */
  string(): string {
    const length = this.length();
    if (length >= 0) return toText(this.take(length));
    const kind = -1 - length;
    if (kind === 3) {
      const [packed, size] = [this.length(), this.length()];
      return decompress(this.take(packed), size);
    }
    if (kind > 2) throw new RangeError("encoding");
    this.take(1 << kind);
    const at = this.at - (1 << kind);
    return String(
      kind === 0
        ? this.#view.getInt8(at)
        : kind === 1
        ? this.#view.getInt16(at, true)
        : this.#view.getInt32(at, true),
    );
  }

  /** A number with fractions. */
  double(): number {
    this.take(8);
    return this.#view.getFloat64(this.at - 8, true);
  }

  /** A time in milliseconds. */
  time(): number {
    this.take(8);
    return Number(this.#view.getBigInt64(this.at - 8, true));
  }

  /** A list: its length, then as many items. */
  many<T>(read: () => T): T[] {
    const length = this.length();
    // Each item has a byte at least.
    if (length < 0 || length > this.bytes.length) throw new RangeError("length");
    return Array.from({ length }, read);
  }
}

/** LZF. */
function decompress(bytes: Uint8Array, size: number): string {
  if (size < 0 || size > 2 ** 29) throw new RangeError("length");
  const out = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < bytes.length;) {
    const control = bytes[at++]!;
    if (control < 32) {
      out.set(bytes.subarray(at, at + control + 1), to);
      at += control + 1;
      to += control + 1;
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += bytes[at++]!;
    let from = to - ((control & 31) << 8) - bytes[at++]! - 1;
    for (let i = length + 2; i > 0; i--) out[to++] = out[from++]!;
  }
  return toText(out);
}
