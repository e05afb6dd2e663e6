/**
 * Replies from bytes: synchronous, resumable at every byte, on the chunk where it lies.
 *
 * `#run` reads the frequent cases in one loop without a call: whole bulk strings and integers, at the top or
 * within an aggregate. Everything else goes line by line through `#line`, and what a chunk cuts is kept: a
 * line in `#tail`, a bulk string in `#body`, aggregates as frames.
 *
 * @module
 */
import { EncodingError, ReplyError } from "../errors.ts";
import { ByteBuffer } from "./buffer.ts";
import { Frame, toMap } from "./frame.ts";
import { badLine, protocolError, unknownType } from "./protocol.ts";
import { readBigNumber, readBoolean, readDouble, readInteger, readLength } from "./scalars.ts";
import { asciiText, lineText, textOf } from "./strings.ts";
import type { DecodeMode, DecoderHandler, DecoderLimits, Reply, RespParser } from "./types.ts";

const CR = 13;
const LF = 10;
const BULK = 36; // $
const INTEGER = 58; // :
const ARRAY = 42; // *
const SIMPLE = 43; // +
const ERROR = 45; // -
const NULL = 95; // _
const BOOLEAN = 35; // #
const DOUBLE = 44; // ,
const BIG = 40; // (
const BULK_ERROR = 33; // !
const VERBATIM = 61; // =
const MAP = 37; // %
const SET = 126; // ~
const ATTRIBUTE = 124; // |
const PUSH = 62; // >
const PART = 59; // ;
const END = 46; // .

const TOP = 1;
const INNER = 2;
/** Where a type byte may stand. */
const PLACE: Uint8Array = new Uint8Array(256);
for (const type of "$:*+-_#,(!=%~|") PLACE[type.charCodeAt(0)] = TOP | INNER;
PLACE[PUSH] = TOP;
PLACE[PART] = PLACE[END] = INNER;

// The bits of DecodeMode, as constants that the loop need not load, and one of our own.
const BYTES: typeof DecodeMode.bytes = 1;
const REPLACE: typeof DecodeMode.replace = 4;
const KEEP_ATTRIBUTES: typeof DecodeMode.attributes = 8;
/** Attributes were read that belong to the element that comes next. */
const ATTRIBUTED = 16;
/** A streamed string is being read: only its parts may come. */
const PARTS = 32;

/** Text is decoded a window at a time and cut; a value that is kept keeps its window alive, so windows are small. */
const WINDOW = 1024;
/** Longer text is decoded by itself. */
const WINDOWED = 256;
/** How many windows' worth of bytes are decoded value by value, at most, after windows that were not ASCII. */
const MAX_AVOIDED = 32;
/** Digits that a number of 31 bits surely holds. */
const DIGITS = 9;
const MAX_ELEMENTS = 4_294_967_295;

/** In place of elements that have been handed over. */
const NOTHING: Reply[] = [];

const IDLE = 0;
const BUSY = 1;
const BROKEN = 2;

/** Decodes RESP2 and RESP3; tells a handler. */
export class Decoder implements RespParser {
  readonly #handler: DecoderHandler;
  readonly #maxDepth: number;
  readonly #maxLine: number;
  readonly #maxBulk: number;

  #state = IDLE;
  /** The mode of the reply that is being read. */
  #mode = 0;
  /** The handler was asked for the mode of a reply of which nothing else is kept yet. */
  #begun = false;
  /** The elements of the innermost aggregate; null at the top. */
  #values: Reply[] | null = null;
  /** How many are to come to it. */
  #left = 0;
  readonly #frames: Frame[] = [];
  #depth = 0;
  #attributes: Frame["attributes"] = undefined;
  /** The first string of this reply that is not text. */
  #invalid: EncodingError | undefined = undefined;

  /** The line that the last chunk cut. */
  readonly #tail = new ByteBuffer();
  /** The bulk string that the last chunk cut: its type (0: none), length, bytes, and how many of its CRLF came. */
  #bodyType = 0;
  #bodyLength = 0;
  readonly #body = new ByteBuffer();
  #bodyEnd = 0;

  #window = "";
  #windowStart = 0;
  #windowEnd = 0;
  /** Before this place in the chunk no window is tried. */
  #avoid = 0;
  #avoided = 0;

  /** Makes a decoder. */
  constructor(handler: DecoderHandler, limits: DecoderLimits = {}) {
    this.#handler = handler;
    this.#maxDepth = limits.maxDepth ?? 128;
    this.#maxLine = limits.maxLineLength ?? 1_048_576;
    this.#maxBulk = limits.maxBulkLength ?? 536_870_912;
  }

  /** Whether part of a reply has been read and the rest is still to come. */
  get partial(): boolean {
    return this.#begun || this.#depth > 0 || this.#tail.length > 0 || this.#bodyType !== 0;
  }

  /**
   * Takes in a chunk, which may be reused when the call returns.
   *
   * @throws {ProtocolError} when the bytes are no RESP or go beyond a limit. Whatever is thrown, also by the
   * handler, the decoder takes in nothing more.
   */
  write(chunk: Uint8Array): void {
    if (this.#state !== IDLE) this.#refuse();
    this.#state = BUSY;
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

  #refuse(): never {
    throw protocolError(
      this.#state === BUSY
        ? "Cannot take in a chunk while another is being read: the handler must not write to its decoder"
        : "Cannot take in more: what was received before is not RESP",
    );
  }

  #run(chunk: Uint8Array, at: number, end: number): void {
    const handler = this.#handler;
    const maxBulk = this.#maxBulk;
    let values = this.#values;
    let left = this.#left;
    let mode = this.#mode;
    this.#windowEnd = 0;
    this.#avoid = 0;

    while (at < end) {
      const type = chunk[at]!;
      if (values === null && type !== PUSH) {
        if (this.#begun) {
          this.#begun = false;
        } else {
          if ((PLACE[type]! & TOP) === 0) throw unknownType(chunk, at, end);
          mode = handler.begin();
        }
      }
      if (type === BULK || type === INTEGER) {
        let place = at + 1;
        const stop = end - place > DIGITS ? place + DIGITS : end;
        let number = 0;
        while (place < stop) {
          const digit = chunk[place]! - 48;
          if (digit < 0 || digit > 9) break;
          number = number * 10 + digit;
          place++;
        }
        if (place + 1 < end && chunk[place] === CR && chunk[place + 1] === LF && place > at + 1) {
          if (type === INTEGER) {
            if (mode < ATTRIBUTED) {
              at = place + 2;
              if (values === null) {
                handler.reply(number);
                continue;
              }
              values.push(number);
              if (--left > 0) continue;
              this.#left = 0;
              this.#mode = mode;
              this.#close();
              values = this.#values;
              left = this.#left;
              mode = this.#mode;
              continue;
            }
          } else {
            const start = place + 2;
            const stop = start + number;
            if (stop + 1 < end && (mode & (BYTES | ATTRIBUTED | PARTS)) === 0 && number <= maxBulk) {
              if (chunk[stop] !== CR || chunk[stop + 1] !== LF) throw unended();
              at = stop + 2;
              let value: string | undefined;
              if (stop <= this.#windowEnd) {
                const first = this.#windowStart;
                value = this.#window.substring(start - first, stop - first);
              } else {
                value = this.#text(chunk, start, stop, end, mode);
                if (this.#invalid !== undefined && values === null) {
                  this.#reply("");
                  continue;
                }
              }
              if (values === null) {
                handler.reply(value);
                continue;
              }
              values.push(value);
              if (--left > 0) continue;
              this.#left = 0;
              this.#mode = mode;
              this.#close();
              values = this.#values;
              left = this.#left;
              mode = this.#mode;
              continue;
            }
          }
        }
      }
      this.#left = left;
      this.#mode = mode;
      at = this.#line(chunk, at, end, type);
      values = this.#values;
      left = this.#left;
      mode = this.#mode;
    }
    this.#left = left;
    this.#mode = mode;
    this.#window = "";
  }

  /** Reads any value; returns the place behind it, or behind the line that opens it, or `end` if it was cut. */
  #line(chunk: Uint8Array, at: number, end: number, type: number): number {
    if ((PLACE[type]! & (this.#depth === 0 ? TOP : INNER)) === 0) {
      if (type === PUSH) throw protocolError("Cannot read the reply: a push stands within another value");
      throw unknownType(chunk, at, end);
    }
    const lf = chunk.indexOf(LF, at + 1);
    if ((lf < 0 ? end : lf) - at > this.#maxLine) throw this.#tooLong();
    if (lf < 0) {
      this.#tail.add(chunk, at, end, Infinity);
      if (this.#depth === 0 && type !== PUSH) this.#begun = true;
      return end;
    }
    const stop = lf - 1;
    if (chunk[stop] !== CR) throw badLine("the start of a line that ends with CRLF", chunk, at, at + 1);
    const next = lf + 1;
    switch (type) {
      case SIMPLE:
        this.#deliver(this.#simple(chunk, at + 1, stop));
        return next;
      case ERROR:
        this.#fail(lineText(chunk.subarray(at + 1, stop)));
        return next;
      case INTEGER:
        this.#deliver(readInteger(chunk, at, stop));
        return next;
      case NULL:
        if (stop !== at + 1) throw badLine("a null", chunk, at, stop);
        this.#deliver(null);
        return next;
      case BOOLEAN:
        this.#deliver(readBoolean(chunk, at, stop));
        return next;
      case DOUBLE:
        this.#deliver(readDouble(chunk, at, stop));
        return next;
      case BIG:
        this.#deliver(readBigNumber(chunk, at, stop));
        return next;
      case END:
        if (stop !== at + 1) throw badLine("the end of an aggregate", chunk, at, stop);
        this.#end();
        return next;
    }
    const length = readLength(chunk, at, stop);
    if (length === -1) {
      if (type !== BULK && type !== ARRAY) throw badLine("a length", chunk, at, stop);
      this.#deliver(null);
      return next;
    }
    if (length === -2) {
      if (type !== BULK && type !== ARRAY && type !== MAP && type !== SET) {
        throw badLine("a length", chunk, at, stop);
      }
      this.#open(type, Infinity);
      return next;
    }
    if (type === BULK || type === BULK_ERROR || type === VERBATIM || type === PART) {
      if (type === PART) this.#checkPart(length);
      else if (length > this.#maxBulk) {
        throw protocolError(
          `Cannot read the reply: a bulk string of ${length} bytes is announced; maxBulkLength is ${this.#maxBulk}`,
        );
      }
      if (type === PART && length === 0) {
        this.#endParts();
        return next;
      }
      if (next + length + 1 < end) {
        if (chunk[next + length] !== CR || chunk[next + length + 1] !== LF) throw unended();
        this.#bulk(type, chunk, next, next + length, true);
        return next + length + 2;
      }
      this.#bodyType = type;
      this.#bodyLength = length;
      return this.#continueBody(chunk, next, end);
    }
    if (length > MAX_ELEMENTS) {
      throw protocolError(`Cannot read the reply: an aggregate of ${length} elements is announced`);
    }
    this.#open(type, length);
    return next;
  }

  /** Joins the line that the last chunk cut, and reads it. */
  #continueLine(chunk: Uint8Array, end: number): number {
    const tail = this.#tail;
    const lf = chunk.indexOf(LF);
    const next = lf < 0 ? end : lf + 1;
    if (tail.length + next > this.#maxLine + 1) throw this.#tooLong();
    tail.add(chunk, 0, next, Infinity);
    if (lf < 0) return end;
    const line = tail.take();
    this.#run(line, 0, line.length);
    return this.#bodyType === 0 ? next : this.#continueBody(chunk, next, end);
  }

  /** Goes on with a bulk string that the last chunk cut. */
  #continueBody(chunk: Uint8Array, at: number, end: number): number {
    const body = this.#body;
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
      const bytes = body.take();
      this.#bodyType = 0;
      this.#bodyEnd = 0;
      this.#bulk(type, bytes, 0, length, false);
      return at;
    }
    return at;
  }

  /** A bulk string of any kind is complete; `borrowed` memory must be copied by who keeps it. */
  #bulk(type: number, bytes: Uint8Array, start: number, stop: number, borrowed: boolean): void {
    if (type === PART) {
      const frame = this.#frames[this.#depth - 1]!;
      frame.parts!.add(bytes, start, stop, Infinity);
      return;
    }
    if (type === BULK_ERROR) {
      this.#fail(lineText(bytes.subarray(start, stop)));
      return;
    }
    if (type === VERBATIM) {
      if (stop - start < 4 || bytes[start + 3] !== 58) {
        throw protocolError("Cannot read the reply: a verbatim string does not start with its format");
      }
      start += 4;
    }
    if ((this.#mode & BYTES) === 0) this.#deliver(this.#alone(bytes.subarray(start, stop), this.#mode));
    else this.#deliver(borrowed ? bytes.slice(start, stop) : bytes.subarray(start, stop));
  }

  /** Text within the chunk, by way of a window where that pays. */
  #text(chunk: Uint8Array, start: number, stop: number, end: number, mode: number): string {
    if (stop - start <= WINDOWED && start >= this.#avoid) {
      const windowEnd = end - start < WINDOW ? end : start + WINDOW;
      const window = asciiText(chunk.subarray(start, windowEnd));
      if (window !== undefined) {
        this.#window = window;
        this.#windowStart = start;
        this.#windowEnd = windowEnd;
        this.#avoided = 0;
        return window.substring(0, stop - start);
      }
      this.#avoided = Math.min(MAX_AVOIDED, this.#avoided * 2 + 1);
      this.#avoid = start + this.#avoided * WINDOW;
    }
    return this.#alone(chunk.subarray(start, stop), mode);
  }

  /** Text by itself; what is not valid is remembered until the reply is complete. */
  #alone(bytes: Uint8Array, mode: number): string {
    const text = textOf(bytes, mode);
    if (text !== undefined) return text;
    this.#invalid ??= new EncodingError(
      `Cannot decode the reply: ${bytes.length} bytes are not valid UTF-8; ask for bytes(), or see the error's bytes`,
      bytes.slice(),
    );
    return "";
  }

  /** A simple string: text in every mode. */
  #simple(chunk: Uint8Array, start: number, stop: number): string {
    if (stop - start === 2 && chunk[start] === 79 && chunk[start + 1] === 75) return "OK";
    const bytes = chunk.subarray(start, stop);
    return (this.#mode & BYTES) === 0 ? this.#alone(bytes, this.#mode) : lineText(bytes);
  }

  #fail(text: string): void {
    const error = new ReplyError(text);
    if (this.#depth > 0) {
      this.#deliver(error);
      return;
    }
    this.#forget();
    this.#handler.error(error);
  }

  /** A value is complete: it goes into its aggregate, or to the handler. */
  #deliver(value: Reply): void {
    if ((this.#mode & ATTRIBUTED) !== 0) {
      this.#mode &= ~ATTRIBUTED;
      value = { attributes: this.#attributes!, value };
      this.#attributes = undefined;
    }
    if (this.#values === null) {
      this.#reply(value);
      return;
    }
    if (this.#frames[this.#depth - 1]!.parts !== undefined) {
      throw protocolError("Cannot read the reply: a streamed string has a part that is none");
    }
    this.#values.push(value);
    if (--this.#left === 0) this.#close();
  }

  /** A reply is complete. */
  #reply(value: Reply): void {
    const invalid = this.#invalid;
    this.#forget();
    if (invalid === undefined) this.#handler.reply(value);
    else this.#handler.error(invalid);
  }

  /** Makes ready for the next reply. */
  #forget(): void {
    this.#begun = false;
    this.#invalid = undefined;
    this.#attributes = undefined;
    this.#mode &= ~ATTRIBUTED;
  }

  /** An aggregate begins, or a streamed string. */
  #open(type: number, length: number): void {
    const depth = this.#depth;
    if (depth > 0 && this.#frames[depth - 1]!.parts !== undefined) {
      throw protocolError("Cannot read the reply: a streamed string has a part that is none");
    }
    if (length === 0 && type !== PUSH) {
      if (type === ATTRIBUTE) this.#begun = depth === 0;
      else this.#deliver(type === MAP ? toMap([], this.#mode) : []);
      return;
    }
    if (depth === this.#maxDepth) {
      throw protocolError(`Cannot read the reply: it is nested deeper than maxDepth, ${this.#maxDepth}`);
    }
    if (depth > 0) this.#frames[depth - 1]!.left = this.#left;
    const frame = this.#frames[depth] ??= new Frame();
    this.#depth = depth + 1;
    frame.type = type;
    frame.values = this.#values = [];
    frame.mode = this.#mode;
    frame.attributes = this.#attributes;
    this.#attributes = undefined;
    this.#left = type === MAP || type === ATTRIBUTE ? length * 2 : length;
    switch (type) {
      case BULK:
        frame.parts = new ByteBuffer();
        this.#mode |= PARTS;
        break;
      case PUSH:
        if (length === 0) throw protocolError("Cannot read the reply: a push has no kind");
        frame.behind = length - 1;
        this.#left = 1;
        this.#mode = REPLACE;
        return;
      case ATTRIBUTE:
        // What is skipped cannot be invalid.
        if ((this.#mode & KEEP_ATTRIBUTES) === 0) this.#mode = REPLACE;
        break;
    }
    this.#mode &= ~ATTRIBUTED;
  }

  /** The innermost aggregate has all its elements. */
  #close(): void {
    const frame = this.#frames[this.#depth - 1]!;
    const values = frame.values;
    const attributes = frame.attributes;
    const type = frame.type;
    if (type === PUSH && frame.behind > 0) {
      if (typeof values[0] !== "string") {
        throw protocolError("Cannot read the reply: the kind of a push is no text");
      }
      this.#left = frame.behind;
      frame.behind = 0;
      this.#mode = BYTES;
      return;
    }
    const mode = this.#mode;
    this.#mode = frame.mode;
    this.#pop(frame);
    switch (type) {
      case PUSH:
        if (typeof values[0] !== "string") {
          throw protocolError("Cannot read the reply: the kind of a push is no text");
        }
        this.#attributes = attributes;
        this.#handler.push(values);
        return;
      case ATTRIBUTE:
        this.#begun = this.#depth === 0;
        if ((mode & KEEP_ATTRIBUTES) === 0) return;
        this.#attributes = toMap(values, mode);
        this.#mode |= ATTRIBUTED;
        return;
      case MAP:
        this.#attributes = attributes;
        this.#deliver(toMap(values, mode));
        return;
      default:
        this.#attributes = attributes;
        this.#deliver(values);
    }
  }

  /** Leaves the innermost aggregate. */
  #pop(frame: Frame): void {
    const depth = --this.#depth;
    frame.values = NOTHING;
    frame.attributes = undefined;
    frame.parts = undefined;
    const outer = depth === 0 ? undefined : this.#frames[depth - 1]!;
    this.#values = outer === undefined ? null : outer.values;
    this.#left = outer === undefined ? 0 : outer.left;
  }

  /** A `.` ends a streamed aggregate. */
  #end(): void {
    const frame = this.#frames[this.#depth - 1]!;
    if (this.#left !== Infinity || frame.parts !== undefined) {
      throw protocolError("Cannot read the reply: an end stands where no streamed aggregate is open");
    }
    if (frame.type === MAP && frame.values.length % 2 === 1) {
      throw protocolError("Cannot read the reply: a streamed map ends with a key");
    }
    this.#attributes = undefined;
    this.#close();
  }

  /** A part may stand only within a streamed string, and all parts count. */
  #checkPart(length: number): void {
    const parts = this.#frames[this.#depth - 1]!.parts;
    if (parts === undefined) {
      throw protocolError("Cannot read the reply: a part stands where no streamed string is open");
    }
    if (parts.length + length > this.#maxBulk) {
      throw protocolError(
        `Cannot read the reply: a streamed string is longer than maxBulkLength, ${this.#maxBulk}`,
      );
    }
  }

  /** A streamed string is complete. */
  #endParts(): void {
    const frame = this.#frames[this.#depth - 1]!;
    const bytes = frame.parts!.take();
    this.#mode = frame.mode;
    this.#attributes = frame.attributes;
    this.#pop(frame);
    if ((this.#mode & BYTES) === 0) this.#deliver(this.#alone(bytes, this.#mode));
    else this.#deliver(bytes.slice());
  }

  #tooLong(): Error {
    return protocolError(`Cannot read the reply: a line is longer than maxLineLength, ${this.#maxLine}`);
  }
}

function unended(): Error {
  return protocolError("Cannot read the reply: a bulk string does not end with CRLF where its length says");
}
