/**
 * Text before the names of keys or of channels.
 *
 * @module
 */
import type { Arg } from "../../resp/types.ts";

const utf8 = new TextEncoder();

function concat(start: Uint8Array, rest: Uint8Array): Uint8Array {
  const made = new Uint8Array(start.length + rest.length);
  made.set(start);
  made.set(rest, start.length);
  return made;
}

function cut(start: string, bytes: Uint8Array, name: unknown): unknown {
  if (typeof name === "string") return name.startsWith(start) ? name.slice(start.length) : name;
  if (!(name instanceof Uint8Array) || !bytes.every((byte, at) => name[at] === byte)) return name;
  return name.slice(bytes.length);
}

/** A prefix of names, and of patterns for names. */
export class Prefix {
  readonly #text: string;
  readonly #bytes: Uint8Array;
  readonly #pattern: string;
  readonly #patternBytes: Uint8Array;

  /** Uses this text. */
  constructor(text: string) {
    this.#text = text;
    this.#bytes = utf8.encode(text);
    this.#pattern = text.replace(/[\\*?[\]^-]/g, "\\$&");
    this.#patternBytes = utf8.encode(this.#pattern);
  }

  /** Adds the prefix to a name. What is no name is left as it is: the command is refused for it. */
  add<T extends Arg>(name: T): T {
    if (name instanceof Uint8Array) return concat(this.#bytes, name) as T;
    return (typeof name === "object" ? name : this.#text + name) as T;
  }

  /** Adds the prefix to a pattern, so that its own characters stand for themselves. */
  addToPattern<T extends Arg>(pattern: T): T {
    return (pattern instanceof Uint8Array
      ? concat(this.#patternBytes, pattern)
      : this.#pattern + pattern) as T;
  }

  /** Whether a name has the prefix. */
  begins(name: string | Uint8Array): boolean {
    return typeof name === "string"
      ? name.startsWith(this.#text)
      : this.#bytes.every((byte, at) => name[at] === byte);
  }

  /** Removes the prefix from a name; returns anything else as it is. */
  readonly strip = <T>(name: T): T => cut(this.#text, this.#bytes, name) as T;

  /** Removes the prefix from a pattern. */
  stripPattern<T>(pattern: T): T {
    return cut(this.#pattern, this.#patternBytes, pattern) as T;
  }
}
