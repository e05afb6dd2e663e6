/**
 * Decoding in tests: the events of a decoder as a list.
 *
 * @module
 */
import { Decoder } from "../../src/resp/decoder.ts";
import type { DecoderLimits, Reply } from "../../src/resp/types.ts";

/** The events of a decoder, in order; a reply follows its `begin`. */
export type Told =
  | "begin"
  | { readonly reply: Reply }
  | { readonly error: Error }
  | { readonly push: readonly Reply[] };

const utf8 = new TextEncoder();

/** Text as UTF-8. */
export function encode(text: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(text);
}

/** A decoder and its events. */
export class Recorder {
  /** The events so far. */
  readonly told: Told[] = [];
  /** The decoder. */
  readonly decoder: Decoder;

  /** All replies are decoded in the mode. */
  constructor(mode: number = 0, limits?: DecoderLimits) {
    this.decoder = new Decoder({
      begin: () => {
        this.told.push("begin");
        return mode;
      },
      reply: (reply) => void this.told.push({ reply }),
      error: (error) => void this.told.push({ error }),
      push: (push) => void this.told.push({ push }),
    }, limits);
  }

  /** Writes the pieces, each in memory that is overwritten afterwards, as the chunks of a transport are. */
  write(...pieces: readonly (Uint8Array | string)[]): this {
    for (const piece of pieces) {
      const borrowed = typeof piece === "string" ? encode(piece) : piece.slice();
      try {
        this.decoder.write(borrowed);
      } finally {
        borrowed.fill(0xaa);
      }
    }
    return this;
  }

  /** The replies alone. */
  get replies(): Reply[] {
    return this.told.flatMap((told) => typeof told === "object" && "reply" in told ? [told.reply] : []);
  }
}

/** Cuts before each of the places (in any order, taken modulo the length). */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.slice(from, at[i] ?? bytes.length));
}

/** Each byte by itself. */
export function single(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** A copy of the object, as a decoder makes it. */
export function object(entries: Readonly<Record<string, Reply>>): { [key: string]: Reply } {
  return Object.fromEntries(Object.entries(entries));
}
