/**
 * The RESP decoder: synchronous, resumable at every byte, without copying the chunk. `#run` decodes frequent cases in
 * one loop, `#line` all others. Incomplete data is kept: a line in `#tail`, a bulk string in `#body` or `#long`, open
 * aggregates in the assembly.
 *
 * @module
 */
import { Assembly, ATTRIBUTED } from "./assembly.ts";
import { ByteBuffer } from "./buffer.ts";
import { LONG, LongText, TOO_LONG } from "./long_text.ts";
import { badLine, unended, unknownType, unreadable } from "./protocol.ts";
import { readBigNumber, readBoolean, readDouble, readInteger, readLength } from "./scalars.ts";
import { copyOf, lineText } from "./strings.ts";
import { TextReader } from "./text_reader.ts";
import * as bytes from "./type_bytes.ts";
import { ARRAY, BULK, CR, INTEGER, LF, NULL, PART, PUSH, SIMPLE } from "./type_bytes.ts";
import { DecodeMode, type DecoderHandler, type DecoderLimits, type Reply, type RespParser } from "./types.ts";

/** Digits that a 31-bit number surely holds. */
const DIGITS = 9;
const BYTES: number = DecodeMode.bytes;
const LATIN1: number = DecodeMode.latin1;

const IDLE = 0;
const BUSY = 1;
const BROKEN = 2;

/** Decodes RESP2 and RESP3, and calls a handler. */
export class Decoder implements RespParser {
  readonly #handler: DecoderHandler;
  readonly #maxLine: number;
  readonly #maxBulk: number;
  readonly #texts: TextReader = new TextReader();
  readonly #assembly: Assembly;
  #state = IDLE;

  /** The line that the last chunk cut. */
  readonly #tail = new ByteBuffer();
  /** The bulk string that the last chunk cut: its type (0: none), bytes, length, and how many of its CRLF came. */
  #bodyType = 0;
  readonly #body = new ByteBuffer();
  #long: LongText | undefined;
  #bodyLength = 0;
  #bodyEnd = 0;

  /** Makes a decoder. */
  constructor(handler: DecoderHandler, limits: DecoderLimits = {}) {
    this.#handler = handler;
    this.#maxLine = limits.maxLineLength ?? 1_048_576;
    this.#maxBulk = limits.maxBulkLength ?? 536_870_912;
    this.#assembly = new Assembly(handler, this.#texts, limits);
  }

  /** Whether part of a reply has been read and the rest is still to come. */
  get partial(): boolean {
    const { begun, depth } = this.#assembly;
    return begun || depth > 0 || this.#tail.length > 0 || this.#bodyType !== 0;
  }

  /**
   * Decodes a chunk. The caller may reuse the chunk afterwards.
   *
   * @throws {ProtocolError} if the bytes are not RESP or exceed a limit. After any error, also of the handler, the
   * decoder refuses further chunks.
   */
  write(chunk: Uint8Array): void {
    if (this.#state !== IDLE) this.#refuse();
    this.#state = BUSY;
    // A Buffer's subarray and slice are Buffers, too, and its slice is no copy.
    if (chunk.constructor !== Uint8Array) {
      chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    const end = chunk.length;
    let at = 0;
    try {
      if (this.#bodyType !== 0) at = this.#continueBody(chunk, 0, end);
      else if (this.#tail.length > 0) at = this.#continueLine(chunk, end);
      if (at < end) this.#run(chunk, at, end);
    } catch (error) {
      this.#state = BROKEN;
      throw error;
    }
    this.#state = IDLE;
  }

  /** @inheritdoc */
  destination(): Uint8Array | undefined {
    if (this.#bodyType === 0 || this.#long !== undefined) return undefined;
    return this.#body.free(this.#bodyLength);
  }

  #refuse(): never {
    throw unreadable(this.#state === BUSY ? "another is being read" : "one before could not be read");
  }

  #run(chunk: Uint8Array, at: number, end: number): void {
    const handler = this.#handler;
    const assembly = this.#assembly;
    const texts = this.#texts;
    const maxBulk = this.#maxBulk;
    // These live in the assembly, too; they are brought into line around each call of its methods.
    let values = assembly.values;
    let filled = assembly.filled;
    let size = assembly.size;
    let mode = assembly.mode;
    texts.reset();

    while (at < end) {
      const type = chunk[at]!;
      if (values === null && type !== PUSH) {
        if (assembly.begun) {
          assembly.begun = false;
        } else {
          if (!bytes.isTop(type)) throw unknownType(chunk, at, end);
          mode = handler.begin(type);
        }
      }
      fast: {
        if (mode >= ATTRIBUTED) break fast;
        let value: Reply;
        if (type === BULK || type === INTEGER || type === ARRAY || (type === PUSH && values === null)) {
          let place = at + 1;
          const stop = end - place > DIGITS ? place + DIGITS : end;
          let number = 0;
          while (place < stop) {
            const digit = chunk[place]! - 48;
            // An unsigned comparison checks both bounds; a 32-bit integer needs no check for overflow.
            if (digit >>> 0 > 9) break;
            number = (number * 10 + digit) | 0;
            place++;
          }
          if (place + 1 >= end) break fast;
          if (place === at + 1) {
            if (
              type === INTEGER || type === PUSH || at + 4 >= end || chunk[at + 1] !== 45 ||
              chunk[at + 2] !== 49
            ) break fast;
            if (chunk[at + 3] !== CR || chunk[at + 4] !== LF) break fast;
            value = null;
            at += 5;
          } else if (chunk[place] !== CR || chunk[place + 1] !== LF) {
            break fast;
          } else if (type === BULK) {
            const start = place + 2;
            const stop = start + number;
            if (stop + 1 >= end || number > maxBulk) break fast;
            if (chunk[stop] !== CR || chunk[stop + 1] !== LF) throw unended();
            at = stop + 2;
            if ((mode & BYTES) !== 0) {
              value = (mode & LATIN1) === 0
                ? copyOf(chunk, start, stop)
                : texts.either(chunk, start, stop, end);
            } else if (stop <= texts.last) {
              value = texts.window.substring(start - texts.first, stop - texts.first);
            } else {
              value = texts.read(chunk, start, stop, end, mode);
              if (texts.invalid !== undefined && values === null) {
                assembly.reply(value);
                continue;
              }
            }
          } else if (type === INTEGER) {
            value = number;
            at = place + 2;
          } else {
            at = place + 2;
            assembly.filled = filled;
            assembly.mode = mode;
            assembly.open(type, number);
            values = assembly.values;
            filled = assembly.filled;
            size = assembly.size;
            mode = assembly.mode;
            continue;
          }
        } else if (type === SIMPLE) {
          if (at + 4 >= end || chunk[at + 1] !== 79 || chunk[at + 2] !== 75) break fast;
          if (chunk[at + 3] !== CR || chunk[at + 4] !== LF) break fast;
          value = "OK";
          at += 5;
        } else if (type === NULL) {
          if (at + 2 >= end || chunk[at + 1] !== CR || chunk[at + 2] !== LF) break fast;
          value = null;
          at += 3;
        } else {
          break fast;
        }
        if (values === null) {
          handler.reply(value);
          continue;
        }
        values[filled] = value;
        if (++filled < size) continue;
        assembly.filled = filled;
        assembly.mode = mode;
        assembly.close();
        values = assembly.values;
        filled = assembly.filled;
        size = assembly.size;
        mode = assembly.mode;
        continue;
      }
      assembly.filled = filled;
      assembly.mode = mode;
      at = this.#line(chunk, at, end, type);
      values = assembly.values;
      filled = assembly.filled;
      size = assembly.size;
      mode = assembly.mode;
    }
    assembly.filled = filled;
    assembly.mode = mode;
    texts.reset();
  }

  /** Reads any value; returns the place behind it, or behind the line that opens it, or `end` if it was cut. */
  #line(chunk: Uint8Array, at: number, end: number, type: number): number {
    const assembly = this.#assembly;
    if (assembly.depth === 0 ? !bytes.isTop(type) : !bytes.isInner(type)) {
      if (type !== PUSH) throw unknownType(chunk, at, end);
      if (!assembly.interruptible) throw unreadable("a push stands within a push or a string");
    }
    const lf = chunk.indexOf(LF, at + 1);
    if ((lf < 0 ? end : lf) - at > this.#maxLine + 1) throw this.#tooLong();
    if (lf < 0) {
      this.#tail.add(chunk, at, end, Infinity);
      if (assembly.depth === 0 && type !== PUSH) assembly.begun = true;
      return end;
    }
    const stop = lf - 1;
    if (chunk[stop] !== CR) throw badLine("the start of a line that ends with CRLF", chunk, at, at + 1);
    const next = lf + 1;
    switch (type) {
      case SIMPLE:
        assembly.deliver(this.#simple(chunk.subarray(at + 1, stop)));
        return next;
      case bytes.ERROR:
        assembly.fail(chunk.subarray(at + 1, stop));
        return next;
      case INTEGER:
        assembly.deliver(readInteger(chunk, at, stop));
        return next;
      case NULL:
        if (stop !== at + 1) throw badLine("a null", chunk, at, stop);
        assembly.deliver(null);
        return next;
      case bytes.BOOLEAN:
        assembly.deliver(readBoolean(chunk, at, stop));
        return next;
      case bytes.DOUBLE:
        assembly.deliver(
          (assembly.mode & DecodeMode.resp2) === 0
            ? readDouble(chunk, at, stop)
            : lineText(chunk.subarray(at + 1, stop)),
        );
        return next;
      case bytes.BIG_NUMBER:
        assembly.deliver(readBigNumber(chunk, at, stop));
        return next;
      case bytes.END:
        if (stop !== at + 1) throw badLine("the end of an aggregate", chunk, at, stop);
        assembly.end();
        return next;
    }
    const length = readLength(chunk, at, stop);
    if (length < 0) {
      this.#unsized(type, length, chunk, at, stop);
      return next;
    }
    if (type === BULK || type === bytes.BULK_ERROR || type === bytes.VERBATIM || type === PART) {
      return this.#sized(type, length, chunk, next, end);
    }
    assembly.open(type, length);
    return next;
  }

  /** `-1`, a null; or `?`, the start of something streamed. */
  #unsized(type: number, length: number, chunk: Uint8Array, at: number, stop: number): void {
    const streamed = length === -2;
    if (type === BULK || type === ARRAY || (streamed && (type === bytes.MAP || type === bytes.SET))) {
      if (streamed) this.#assembly.open(type, Infinity);
      else this.#assembly.deliver(null);
    } else {
      throw badLine("a length", chunk, at, stop);
    }
  }

  /** Bytes of a known length follow, which end with CRLF. */
  #sized(type: number, length: number, chunk: Uint8Array, at: number, end: number): number {
    let before = 0;
    if (type === PART) {
      const parts = this.#assembly.parts;
      if (parts === undefined) throw unreadable("a part stands where no streamed string is open");
      if (length === 0) {
        this.#string(this.#assembly.endParts());
        return at;
      }
      before = parts.length;
    }
    if (before + length > this.#maxBulk) {
      throw unreadable(
        `a string of ${before + length} bytes is announced; maxBulkLength is ${this.#maxBulk}`,
      );
    }
    const stop = at + length;
    if (stop + 1 < end) {
      if (chunk[stop] !== CR || chunk[stop + 1] !== LF) throw unended();
      const body = chunk.subarray(at, stop);
      this.#complete(type, type === PART || (this.#assembly.mode & BYTES) === 0 ? body : body.slice());
      return stop + 2;
    }
    this.#bodyType = type;
    this.#bodyLength = length;
    const { mode } = this.#assembly;
    const isLong = type === BULK && length >= LONG && length < TOO_LONG && (mode & BYTES) === 0;
    this.#long = isLong ? new LongText(mode) : undefined;
    if (!isLong) this.#body.reserve(length, type === BULK && (mode & BYTES) !== 0);
    return this.#continueBody(chunk, at, end);
  }

  /** Joins the line that the last chunk cut, and reads it. */
  #continueLine(chunk: Uint8Array, end: number): number {
    const tail = this.#tail;
    const lf = chunk.indexOf(LF);
    const next = lf < 0 ? end : lf + 1;
    if (tail.length + next > this.#maxLine + 2) throw this.#tooLong();
    tail.add(chunk, 0, next, Infinity);
    if (lf < 0) return end;
    const line = tail.take();
    this.#run(line, 0, line.length);
    return this.#bodyType === 0 ? next : this.#continueBody(chunk, next, end);
  }

  /** Continues a bulk string that the previous chunk had cut. */
  #continueBody(chunk: Uint8Array, at: number, end: number): number {
    const body = this.#long ?? this.#body;
    const length = this.#bodyLength;
    const missing = length - body.length;
    if (missing > 0) {
      const stop = end - at < missing ? end : at + missing;
      if (stop > at) body.add(chunk, at, stop, length);
      at = stop;
    }
    while (body.length === length && at < end) {
      if (chunk[at++] !== (this.#bodyEnd === 0 ? CR : LF)) throw unended();
      if (++this.#bodyEnd < 2) continue;
      const type = this.#bodyType;
      this.#bodyType = 0;
      this.#bodyEnd = 0;
      if (body instanceof LongText) {
        this.#long = undefined;
        this.#string(body.finish());
      } else if ((this.#assembly.mode & BYTES) !== 0 && type !== PART) {
        this.#complete(type, body.take());
      } else {
        this.#complete(type, body.view());
        body.clear();
      }
      break;
    }
    return at;
  }

  /** A bulk string of any kind is complete; in mode `bytes` the memory is its own. */
  #complete(type: number, body: Uint8Array): void {
    switch (type) {
      case PART:
        this.#assembly.parts!.add(body, 0, body.length, Infinity);
        return;
      case bytes.BULK_ERROR:
        this.#assembly.fail(body);
        return;
      case bytes.VERBATIM:
        // Three characters and a colon name the format.
        if (body[3] !== 58) throw unreadable("a verbatim string does not start with its format");
        this.#string(body.subarray(4));
        return;
      default:
        this.#string(body);
    }
  }

  #string(body: Uint8Array | string): void {
    const { mode } = this.#assembly;
    this.#assembly.deliver(
      (mode & BYTES) !== 0 || typeof body === "string" ? body : this.#texts.alone(body, mode),
    );
  }

  /** A simple string is text in every mode; for clients of bytes invalid bytes in it become U+FFFD. */
  #simple(line: Uint8Array): string | Uint8Array {
    const { mode } = this.#assembly;
    return (mode & BYTES) !== 0 ? lineText(line) : this.#texts.alone(line, mode);
  }

  #tooLong(): Error {
    return unreadable(`a line is longer than maxLineLength, ${this.#maxLine}`);
  }
}
