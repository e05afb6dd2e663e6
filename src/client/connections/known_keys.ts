/**
 * The keys that are known to have large values, and the reads that returned them.
 *
 * @module
 */
import { type Command, CommandFlag, type CommandSpec } from "../../commands/command.ts";
import type { Link } from "../../connection/link.ts";
import type { Arg } from "../../resp/types.ts";
import type { ReadConnection } from "./read_connection.ts";

/** The maximum number of known keys. */
const MOST = 256;
/** The length of a name or of a form that is remembered. */
const LONGEST = 512;
/** The maximum number of forms that are remembered of a key. */
const MOST_FORMS = 16;
/** Small replies in succession after which a read does not count as large any more. */
const MISSES = 2;
/** In place of the number of small replies, before the first reply: other keys of its family have large values. */
const PREDICTED = -1;

const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** A key with a large value. */
export class KnownKey {
  /** The number of its reads that wait on a further connection. */
  reads = 0;
  /** The connection of these reads. */
  connection: ReadConnection | undefined = undefined;
  /** The link of the main connection that `until` belongs to. */
  link: Link | undefined = undefined;
  /** The number of replies after which no command with this key waits on the main connection. */
  until = 0;
  /** The time of its last large reply. */
  usedAt = 0;
  /** The forms of reads with large replies, with the number of small replies since. */
  readonly #forms: Map<string, number> = new Map();

  /** Whether a read of this form is expected to have a large reply; `undefined`: no such read is known. */
  expectsLarge(form: string): boolean | undefined {
    const misses = this.#forms.get(form);
    return misses === undefined ? undefined : misses < MISSES;
  }

  /** Expects a large reply, by the family of the key. */
  predict(form: string): void {
    this.#set(form, PREDICTED);
  }

  /** Records the size of a reply. Returns whether it is the first one that is known. */
  record(form: string, large: boolean): boolean {
    const misses = this.#forms.get(form);
    const first = misses === undefined || misses === PREDICTED;
    if (large) this.#set(form, 0);
    else if (misses !== undefined) this.#forms.set(form, first ? MISSES : Math.min(MISSES, misses + 1));
    return first;
  }

  /** Whether no command with this key is expected to have a large reply. */
  get small(): boolean {
    for (const misses of this.#forms.values()) if (misses < MISSES) return false;
    return true;
  }

  #set(form: string, misses: number): void {
    // The last one in the order of the table is the one that was large last.
    this.#forms.delete(form);
    this.#forms.set(form, misses);
    if (this.#forms.size > MOST_FORMS) this.#forms.delete(this.#forms.keys().next().value!);
  }
}

/** A bounded table of keys. */
export class KnownKeys {
  readonly #keys: Map<string, KnownKey> = new Map();

  /** The number of keys. */
  get size(): number {
    return this.#keys.size;
  }

  /** Returns what is known of a key. */
  find(name: string): KnownKey | undefined {
    return this.#keys.get(name);
  }

  /** Returns a key, which is added if it is not known; `undefined` if there is no room. */
  add(name: string): KnownKey | undefined {
    let known = this.#keys.get(name);
    if (known !== undefined) return known;
    if (name.length > LONGEST || (this.#keys.size >= MOST && !this.#evictOldest())) return undefined;
    this.#keys.set(name, known = new KnownKey());
    return known;
  }

  /** Forgets keys without large replies, and those whose last one came before this time. */
  forget(before: number): void {
    for (const [name, key] of this.#keys) {
      if (key.reads === 0 && (key.small || key.usedAt < before)) this.#keys.delete(name);
    }
  }

  /** The keys with reads on further connections. */
  *busy(): Generator<KnownKey> {
    for (const key of this.#keys.values()) if (key.reads > 0) yield key;
  }

  #evictOldest(): boolean {
    let oldest: string | undefined;
    let at = Infinity;
    for (const [name, { reads, usedAt }] of this.#keys) {
      if (reads === 0 && usedAt < at) [oldest, at] = [name, usedAt];
    }
    return oldest !== undefined && this.#keys.delete(oldest);
  }
}

/** Whether commands of this kind have exactly one key, their first argument. */
export function hasOneKey({ keys }: CommandSpec): boolean {
  const [key] = keys;
  return keys.length === 1 && "last" in key! && !("keyword" in key) && key.first === 0 && key.last === 0;
}

/** Whether a command can be sent over a further connection: SORT_RO reads keys that it does not name (GET, BY). */
export function isPlainRead({ spec }: Command): boolean {
  const { readonly, blocking, stateful } = CommandFlag;
  // A raw command of a connection has no description of its keys.
  return (spec.flags & (readonly | blocking | stateful)) === readonly && spec.keys !== undefined &&
    hasOneKey(spec) && spec.name !== "SORT_RO";
}

/** Returns the command and its arguments behind the key, as far as they are short; else their number. */
export function formOf({ spec: { name }, args }: Command): string {
  let form = name;
  for (let index = 1; index < args.length; index++) {
    form += ` ${nameOf(args[index])}`;
    if (form.length > LONGEST) return `${name}/${args.length}`;
  }
  return form;
}

/** Returns the same text for the same bytes. Different bytes that are no text may share one. */
export function nameOf(arg: Arg | undefined): string {
  if (typeof arg === "string") return arg;
  return arg instanceof Uint8Array ? utf8.decode(arg) : String(arg);
}
