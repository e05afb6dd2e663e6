/**
 * Naive implementations, the reference of the benchmarks.
 *
 * @module
 */
import type { Arg, DecoderHandler, Reply } from "../../src/resp/types.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Joins chunks until a reply is complete, and decodes string by string. Supports the replies of the benchmarks. */
export class NaiveDecoder {
  readonly #handler: DecoderHandler;
  #rest: Uint8Array = new Uint8Array(0);
  #mode = 0;

  /** Makes a decoder. */
  constructor(handler: DecoderHandler) {
    this.#handler = handler;
  }

  /** Takes in a chunk. */
  write(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (at < bytes.length) {
      this.#mode = this.#handler.begin();
      const read = this.#read(bytes, at);
      if (read === undefined) break;
      this.#handler.reply(read.value);
      at = read.next;
    }
    this.#rest = bytes.slice(at);
  }

  #read(bytes: Uint8Array, at: number): { value: Reply; next: number } | undefined {
    const lf = bytes.indexOf(10, at);
    if (lf < 0) return undefined;
    const line = decoder.decode(bytes.subarray(at + 1, lf - 1));
    let next = lf + 1;
    switch (String.fromCharCode(bytes[at]!)) {
      case "+":
        return { value: line, next };
      case ":":
        return { value: Number(line), next };
      case "_":
        return { value: null, next };
      case "$": {
        const length = Number(line);
        if (length < 0) return { value: null, next };
        if (next + length + 2 > bytes.length) return undefined;
        const body = bytes.slice(next, next + length);
        return { value: (this.#mode & 1) === 0 ? decoder.decode(body) : body, next: next + length + 2 };
      }
      default: {
        const values: Reply[] = [];
        const map = bytes[at] === 37;
        for (let left = Number(line) * (map ? 2 : 1); left > 0; left--) {
          const read = this.#read(bytes, next);
          if (read === undefined) return undefined;
          values.push(read.value);
          next = read.next;
        }
        if (!map) return { value: values, next };
        const object = Object.create(null);
        for (let i = 0; i < values.length; i += 2) object[values[i] as string] = values[i + 1];
        return { value: object, next };
      }
    }
  }
}

/** Makes an array of parts and joins them. */
export function naiveEncode(args: readonly Arg[]): Uint8Array {
  const parts: Uint8Array[] = [encoder.encode(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : encoder.encode(String(arg));
    parts.push(encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n"));
  }
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
