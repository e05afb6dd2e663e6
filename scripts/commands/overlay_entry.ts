/**
 * The types of the overlay's entries.
 *
 * @module
 */

/** A reply type, and its variants with an option or an optional argument; `-a,b`: without these options. */
export type ReplyEntry = string | readonly [reply: string, variants: Readonly<Record<string, string>>];

/** A shape that is not derived from the documentation. */
export interface Shape {
  /** The parameters of the implementation, and of the only signature where there are no `signatures`. */
  readonly params: string;
  /** The arguments, as an expression. `$` is the spec. */
  readonly args: string;
  /** The reply of the only signature. */
  readonly reply?: string;
  /** Overloads: parameters and reply. */
  readonly signatures?: readonly (readonly [params: string, reply: string])[];
  /** The parser to be used, as an expression. */
  readonly parse?: string;
  /** Type parameters. */
  readonly generic?: string;
  /** Options to declare as `NameOptions`: the plan of the encoder is derived from the documentation. */
  readonly options?: string;
}

/** A command's entry. */
export type Entry = ReplyEntry | Shape;
