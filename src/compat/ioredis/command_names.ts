/**
 * The names of commands, encoded once.
 *
 * @module
 */
import { CommandFlag } from "../../commands/command.ts";
import type { Sendable } from "../../connection/pending.ts";

const utf8 = new TextEncoder();
const heads: Map<string, Sendable["spec"]> = new Map();
/** Names whose encoding is kept; programs that make up names must not fill the memory. */
const MOST_HEADS = 1_000;

/** The encoded name of a command, as it was written. */
export function specOf(name: string): Sendable["spec"] {
  const known = heads.get(name);
  if (known !== undefined) return known;
  const { length } = utf8.encode(name);
  const head = utf8.encode(`$${length}\r\n${name}\r\n`);
  const spec = { name: name.toUpperCase(), head, words: 1, flags: CommandFlag.opaque };
  if (heads.size < MOST_HEADS) heads.set(name, spec);
  return spec;
}
