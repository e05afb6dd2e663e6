/**
 * Replies put together from their values.
 *
 * @module
 */
import { EncodingError, ReplyError } from "../errors.ts";
import { ByteBuffer } from "./buffer.ts";
import { Frame, NOTHING } from "./frame.ts";
import { GrowingMap, PART, toMap } from "./maps.ts";
import { withoutArguments } from "./redact.ts";
import { unreadable } from "./protocol.ts";
import { lineText } from "./strings.ts";
import type { TextReader } from "./text_reader.ts";
import { DecodeMode, type DecoderHandler, type DecoderLimits, type Reply } from "./types.ts";
import { ATTRIBUTE, BULK, MAP, PUSH } from "./type_bytes.ts";

/** A further bit of `DecodeMode`: attributes were read that belong to the next element. */
export const ATTRIBUTED = 128;
/** Another: a streamed string is being read, and only its parts may come. */
export const PARTS = 256;

/** Elements for which room is made as soon as they are announced; more must come before there is more room. */
const ROOM = 1024;

/**
 * Collects decoded values into the open aggregate or passes them to the handler. The decoder's loop does the same for
 * frequent cases, on the public fields.
 */
export class Assembly {
  /** The elements of the innermost aggregate; null at the top. */
  values: Reply[] | null = null;
  /** The numbers of present and expected elements; Infinity for an aggregate that ends with `.`. */
  filled = 0;
  /** See `filled`. */
  size = 0;
  /** The mode that holds for the next value: bits of `DecodeMode`, `ATTRIBUTED`, `PARTS`. */
  mode = 0;
  /** The number of open aggregates. */
  depth = 0;
  /** The handler was asked for the mode of a reply of which no aggregate is open yet. */
  begun = false;

  readonly #handler: DecoderHandler;
  readonly #texts: TextReader;
  readonly #maxDepth: number;
  readonly #maxElements: number;
  readonly #frames: Frame[] = [];
  #attributes: Frame["attributes"] = undefined;

  /** Creates an assembly that passes values to the handler. */
  constructor(handler: DecoderHandler, texts: TextReader, limits: DecoderLimits) {
    this.#handler = handler;
    this.#texts = texts;
    this.#maxDepth = limits.maxDepth ?? 128;
    this.#maxElements = limits.maxElements ?? 100_000_000;
  }

  /** The parts of the streamed string that is being read. */
  get parts(): ByteBuffer | undefined {
    return this.depth === 0 ? undefined : this.#frames[this.depth - 1]!.parts;
  }

  /**
   * Whether a push message may stand between the elements of the open aggregate. Servers before 7.2 send it within
   * the reply of EXEC, if a transaction publishes to a channel of its own connection.
   */
  get interruptible(): boolean {
    if ((this.mode & PARTS) !== 0) return false;
    for (let depth = 0; depth < this.depth; depth++) if (this.#frames[depth]!.type === PUSH) return false;
    return true;
  }

  /** A value is complete, and with it perhaps the aggregates that it ends; a loop, so that depth costs no stack. */
  deliver(value: Reply): void {
    for (;;) {
      if (this.mode >= ATTRIBUTED) value = this.#special(value);
      if (this.values === null) {
        this.reply(value);
        return;
      }
      this.values[this.filled] = value;
      if (++this.filled < this.size) return;
      const aggregate = this.#finish();
      if (aggregate === undefined) return;
      value = aggregate;
    }
  }

  /** The innermost aggregate has all its elements. */
  close(): void {
    const aggregate = this.#finish();
    if (aggregate !== undefined) this.deliver(aggregate);
  }

  /** An error reply is complete: within an aggregate it is a value, at the top the reply itself. */
  fail(bytes: Uint8Array): void {
    if ((this.mode & DecodeMode.noErrors) !== 0) return this.deliver(null);
    const text = lineText(bytes);
    const error = new ReplyError((this.mode & DecodeMode.fullErrors) === 0 ? withoutArguments(text) : text);
    if (this.depth > 0) {
      this.deliver(error);
      return;
    }
    this.#forget();
    this.#handler.error(error);
  }

  /** A reply is complete. */
  reply(value: Reply): void {
    const invalid = this.#texts.invalid;
    this.#forget();
    if (invalid === undefined) return this.#handler.reply(value);
    EncodingError.complete(invalid, value);
    this.#handler.error(invalid);
  }

  /** An aggregate begins, or a streamed string; `length` in elements or pairs, Infinity where it is streamed. */
  open(type: number, length: number): void {
    if ((this.mode & PARTS) !== 0) throw noPart();
    const depth = this.depth;
    if (length === 0) {
      if (type === PUSH) this.#handler.push([]);
      else if (type === ATTRIBUTE) this.begun = depth === 0;
      else this.deliver(type === MAP && !this.#flat(this.mode) ? toMap(NOTHING, this.mode) : []);
      return;
    }
    if (depth === this.#maxDepth) {
      throw unreadable(`it is nested deeper than maxDepth, ${this.#maxDepth}`);
    }
    const size = type === MAP || type === ATTRIBUTE ? length * 2 : length;
    if (size > this.#maxElements && size !== Infinity) {
      throw unreadable(`${size} elements are announced; maxElements is ${this.#maxElements}`);
    }
    if (depth > 0) this.#frames[depth - 1]!.filled = this.filled;
    const frame = this.#frames[depth] ??= new Frame();
    frame.type = type;
    frame.mode = this.mode;
    frame.size = size;
    frame.values = this.values = size === Infinity ? [] : new Array(size < ROOM ? size : ROOM);
    frame.attributes = this.#attributes;
    this.#attributes = undefined;
    this.depth = depth + 1;
    this.filled = 0;
    this.size = size;
    this.mode &= ~ATTRIBUTED;
    switch (type) {
      case BULK:
        frame.parts = new ByteBuffer();
        this.mode |= PARTS;
        break;
      case MAP:
        if (size <= PART || size === Infinity || this.#flat(this.mode)) break;
        frame.total = size;
        frame.map = new GrowingMap();
        this.size = frame.size = PART;
        break;
      case PUSH:
        // First its kind alone, which is text.
        this.size = 1;
        this.mode = DecodeMode.replace;
        break;
      case ATTRIBUTE:
        // Skipped values are not validated.
        if ((this.mode & DecodeMode.attributes) === 0) this.mode = DecodeMode.replace;
        break;
    }
  }

  /** Leaves the innermost aggregate (a push: first its kind alone); returns it if it is an element or a reply. */
  #finish(): Reply | undefined {
    const frame = this.#frames[this.depth - 1]!;
    const values = frame.values;
    const type = frame.type;
    if (type === PUSH && this.filled === 1 && frame.size > 1) {
      this.size = frame.size;
      this.mode = this.#handler.pushMode ?? DecodeMode.bytes;
      return undefined;
    }
    const mode = this.mode;
    const { map } = frame;
    if (map !== undefined && this.filled < frame.total) {
      map.add(values, this.filled);
      this.size = frame.size = Math.min(frame.total, this.filled + PART);
      return undefined;
    }
    this.#pop(frame);
    if (map !== undefined) return map.finish(values, mode);
    if (type === ATTRIBUTE) {
      this.begun = this.depth === 0;
      if ((mode & DecodeMode.attributes) !== 0) {
        this.#attributes = toMap(values, mode);
        this.mode |= ATTRIBUTED;
      }
      return undefined;
    }
    if (type === PUSH) {
      this.#handler.push(values);
      return undefined;
    }
    return type === MAP && !this.#flat(mode) ? toMap(values, mode) : values;
  }

  /** Whether maps stay flat arrays, as in RESP2. */
  #flat(mode: number): boolean {
    return (mode & DecodeMode.resp2) !== 0;
  }

  /** A `.` ends a streamed aggregate. */
  end(): void {
    if (this.size !== Infinity || (this.mode & PARTS) !== 0) {
      throw unreadable("an end stands where nothing streamed is open");
    }
    if (this.#frames[this.depth - 1]!.type === MAP && this.filled % 2 === 1) {
      throw unreadable("a streamed map ends with a key");
    }
    this.mode &= ~ATTRIBUTED;
    this.close();
  }

  /** A streamed string is complete; returns its bytes, to be delivered. */
  endParts(): Uint8Array {
    const frame = this.#frames[this.depth - 1]!;
    const bytes = frame.parts!.take();
    this.#pop(frame);
    return bytes;
  }

  /** Leaves the innermost aggregate: all is as it was before it began. */
  #pop(frame: Frame): void {
    const depth = --this.depth;
    this.mode = frame.mode;
    this.#attributes = frame.attributes;
    frame.values = NOTHING;
    frame.attributes = undefined;
    frame.parts = undefined;
    frame.map = undefined;
    if (depth === 0) {
      this.values = null;
    } else {
      const outer = this.#frames[depth - 1]!;
      this.values = outer.values;
      this.filled = outer.filled;
      // A push within which an aggregate stands is past its kind, or wrong.
      this.size = outer.size;
    }
  }

  /** Gives a value its attributes; refuses one that stands within a streamed string. */
  #special(value: Reply): Reply {
    if ((this.mode & PARTS) !== 0) throw noPart();
    this.mode &= ~ATTRIBUTED;
    const attributes = this.#attributes!;
    this.#attributes = undefined;
    return { attributes, value };
  }

  /** Makes ready for the next reply. */
  #forget(): void {
    this.begun = false;
    this.#texts.invalid = undefined;
    this.#attributes = undefined;
    this.mode &= ~ATTRIBUTED;
  }
}

function noPart(): Error {
  return unreadable("a streamed string has a part that is none");
}
