/**
 * A string value that is changed in places: bits, ranges.
 *
 * @module
 */

/** Characters, each a byte, as bytes. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Bytes as characters. */
export function toText(bytes: Uint8Array): string {
  if (bytes.length <= 4096) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096) as unknown as number[]);
  }
  return text;
}

/** Bytes that grow. */
export class Bytes {
  /** The name of the type in TYPE. */
  readonly type: "string" = "string";
  /** Grows whenever a command may have changed the bytes. */
  version = 0;
  #memory: Uint8Array;
  #length: number;

  /** Begins with a copy of a text. */
  constructor(text: string = "") {
    this.#memory = toBytes(text);
    this.#length = text.length;
  }

  /** The number of bytes. */
  get length(): number {
    return this.#length;
  }

  /** The bytes themselves; valid until it grows. */
  get view(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Makes it at least `length` long, with zeros. */
  grow(length: number): void {
    if (length > this.#memory.length) {
      const wider = new Uint8Array(
        Math.max(length, Math.min(this.#memory.length * 2, this.#memory.length + 1048576)),
      );
      wider.set(this.#memory.subarray(0, this.#length));
      this.#memory = wider;
    }
    if (length > this.#length) this.#length = length;
  }

  /** Writes a text at a place. */
  write(offset: number, text: string): void {
    this.version++;
    this.grow(offset + text.length);
    for (let i = 0; i < text.length; i++) this.#memory[offset + i] = text.charCodeAt(i);
  }

  /** Returns the bytes as characters. */
  toString(): string {
    return toText(this.view);
  }

  /** A copy. */
  clone(): Bytes {
    const made = new Bytes();
    made.#memory = this.view.slice();
    made.#length = this.#length;
    return made;
  }
}
