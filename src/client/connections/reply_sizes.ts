/**
 * Estimates by command and key prefix, so that the first read of a key counts as large if those of its family mostly were.
 *
 * ```text
 *   GET report:2026-11:html --> GET report:*:html, then GET report:*:*
 *   GET page:about          --> GET page:about,    then GET page:*
 * ```
 *
 * The first family that has been seen often enough decides. Only first reads of keys count, so that one key is no family.
 *
 * @module
 */

/** The maximum number of families. */
const MOST = 256;
/** The maximum number of keys whose families are kept. */
const MOST_RECENT = 1_024;
/** The length of a key up to which it has a family. */
const LONGEST = 128;
/** The number of replies after which an estimate counts. */
const ENOUGH = 3;
/** The number of replies that the moving estimate is about. */
const WINDOW = 16;
/** The part of large replies from which a read is expected to have one. */
const SHARE = 0.75;
/** One in so many small replies counts where few replies are large. */
const SAMPLE = 8;

/** Replies to reads of keys with one prefix. */
class Family {
  /** The moving part of large replies. */
  share = 0;
  /** The number of replies, up to the window. */
  seen = 0;
  /** The time of the last large reply. */
  usedAt = 0;

  /** Counts a reply. */
  record(large: boolean): void {
    if (this.seen < WINDOW) this.seen++;
    this.share += ((large ? 1 : 0) - this.share) / this.seen;
  }

  /** Whether enough replies were seen. */
  get settled(): boolean {
    return this.seen >= ENOUGH;
  }
}

/** The expectation for a read, by the families of its key. */
export interface Estimate {
  /** Whether its reply is expected to be large. */
  readonly large: boolean;
  /** Whether its reply is to be counted. */
  readonly counts: boolean;
}

/** A bounded table of families. */
export class ReplySizes {
  readonly #families: Map<string, Family> = new Map();
  /** The first two characters of the keys of families, so that most other keys cost no search. */
  readonly #starts: Uint8Array = new Uint8Array(256);
  #skipped = 0;
  /** The families of keys that were read lately, so that a key read often costs one search. */
  readonly #recent: Map<string, { readonly form: string; readonly family: Family | undefined }> = new Map();

  /** The number of families. */
  get size(): number {
    return this.#families.size;
  }

  /** Whether a key may have a family; `false` costs no search. */
  mayKnow(key: string): boolean {
    return this.#starts[startOf(key)] !== 0 && key.length <= LONGEST;
  }

  /** Returns the estimate for a read of a key whose own size is unknown; `undefined`: its family is unknown, too. */
  estimate(form: string, key: string): Estimate | undefined {
    const found = this.#find(form, key);
    if (found === undefined) return undefined;
    const large = found.settled && found.share >= SHARE;
    // Keys with small values may be read much more often.
    const counts = large || !found.settled || found.share * 2 > 1 || ++this.#skipped % SAMPLE === 0;
    return { large, counts };
  }

  /** Counts the first reply for a key. */
  record(form: string, key: string, large: boolean, now: number): void {
    if (key.length > LONGEST) return;
    const pattern = patternOf(key);
    const names = [nameOf(form, prefixOf(pattern)), nameOf(form, pattern)];
    // A small reply makes a family only beside large ones, to tell them apart.
    if (!large && !names.some((name) => this.#families.has(name))) return;
    for (const name of new Set(names)) {
      const known = this.#families.get(name);
      const family = known ?? new Family();
      const { settled } = family;
      family.record(large);
      family.usedAt = now;
      if (known === undefined || settled !== family.settled) this.#recent.clear();
      // The first one in the order of the table is the one that was used least lately.
      this.#families.delete(name);
      this.#families.set(name, family);
    }
    this.#starts[startOf(key)] = 1;
    for (const name of this.#families.keys()) {
      if (this.#families.size <= MOST) break;
      this.#families.delete(name);
    }
  }

  /** Forgets families without replies since this time. */
  forget(before: number): void {
    this.#recent.clear();
    for (const [name, { usedAt }] of this.#families) if (usedAt < before) this.#families.delete(name);
    if (this.#families.size === 0) this.#starts.fill(0);
  }

  /** Returns the first family that has been seen often enough, otherwise one that is known. */
  #find(form: string, key: string): Family | undefined {
    const recent = this.#recent.get(key);
    if (recent?.form === form) return recent.family;
    const pattern = patternOf(key);
    let family = this.#families.get(nameOf(form, pattern));
    if (family?.settled !== true) {
      const wide = this.#families.get(nameOf(form, prefixOf(pattern)));
      if (family === undefined || wide?.settled) family = wide;
    }
    if (this.#recent.size >= MOST_RECENT) this.#recent.clear();
    this.#recent.set(key, { form, family });
    return family;
  }
}

/** Returns a number up to 255 for the first two characters of a key. */
function startOf(key: string): number {
  return (key.charCodeAt(0) * 31 + key.charCodeAt(1)) & 255;
}

function nameOf(form: string, pattern: string): string {
  return `${pattern} ${form}`;
}

/** Returns a key with `*` in place of numbers and identifiers: words with digits, except for letters in front. */
export function patternOf(key: string): string {
  let pattern = "";
  /** The places where the present word begins, and where its first digit is. */
  let start = 0;
  let digit = -1;
  let mixed = false;
  for (let at = 0; at <= key.length; at++) {
    const code = at < key.length ? key.charCodeAt(at) : 0;
    if (code >= 48 && code <= 57) {
      if (digit < 0) digit = at;
    } else if (code > 127 || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)) {
      mixed ||= digit >= 0;
    } else {
      if (digit < 0) pattern += key.slice(start, at);
      // A UUID is one identifier.
      else if ((mixed || digit === start) && pattern.endsWith("*-")) pattern = pattern.slice(0, -1);
      else pattern += `${mixed ? "" : key.slice(start, digit)}*`;
      if (at < key.length) pattern += key[at];
      start = at + 1;
      digit = -1;
      mixed = false;
    }
  }
  return pattern;
}

/** Returns a pattern with `*` in place of its last part. */
function prefixOf(pattern: string): string {
  const at = Math.max(pattern.lastIndexOf(":"), pattern.lastIndexOf("/"));
  return at < 0 ? pattern : `${pattern.slice(0, at + 1)}*`;
}
