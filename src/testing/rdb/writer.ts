/**
 * Writes lengths, texts and numbers as payloads of DUMP have them.
 *
 * @module
 */
import { parseInteger } from "../numbers.ts";
import { toText } from "../types/bytes.ts";

/** Writes a payload. */
export class RdbWriter {
  /** The payload so far, one character a byte. */
  text = "";

  /** Adds one byte. */
  byte(value: number): void {
    this.text += String.fromCharCode(value);
  }

  /** Adds an unsigned number of up to 64 bits. */
  length(size: number | bigint): void {
    if (size < 64) this.byte(Number(size));
    else if (size < 16384) {
      this.byte(0x40 | (Number(size) >> 8));
      this.byte(Number(size) & 255);
    } else if (size < 2 ** 32) {
      this.byte(0x80);
      this.#number(4, (view) => view.setUint32(0, Number(size)));
    } else {
      this.byte(0x81);
      this.#number(8, (view) => view.setBigUint64(0, BigInt(size)));
    }
  }

  /** Adds a text; small integers are numbers. */
  string(text: string): void {
    const number = text.length <= 11 ? parseInteger(text) : undefined;
    if (typeof number === "number" && number >= -(2 ** 31) && number < 2 ** 31) {
      const size = number >= -128 && number <= 127 ? 1 : number >= -32768 && number <= 32767 ? 2 : 4;
      this.byte(0xc0 + (size >> 1));
      for (let i = 0; i < size; i++) this.byte((number >> (8 * i)) & 255);
      return;
    }
    this.length(text.length);
    this.text += text;
  }

  /** Adds a number of 64 bits with fractions. */
  double(value: number): void {
    this.#number(8, (view) => view.setFloat64(0, value, true));
  }

  /** Adds a time in milliseconds. */
  time(ms: number): void {
    this.#number(8, (view) => view.setBigInt64(0, BigInt(ms), true));
  }

  #number(size: number, write: (view: DataView) => void): void {
    const bytes = new Uint8Array(size);
    write(new DataView(bytes.buffer));
    this.text += toText(bytes);
  }
}
