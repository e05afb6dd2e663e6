/**
 * Commands to bytes: arguments are written straight into one arena, without an allocation a command.
 *
 * @module
 */
import { FIRST, leaveArena, takeArena, USUAL } from "./arenas.ts";
import { checkArguments, isBytes, isGone, refusal } from "./arguments.ts";
import { SentBytes } from "./sent_bytes.ts";
import { borrow, giveBack } from "./scratch.ts";
import type { Arg } from "./types.ts";
import { digitsOf, writeBytes, writeInteger, writeLength } from "./write_frame.ts";

/** The options of an {@linkcode Encoder}. */
export interface EncoderOptions {
  /** Bytes of an arena. Default 65,536. */
  readonly arenaSize?: number;
  /** Bytes of the first arenas, until more is sent at once. Default 2,048. */
  readonly firstSize?: number;
  /** Values above this many bytes (strings: UTF-16 units) are handed over as they are. Default 16,384. */
  readonly copyLimit?: number;
}

/** Up to here a loop over the characters beats `encodeInto`, whose call costs more than the copying. */
const SHORT_TEXT = 48;
/** The maximum size of the frame of an argument: `$`, ten digits, two CRLF. */
const FRAME = 16;
/** UTF-8 takes at most as many bytes for a UTF-16 unit; for longer texts than that the room is not made at random. */
const MOST_BYTES = 3;
const MUCH_TEXT = 1_048_576;
const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;

/** Thrown where the arena must stay and is full. */
const FULL = new Error("The arena is full");
const NONE: Uint8Array = new Uint8Array(0);
/** The last lent view and its memory: a client that sends one command after the other lends the same again and again. */
let lastView = NONE;
let lastMemory = NONE;
const utf8 = new TextEncoder();

/**
 * Encodes commands into an arena, from where {@linkcode Encoder.take} fetches them.
 *
 * Strings are sent as UTF-8; those with a lone surrogate are refused. Numbers and bigints
 * are sent in decimal, infinities as `inf` and `-inf`, -0 as `0`. A command is encoded whole or, when one of
 * its arguments is refused, not at all.
 */
export class Encoder {
  /** Set where a `Uint8Array` was copied: the caller may change it from then on. */
  copied = false;
  /** The start of that command in the arena; -1: it does not lie there as a whole. */
  copiedAt = 0;
  /** Gets the bytes of the arena before that is used again. */
  #kept: SentBytes | undefined;
  readonly #sink: (bytes: Uint8Array) => void;
  readonly #arenaSize: number;
  /** The size of the arenas that it uses. */
  #size: number;
  readonly #copyLimit: number;
  /** Written to; without memory until there is something to write. */
  #arena: Uint8Array = NONE;
  #length = 0;
  /** The arena stays: a command that does not fit is not encoded. */
  #fixed = false;
  /** The view that the socket uses, and its memory. Reading `buffer` of the view instead is slow on Bun. */
  #lent: Uint8Array | undefined = undefined;
  #behind: Uint8Array = NONE;
  /** Further such views. */
  #further: Map<Uint8Array, Uint8Array> | undefined = undefined;

  /**
   * Creates an encoder.
   *
   * @param sink receives full arenas and values that are too big to copy, in order, during the encoding. They precede
   * the result of the next {@linkcode Encoder.take}. A big value is the caller's memory and must not be changed until
   * it is sent.
   */
  constructor(sink: (bytes: Uint8Array) => void, options: EncoderOptions = {}) {
    this.#sink = sink;
    this.#arenaSize = options.arenaSize ?? USUAL;
    this.#size = Math.min(options.firstSize ?? FIRST, this.#arenaSize);
    this.#copyLimit = options.copyLimit ?? 16_384;
  }

  /** Bytes that wait in the arena. */
  get length(): number {
    return this.#length;
  }

  /**
   * Encodes one command.
   *
   * @param head the words of its name as bulk strings (`$3\r\nGET\r\n`); may be empty.
   * @param words how many those are.
   * @throws {TypeError} naming the argument that cannot be sent; nothing of the command is then encoded.
   */
  command(head: Uint8Array, words: number, args: readonly Arg[]): void {
    const count = args.length;
    const headLength = head.length;
    let at = this.#length;
    if (at + headLength + FRAME > this.#arena.length) at = this.#room(at, headLength + FRAME);
    let arena = this.#arena;
    let start = at;

    const total = words + count;
    arena[at++] = STAR;
    if (total < 10) {
      if (total === 0) throw new TypeError("Cannot send a command without a name: there are no arguments");
      arena[at++] = 48 + total;
      arena[at++] = CR;
      arena[at++] = LF;
    } else {
      at = writeLength(arena, at, total);
    }
    for (let i = 0; i < headLength; i++) arena[at++] = head[i]!;

    let checked = false;
    for (let i = 0; i < count; i++) {
      const arg = args[i]!;
      if (typeof arg === "string") {
        const length = arg.length;
        if (length <= SHORT_TEXT && at + length + FRAME <= arena.length) {
          let to = at;
          arena[to++] = DOLLAR;
          if (length > 9) {
            const tens = (length / 10) | 0;
            arena[to++] = 48 + tens;
            arena[to++] = 48 + length - tens * 10;
          } else {
            arena[to++] = 48 + length;
          }
          arena[to++] = CR;
          arena[to++] = LF;
          let j = 0;
          for (; j < length; j++) {
            const code = arg.charCodeAt(j);
            if (code > 127) break;
            arena[to++] = code;
          }
          // Most are ASCII. For the others `at` still stands before the argument, and all is written anew.
          if (j === length) {
            arena[to] = CR;
            arena[to + 1] = LF;
            at = to + 2;
            continue;
          }
        }
      } else if (typeof arg === "number") {
        if ((arg | 0) === arg && at + 2 * FRAME <= arena.length) {
          at = writeInteger(arena, at, arg);
          continue;
        }
        if (Number.isNaN(arg)) throw refusal(arg, i, head);
      } else if (typeof arg === "object" && arg instanceof Uint8Array) {
        const length = arg.length;
        if (length === 0 && isGone(arg)) throw refusal(arg, i, head);
        if (length <= this.#copyLimit && at + length + FRAME <= arena.length) {
          at = writeBytes(arena, at, arg, length);
          this.copied = true;
          this.copiedAt = start;
          continue;
        }
      } else if (typeof arg !== "bigint" && !isBytes(arg)) {
        throw refusal(arg, i, head);
      }
      // From here on parts of the command may leave the arena: only if the rest of it can follow.
      if (!checked) {
        checkArguments(args, head);
        checked = true;
      }
      this.copiedAt = start;
      at = this.#any(arg, at);
      start = this.copiedAt;
      arena = this.#arena;
    }
    this.#length = at;
  }

  /**
   * Encodes one command if it fits into the rest of the arena.
   *
   * @returns `false` if it does not fit; then the arena is unchanged.
   * @throws {TypeError} as {@linkcode Encoder.command}.
   */
  commandIfItFits(head: Uint8Array, words: number, args: readonly Arg[]): boolean {
    this.#fixed = true;
    try {
      this.command(head, words, args);
      return true;
    } catch (error) {
      this.copied = false;
      if (error !== FULL) throw error;
      return false;
    } finally {
      this.#fixed = false;
    }
  }

  /** Removes parts of the arena: of the `count` parts that begin at `starts`, those for which `drop` returns `true`. */
  cut(starts: readonly number[], count: number, drop: (index: number) => boolean): void {
    let to = starts[0]!;
    for (let index = 0; index < count; index++) {
      if (drop(index)) continue;
      const start = starts[index]!;
      const end = index + 1 < count ? starts[index + 1]! : this.#length;
      this.#arena.copyWithin(to, start, end);
      to += end - start;
    }
    this.#length = to;
  }

  /** Adds bytes that are encoded already. */
  raw(bytes: Uint8Array): void {
    const length = bytes.length;
    let at = this.#length;
    if (length > this.#copyLimit) {
      this.#length = this.#rotate(at, 0);
      this.#sink(bytes);
      return;
    }
    if (at + length > this.#arena.length) at = this.#room(at, length);
    this.#arena.set(bytes, at);
    this.#length = at + length;
  }

  /** Returns the bytes of the arena, which stay as they are when it is used again. */
  keep(): SentBytes {
    return this.#kept ??= new SentBytes(this.#arena);
  }

  /**
   * Returns the pending content of the arena, empty if there is none. The arena is not reused until the view is given
   * back.
   */
  take(): Uint8Array {
    if (this.#length === 0) {
      // A refused command leaves an arena without content.
      if (this.#kept === undefined) this.#leaveArena();
      return NONE;
    }
    const view = this.#lend(this.#arena, this.#length);
    if (this.#kept !== undefined) this.#release(view);
    this.#arena = NONE;
    this.#length = 0;
    return view;
  }

  /** Gives a view back after it was sent. Big values of the caller are ignored. */
  give(view: Uint8Array): void {
    let memory: Uint8Array | undefined;
    if (view === this.#lent) {
      memory = this.#behind;
      this.#lent = undefined;
      this.#behind = NONE;
    } else {
      memory = this.#further?.get(view);
      this.#further?.delete(view);
    }
    if (memory !== undefined && !leaveArena(memory)) giveBack(memory);
  }

  /** Drops the content of the arena, and the views that a socket will not give back. */
  clear(): void {
    if (this.#kept !== undefined) this.#release(this.#arena.subarray(0, this.#length));
    this.#length = 0;
    this.#lent = this.#further = undefined;
    this.#behind = NONE;
  }

  /** Releases its arena to other encoders, not while it encodes; views that a socket uses stay excluded. */
  leave(): void {
    this.clear();
    this.#leaveArena();
  }

  #leaveArena(): void {
    leaveArena(this.#arena);
    this.#arena = NONE;
  }

  /** The arena, whose content is `view`, is used again. */
  #release(view: Uint8Array): void {
    this.#kept!.copy(view);
    this.#kept = undefined;
  }

  /** The first bytes of a memory, as a view that is given back when they have been sent. */
  #lend(memory: Uint8Array, length: number): Uint8Array {
    if (lastMemory !== memory || lastView.length !== length) {
      lastView = memory.subarray(0, length);
      lastMemory = memory;
    }
    if (this.#lent === undefined) {
      this.#lent = lastView;
      this.#behind = memory;
    } else (this.#further ??= new Map()).set(lastView, memory);
    return lastView;
  }

  /** Makes room for `need` bytes behind `at`, in a larger arena or in the next one. Returns the position there. */
  #room(at: number, need: number): number {
    const small = this.#arena;
    const room = at + need;
    if (this.#size === this.#arenaSize || room <= this.#size || room > this.#arenaSize) {
      return this.#rotate(at, need);
    }
    this.#size = this.#arenaSize;
    this.#arena = takeArena(this.#size, 0);
    this.#arena.set(small.subarray(0, at));
    if (this.#kept !== undefined) this.#release(small.subarray(0, at));
    leaveArena(small);
    return at;
  }

  /**
   * Passes the arena up to `at` to the sink and continues in another with room for `need` bytes. Returns 0, the new
   * position.
   */
  #rotate(at: number, need: number): number {
    if (this.#fixed && at > 0) throw FULL;
    const full = this.#arena;
    this.copiedAt = -1;
    this.#length = 0;
    if (need > full.length || at > 0) {
      if (at === 0) leaveArena(full);
      this.#arena = need === 0 ? NONE : takeArena(this.#size, need);
    }
    if (at === 0) return 0;
    const view = this.#lend(full, at);
    if (this.#kept !== undefined) this.#release(view);
    this.#sink(view);
    return 0;
  }

  /** Any argument that the loop in `command` left over; returns the place behind it. */
  #any(arg: Arg, at: number): number {
    if (typeof arg === "string") return this.#text(arg, at);
    if (typeof arg === "number") {
      return this.#text(arg === Infinity ? "inf" : arg === -Infinity ? "-inf" : String(arg), at);
    }
    if (typeof arg === "bigint") return this.#text(String(arg), at);
    const length = arg.length;
    if (length > this.#copyLimit) return this.#whole(arg, at);
    this.copied = true;
    if (at + length + FRAME > this.#arena.length) at = this.#room(at, length + FRAME);
    return writeBytes(this.#arena, at, arg, length);
  }

  /** Text of any length. How long it is in bytes shows only when it is encoded. */
  #text(text: string, at: number): number {
    const length = text.length;
    if (length > this.#copyLimit) return this.#bigText(text, at);
    if (at + length + FRAME > this.#arena.length) at = this.#room(at, length + FRAME);
    // Nearly always as many bytes as characters, or as many digits in the one as in the other.
    const body = at + 3 + digitsOf(length);
    const { read, written } = utf8.encodeInto(text, this.#arena.subarray(body));
    if (read < length || body + written + FRAME > this.#arena.length) {
      const bytes = utf8.encode(text);
      if (at + bytes.length + FRAME > this.#arena.length) at = this.#room(at, bytes.length + FRAME);
      return writeBytes(this.#arena, at, bytes, bytes.length);
    }
    const arena = this.#arena;
    const shift = digitsOf(written) - digitsOf(length);
    if (shift > 0) arena.copyWithin(body + shift, body, body + written);
    arena[at] = DOLLAR;
    at = writeLength(arena, at + 1, written) + written;
    arena[at] = CR;
    arena[at + 1] = LF;
    return at + 2;
  }

  /** Encodes a long text in borrowed memory, which is returned when the socket has sent it. */
  #bigText(text: string, at: number): number {
    if (this.#fixed) throw FULL;
    const { length } = text;
    for (const room of [length, length * MOST_BYTES]) {
      const scratch = borrow(room);
      const { read, written } = utf8.encodeInto(text, scratch);
      if (read === length) {
        return this.#whole(this.#lend(scratch, written), at);
      }
      giveBack(scratch);
      if (length > MUCH_TEXT) break;
    }
    return this.#whole(utf8.encode(text), at);
  }

  /** A value too big to be copied: the arena goes out with its header, then the value; its CRLF starts the next. */
  #whole(bytes: Uint8Array, at: number): number {
    if (at + FRAME > this.#arena.length) at = this.#room(at, FRAME);
    this.#arena[at] = DOLLAR;
    at = this.#rotate(writeLength(this.#arena, at + 1, bytes.length), FRAME);
    this.#sink(bytes);
    this.#arena[at] = CR;
    this.#arena[at + 1] = LF;
    return at + 2;
  }
}
