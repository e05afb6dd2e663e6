/**
 * Type functions from the type of a reply to the return type of a method: a promise in a client, a longer tuple in a
 * pipeline. The methods are declared once, over a `Wrap`.
 *
 * @module
 */

/** A type function from the types of a reply, for clients of text and of bytes, to the return type of a method. */
export interface Wrap {
  /** The reply's type for text. */
  readonly text: unknown;
  /** The reply's type for bytes. */
  readonly bytes: unknown;
  /** The reply itself, in terms of `this["text"]` and `this["bytes"]`. */
  readonly value: unknown;
  /** The return type of a method, in terms of `this["text"]` and `this["bytes"]`. */
  readonly out: unknown;
}

/** The return type of a method over `W`, for a command whose reply is `T` as text and `B` as bytes. */
export type Out<W extends Wrap, T, B = T> = (W & { readonly text: T; readonly bytes: B })["out"];

/** The reply that a client over `W` gets where it is `T` as text and `B` as bytes. */
export type Value<W extends Wrap, T, B = T> = (W & { readonly text: T; readonly bytes: B })["value"];

/** The type of a bulk string for a client over `W`: text or bytes. */
export type Text<W extends Wrap> = Value<W, string, Uint8Array>;

/** A client of text: `get` returns `Promise<string | null>`. */
export interface TextPromise extends Wrap {
  /** Text. */
  readonly value: this["text"];
  /** A promise of the text reply. */
  readonly out: Promise<this["text"]>;
}

/** A client of bytes: `get` returns `Promise<Uint8Array | null>`. */
export interface BytesPromise extends Wrap {
  /** Bytes. */
  readonly value: this["bytes"];
  /** A promise of the bytes reply. */
  readonly out: Promise<this["bytes"]>;
}
