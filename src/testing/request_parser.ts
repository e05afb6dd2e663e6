/**
 * Requests from bytes: arrays of bulk strings, or lines of words.
 *
 * @module
 */
import { splitWords } from "./words.ts";
import { toText } from "./types/bytes.ts";

/** The number of bytes to decode at once. Kept strings hold their window in memory. */
const WINDOW = 1024;
const INLINE_MOST = 65_536;
const NONE = new Uint8Array(0);

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A request that cannot be read; the connection ends after the error has been sent. */
export class RequestError {
  /** The message without `ERR`. */
  readonly text: string;
  /** Makes one. */
  constructor(text: string) {
    this.text = text;
  }
}

/** Reads requests one after the other. */
export class RequestParser {
  /** The most bytes of one argument. */
  maxBulk = 536_870_912;
  /** Whether the client has yet to authenticate: its requests are bounded. */
  guarded = false;
  #chunk: Uint8Array = NONE;
  #end = 0;
  #at = 0;
  /** The words of the incomplete request, and the number of missing ones. */
  #args: string[] = [];
  #left = 0;
  /** The length of the argument that is being read; -1 before that is known. */
  #bulk = -1;
  #window = "";
  #from = 0;
  #to = 0;
  /** Whether the chunk is this parser's own memory. */
  #own = false;

  /** Takes in a borrowed chunk; everything is read by `next`, or kept by `keep`. */
  push(chunk: Uint8Array): void {
    const rest = this.#end - this.#at;
    if (rest === 0) {
      this.#chunk = chunk;
      this.#at = 0;
      this.#end = chunk.length;
      this.#own = false;
    } else {
      const need = rest + chunk.length;
      let memory = this.#chunk;
      if (this.#end + chunk.length > memory.length) {
        // An argument that has been announced gets its room once; other things double.
        const wanted = this.#bulk >= 0 ? Math.min(this.#bulk + 2, need * 4) : 0;
        memory = new Uint8Array(Math.max(need, wanted, memory.length));
        memory.set(this.#chunk.subarray(this.#at, this.#end));
        this.#at = 0;
        this.#end = rest;
        this.#chunk = memory;
      }
      this.#own = true;
      memory.set(chunk, this.#end);
      this.#end += chunk.length;
    }
    this.#forget();
  }

  /** Copies the unread rest, because the chunk is reused. */
  keep(): void {
    if (this.#at === this.#end) {
      this.#chunk = NONE;
      this.#at = this.#end = 0;
    } else if (!this.#own) {
      this.#chunk = this.#chunk.slice(this.#at, this.#end);
      this.#end -= this.#at;
      this.#at = 0;
    }
    this.#own = this.#chunk !== NONE;
    this.#forget();
  }

  #forget(): void {
    this.#to = -1;
  }

  /**
   * Returns the next request, or `undefined` if more bytes are needed. An empty request must be ignored.
   *
   * @throws {RequestError} for invalid input.
   */
  next(): string[] | undefined {
    if (this.#left === 0) {
      if (this.#at === this.#end) return undefined;
      if (this.#chunk[this.#at] !== 42) return this.#inline();
      const count = this.#number("invalid multibulk length", "too big mbulk count string");
      if (count === undefined) return undefined;
      if (count > 2147483647) throw new RequestError("Protocol error: invalid multibulk length");
      if (this.guarded && count > 10) {
        throw new RequestError("Protocol error: unauthenticated multibulk length");
      }
      this.#args = [];
      if (count <= 0) return this.#args;
      this.#left = count;
    }
    while (this.#left > 0) {
      if (this.#bulk < 0) {
        if (this.#at === this.#end) return undefined;
        const type = this.#chunk[this.#at]!;
        if (type !== 36) {
          const stop = this.#find(13, this.#at);
          if (stop < 0 || stop + 1 >= this.#end) {
            if (stop < 0 && this.#end - this.#at > INLINE_MOST) {
              throw new RequestError("Protocol error: too big bulk count string");
            }
            return undefined;
          }
          throw new RequestError(`Protocol error: expected '$', got '${String.fromCharCode(type)}'`);
        }
        const length = this.#number("invalid bulk length", "too big bulk count string");
        if (length === undefined) return undefined;
        if (length < 0 || length > this.maxBulk) {
          throw new RequestError("Protocol error: invalid bulk length");
        }
        if (this.guarded && length > 16384) {
          throw new RequestError("Protocol error: unauthenticated bulk length");
        }
        this.#bulk = length;
      }
      const stop = this.#at + this.#bulk;
      if (stop + 2 > this.#end) return undefined;
      this.#args.push(this.#text(this.#at, stop));
      this.#at = stop + 2;
      this.#bulk = -1;
      this.#left--;
    }
    return this.#args;
  }

  /** The number of a line behind its first byte. */
  #number(bad: string, long: string): number | undefined {
    const chunk = this.#chunk;
    let at = this.#at + 1;
    const end = this.#end;
    let value = 0;
    while (at < end) {
      const digit = chunk[at]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (
      at + 1 < end && chunk[at] === 13 && at > this.#at + 1 &&
      (chunk[this.#at + 1] !== 48 || at === this.#at + 2)
    ) {
      this.#at = at + 2;
      return value;
    }
    const stop = this.#find(13, this.#at + 1);
    if (stop < 0 || stop + 1 >= end) {
      if (stop < 0 && end - this.#at > INLINE_MOST) throw new RequestError(`Protocol error: ${long}`);
      return undefined;
    }
    const text = toText(chunk.subarray(this.#at + 1, stop));
    if (!/^-[1-9]\d{0,17}$/.test(text)) throw new RequestError(`Protocol error: ${bad}`);
    this.#at = stop + 2;
    return Number(text);
  }

  /** The position of a byte; -1 where it is not there, or only behind a zero, as C finds it. */
  #find(byte: number, from: number): number {
    const rest = this.#chunk.subarray(from, this.#end);
    const found = rest.indexOf(byte);
    return found < 0 || rest.subarray(0, found).includes(0) ? -1 : from + found;
  }

  #inline(): string[] | undefined {
    const chunk = this.#chunk;
    const start = this.#at;
    const stop = this.#find(10, start);
    if (stop < 0) {
      if (this.#end - start > INLINE_MOST) throw new RequestError("Protocol error: too big inline request");
      return undefined;
    }
    this.#at = stop + 1;
    const end = stop > start && chunk[stop - 1] === 13 ? stop - 1 : stop;
    const words = splitWords(toText(chunk.subarray(start, end)));
    if (words === undefined) throw new RequestError("Protocol error: unbalanced quotes in request");
    return words;
  }

  #text(start: number, stop: number): string {
    if (stop > this.#to || start < this.#from) {
      const length = stop - start;
      if (length >= WINDOW) return this.#alone(start, stop);
      const to = Math.min(this.#end, start + WINDOW);
      const text = utf8.decode(this.#chunk.subarray(start, to));
      if (text.length !== to - start || text.includes("\ufffd")) {
        return toText(this.#chunk.subarray(start, stop));
      }
      this.#window = text;
      this.#from = start;
      this.#to = to;
    }
    return this.#window.substring(start - this.#from, stop - this.#from);
  }

  /** A long text; where it is ASCII, decoding it as UTF-8 is fastest. */
  #alone(start: number, stop: number): string {
    const bytes = this.#chunk.subarray(start, stop);
    const text = utf8.decode(bytes);
    return text.length === bytes.length && !text.includes("\ufffd") ? text : toText(bytes);
  }
}
