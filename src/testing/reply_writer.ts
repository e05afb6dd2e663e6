/**
 * Replies to bytes, in RESP2 or RESP3.
 *
 * @module
 */
import { formatDouble } from "./numbers.ts";
import {
  BigNumber,
  Double,
  ErrorReply,
  MapReply,
  NullArray,
  PartedReply,
  Push,
  Raw,
  type ReplyValue,
  SetReply,
  Silence,
  Simple,
  Verbatim,
} from "./reply.ts";

const utf8 = new TextEncoder();
const SHORT = 64;

/** Writes replies one behind the other into memory that it uses again. */
export class ReplyWriter {
  #arena: Uint8Array = new Uint8Array(1024);
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** Returns the buffered output, valid until the next write. */
  take(): Uint8Array {
    const bytes = this.#arena.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Removes output after `length`. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Writes one reply. */
  write(value: ReplyValue, protocol: number): void {
    if (typeof value === "string") return this.#bulk(value);
    if (typeof value === "number" || typeof value === "bigint") return this.#line(58, String(value));
    if (value === null) return this.raw(protocol === 3 ? "_\r\n" : "$-1\r\n");
    if (value instanceof Simple) return this.#line(43, value.text);
    if (Array.isArray(value)) return this.#items(42, value, value.length, protocol);
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof ErrorReply) return this.#line(45, value.text.replace(/[\r\n]/g, " "));
    if (value instanceof NullArray) return this.raw(protocol === 3 ? "_\r\n" : "*-1\r\n");
    if (value instanceof MapReply) {
      const { flat } = value;
      return protocol === 3
        ? this.#items(37, flat, flat.length / 2, protocol)
        : this.#items(42, flat, flat.length, protocol);
    }
    if (value instanceof SetReply) {
      return this.#items(protocol === 3 ? 126 : 42, value.items, value.items.length, protocol);
    }
    if (value instanceof Push) {
      return this.#items(protocol === 3 ? 62 : 42, value.items, value.items.length, protocol);
    }
    if (typeof value === "boolean") {
      return this.raw(protocol === 3 ? `#${value ? "t" : "f"}\r\n` : `:${value ? 1 : 0}\r\n`);
    }
    if (value instanceof Double) {
      const text = value.text ?? formatDouble(value.value);
      return protocol === 3 ? this.#line(44, text) : this.#bulk(text);
    }
    if (value instanceof Verbatim) {
      return protocol === 3
        ? this.raw(`=${value.text.length + 4}\r\n${value.format}:${value.text}\r\n`)
        : this.#bulk(value.text);
    }
    if (value instanceof BigNumber) {
      return protocol === 3 ? this.#line(40, value.digits) : this.#bulk(value.digits);
    }
    if (value instanceof Raw) return this.raw(value.text);
    if (value instanceof PartedReply) {
      this.#line(42, String(value.count));
      for (const part of value.parts) this.write(part.value, part.protocol);
      return;
    }
    if (value instanceof Silence) return;
  }

  /** Writes characters as bytes. */
  raw(text: string): void {
    this.#room(text.length);
    this.#text(text);
  }

  #items(type: number, items: readonly ReplyValue[], count: number, protocol: number): void {
    this.#line(type, String(count));
    for (const item of items) this.write(item, protocol);
  }

  #line(type: number, text: string): void {
    this.#room(text.length + 3);
    this.#arena[this.#length++] = type;
    this.#text(text);
    this.#crlf();
  }

  #bulk(text: string): void {
    const { length } = text;
    this.#room(length + 24);
    this.#head(length);
    if (length <= SHORT) {
      const arena = this.#arena;
      let at = this.#length;
      for (let i = 0; i < length; i++) arena[at++] = text.charCodeAt(i);
      this.#length = at;
    } else {
      this.#text(text);
    }
    this.#crlf();
  }

  #bytes(bytes: Uint8Array): void {
    this.#room(bytes.length + 24);
    this.#head(bytes.length);
    this.#arena.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#crlf();
  }

  #head(length: number): void {
    this.#arena[this.#length++] = 36;
    if (length < 10) this.#arena[this.#length++] = 48 + length;
    else this.#text(String(length));
    this.#crlf();
  }

  #crlf(): void {
    this.#arena[this.#length++] = 13;
    this.#arena[this.#length++] = 10;
  }

  #text(text: string): void {
    const arena = this.#arena;
    let at = this.#length;
    const { length } = text;
    if (length > 256) {
      const { written } = utf8.encodeInto(text, arena.subarray(at, at + length));
      // As many bytes as characters, and nothing left over: all of it is ASCII.
      if (written === length && isAscii(arena, at, length)) {
        this.#length = at + length;
        return;
      }
    }
    for (let i = 0; i < length; i++) arena[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  #room(need: number): void {
    const least = this.#length + need;
    if (least <= this.#arena.length) return;
    const wider = new Uint8Array(Math.max(least, this.#arena.length * 2));
    wider.set(this.#arena.subarray(0, this.#length));
    this.#arena = wider;
  }
}

/** A text with other characters fills the room before its end with bytes of two: these show. */
function isAscii(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (bytes[i]! > 127) return false;
  return true;
}
