/**
 * What the servers do not say of their commands, by hand: reply types, nicer shapes of arguments, flags.
 *
 * A reply is `TYPE` or `TYPE @parser`. `S` is a bulk string (`string`, or `Uint8Array` for clients of bytes), `Obj<X>` a
 * map by names of the users (`Record<string, X>`, or `Map<Uint8Array, X>`), `Entry` an entry of a stream.
 *
 * @module
 */
import { data } from "./overlay_data.ts";
import { server } from "./overlay_server.ts";

/** A reply, and what it becomes with an option or with an optional argument; `-a,b`: without these options. */
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

/** All entries, by group file. */
export const overlay: Readonly<Record<string, Readonly<Record<string, Entry>>>> = { ...data, ...server };
