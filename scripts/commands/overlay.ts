/**
 * Properties of commands that servers do not report: reply types, shapes of arguments, flags.
 *
 * A reply is `TYPE` or `TYPE @parser`. `S` is a bulk string (`string`, or `Uint8Array` for clients of bytes),
 * `Obj<X>` a map by names that users choose (`Record<string, X>`, or `Map<Uint8Array, X>`), `Entry` an entry of a
 * stream.
 *
 * @module
 */
import { data } from "./overlay_data.ts";
import type { Entry } from "./overlay_entry.ts";
import { server } from "./overlay_server.ts";
import { vectors } from "./overlay_vectors.ts";

export type { Entry, ReplyEntry, Shape } from "./overlay_entry.ts";

/** All entries, by group file. */
export const overlay: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  ...data,
  ...server,
  ...vectors,
};
