/**
 * The values of RESP: arguments and replies.
 *
 * @module
 */
import type { ReplyError } from "../errors.ts";

/** One argument of a command. Numbers and bigints are sent in decimal. */
export type Arg = string | Uint8Array | number | bigint;

/** A decoded reply. */
export type Reply =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ReplyError
  | Reply[]
  | ReplyObject
  | Map<Reply, Reply>
  | Attributed;

/** A map whose keys are all text: a plain object; a field `__proto__` is an own property of it. */
export interface ReplyObject {
  /** The value of a key. */
  [key: string]: Reply;
}

/** A reply with the attributes that the server sent before it; only where they were asked for. */
export interface Attributed {
  /** The attributes. */
  readonly attributes: ReplyObject | Map<Reply, Reply>;
  /** The reply itself. */
  readonly value: Reply;
}

/** The decoding of a reply, as bits. */
export const DecodeMode = {
  /** Text, strict UTF-8: an invalid byte rejects with an `EncodingError`. */
  text: 0,
  /** Bulk and verbatim strings as `Uint8Array`, maps as `Map` unless all keys are simple strings. */
  bytes: 1,
  /** Text, each byte a character. */
  latin1: 2,
  /** Text, invalid UTF-8 becomes U+FFFD. */
  replace: 4,
  /**
   * Bulk strings as text where they are ASCII and cheap to read as such, else as `Uint8Array`: for who makes either
   * of the other, and would rather not. What arrives in pieces is bytes. Together `bytes` and `latin1`.
   */
  either: 3,
  /** Attributes are handed over as {@linkcode Attributed}; otherwise they are skipped. */
  attributes: 8,
  /** Maps as flat arrays and doubles as text, as they are in RESP2. */
  resp2: 16,
  /** Error replies as the server wrote them, with the arguments that they quote. */
  fullErrors: 32,
  /** A reply that is an error is `null`: for replies that nothing uses, as errors are slow to create. */
  noErrors: 64,
} as const;

/** The limits of a decoder. Beyond them it throws a `ProtocolError`. */
export interface DecoderLimits {
  /** The maximum depth of nested aggregates. Default 128. */
  readonly maxDepth?: number;
  /** Bytes of a line (simple strings, errors, numbers, lengths). Default 1 MiB. */
  readonly maxLineLength?: number;
  /** Bytes of a bulk string. Default 512 MiB. */
  readonly maxBulkLength?: number;
  /** The most elements of an array, a set or a push; a map has two for each pair. Default 100,000,000. */
  readonly maxElements?: number;
}

/** Receives decoded values. */
export interface DecoderHandler {
  /**
   * Called with the first byte of each reply except push messages. Returns the {@linkcode DecodeMode} bits for the
   * reply. Throws a `ProtocolError` if no reply is expected.
   */
  begin(type?: number): number;
  /** A reply is complete. */
  reply(value: Reply): void;
  /** A reply is an error at its top level, or could not be made into text (`EncodingError`). */
  error(error: Error): void;
  /** A push frame is complete: its kind is `values[0]`, text, unless a server sends an empty or a nameless one. The rest is decoded in `pushMode`. */
  push(values: Reply[]): void;
  /** {@linkcode DecodeMode} bits for push frames, behind their kind. Default: bytes. */
  readonly pushMode?: number;
}

/** A parser that can be plugged in with the option `parser`. */
export interface RespParser {
  /** Takes in a borrowed chunk; calls the handler for all that is complete. Throws a `ProtocolError`. */
  write(chunk: Uint8Array): void;
  /**
   * Returns memory for the bytes that come next, if the parser knows where they belong; optional. What is written to its
   * beginning is then passed to `write` as a view of it, and needs no copy. Any other chunk may come instead.
   */
  destination?(): Uint8Array | undefined;
  /** Whether part of a reply has been read and the rest is still to come. */
  readonly partial: boolean;
}

/** Makes parsers: one for each connection. */
export type RespParserFactory = (handler: DecoderHandler, limits: DecoderLimits) => RespParser;
