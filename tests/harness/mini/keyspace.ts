/**
 * The data of the mini server: strings and lists, with versions for WATCH and waiters for BLPOP.
 *
 * @module
 */
import type { Clock, Timer } from "../../../src/clock.ts";
import { ErrorReply, NULL_ARRAY, OK, type Wire } from "../resp.ts";
import type { Received, Session } from "./session.ts";

interface Entry {
  value: Uint8Array | Uint8Array[];
  expires: number | undefined;
}

interface Waiter {
  readonly session: Session;
  readonly keys: readonly string[];
  readonly resolve: (reply: Wire | undefined) => void;
  readonly timer: Timer;
}

type Handler = (received: Received, session: Session) => Wire | Promise<Wire | undefined>;

const text = new TextDecoder();
const bytes = new TextEncoder();
const wrongType = new ErrorReply("WRONGTYPE Operation against a key holding the wrong kind of value");
const syntax = new ErrorReply("ERR syntax error");
const noInteger = new ErrorReply("ERR value is not an integer or out of range");

/** All databases of a mini server. */
export class Keyspace {
  readonly #clock: Clock;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #versions: Map<string, number> = new Map();
  readonly #waiters: Waiter[] = [];
  /** The commands on data. */
  readonly handlers: { readonly [name: string]: Handler };

  /** An empty one, whose timeouts run on `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.handlers = {
      GET: ({ words }, session) => {
        const value = this.#read(session, words[1]!)?.value;
        return Array.isArray(value) ? wrongType : value ?? null;
      },
      MGET: ({ words }, session) =>
        words.slice(1).map((key) => {
          const value = this.#read(session, key)?.value;
          return value === undefined || Array.isArray(value) ? null : value;
        }),
      SET: (received, session) => this.#set(received, session),
      INCR: ({ words }, session) => this.#add(session, words[1]!, 1n),
      DECR: ({ words }, session) => this.#add(session, words[1]!, -1n),
      INCRBY: ({ words }, session) =>
        /^-?\d+$/.test(words[2] ?? "") ? this.#add(session, words[1]!, BigInt(words[2]!)) : noInteger,
      DEL: ({ words }, session) =>
        words.slice(1).filter((key) => {
          const there = this.#read(session, key) !== undefined;
          if (there) this.#write(session, key, undefined);
          return there;
        }).length,
      EXISTS: ({ words }, session) =>
        words.slice(1).filter((key) => this.#read(session, key) !== undefined).length,
      LPUSH: (received, session) => this.#push(received, session, (list, value) => list.unshift(value)),
      RPUSH: (received, session) => this.#push(received, session, (list, value) => list.push(value)),
      LLEN: ({ words }, session) => {
        const value = this.#read(session, words[1]!)?.value ?? [];
        return Array.isArray(value) ? value.length : wrongType;
      },
      BLPOP: (received, session) => this.#blockingPop(received, session),
      FLUSHALL: () => {
        for (const key of this.#entries.keys()) this.#touch(key);
        this.#entries.clear();
        return OK;
      },
      DBSIZE: (_, session) => {
        const keys = [...this.#entries.keys()].filter((key) => key.startsWith(`${session.db}:`));
        return keys.filter((key) => this.#read(session, key.slice(`${session.db}:`.length))).length;
      },
    };
  }

  /** Returns the version of a key, which changes with every write, for WATCH. */
  version(session: Session, key: string): number {
    return this.#versions.get(`${session.db}:${key}`) ?? 0;
  }

  /** Whether a key that the session watches has been written since. */
  changed(session: Session): boolean {
    return [...session.watched].some(([key, version]) => (this.#versions.get(key) ?? 0) !== version);
  }

  /** Begins to watch a key. */
  watch(session: Session, key: string): void {
    const full = `${session.db}:${key}`;
    if (!session.watched.has(full)) session.watched.set(full, this.version(session, key));
  }

  /** A value, for a test that looks inside; lists as arrays. */
  peek(key: string, db = 0): string | string[] | undefined {
    const value = this.#entries.get(`${db}:${key}`)?.value;
    return Array.isArray(value) ? value.map((one) => text.decode(one)) : value && text.decode(value);
  }

  /** Removes the waits of a closed connection. */
  drop(session: Session): void {
    for (const waiter of this.#waiters.filter((one) => one.session === session)) {
      this.#finish(waiter, undefined);
    }
  }

  #read(session: Session, key: string): Entry | undefined {
    const entry = this.#entries.get(`${session.db}:${key}`);
    if (entry?.expires === undefined || entry.expires > this.#clock.now()) return entry;
    this.#write(session, key, undefined);
    return undefined;
  }

  #write(session: Session, key: string, entry: Entry | undefined): void {
    const full = `${session.db}:${key}`;
    if (entry === undefined) this.#entries.delete(full);
    else this.#entries.set(full, entry);
    this.#touch(full);
  }

  #touch(full: string): void {
    this.#versions.set(full, (this.#versions.get(full) ?? 0) + 1);
  }

  #set({ words, raw }: Received, session: Session): Wire {
    const key = words[1]!;
    const there = this.#read(session, key) !== undefined;
    let expires: number | undefined;
    let wanted = true;
    for (let i = 3; i < words.length; i++) {
      const option = words[i]!.toUpperCase();
      if (option === "NX") wanted = !there;
      else if (option === "XX") wanted = there;
      else if (option === "EX" || option === "PX") {
        const amount = Number(words[++i]);
        if (!Number.isInteger(amount)) return noInteger;
        expires = this.#clock.now() + amount * (option === "EX" ? 1000 : 1);
      } else return syntax;
    }
    if (!wanted) return null;
    this.#write(session, key, { value: raw[2]!, expires });
    return OK;
  }

  #add(session: Session, key: string, amount: bigint): Wire {
    const entry = this.#read(session, key);
    if (Array.isArray(entry?.value)) return wrongType;
    const old = entry === undefined ? "0" : text.decode(entry.value);
    if (!/^-?\d+$/.test(old)) return noInteger;
    const sum = BigInt(old) + amount;
    if (BigInt.asIntN(64, sum) !== sum) {
      return new ErrorReply("ERR increment or decrement would overflow");
    }
    this.#write(session, key, { value: bytes.encode(String(sum)), expires: entry?.expires });
    return sum;
  }

  #push(
    { words, raw }: Received,
    session: Session,
    put: (list: Uint8Array[], value: Uint8Array) => void,
  ): Wire {
    const key = words[1]!;
    const list = this.#read(session, key)?.value ?? [];
    if (!Array.isArray(list)) return wrongType;
    for (const value of raw.slice(2)) put(list, value);
    const length = list.length;
    this.#write(session, key, { value: list, expires: undefined });
    this.#wake(session, key, list);
    return length;
  }

  #wake(session: Session, key: string, list: Uint8Array[]): void {
    for (const waiter of [...this.#waiters]) {
      if (list.length === 0) break;
      if (waiter.session.db !== session.db || !waiter.keys.includes(key)) continue;
      this.#finish(waiter, [key, list.shift()!]);
    }
    if (list.length === 0) this.#write(session, key, undefined);
  }

  #blockingPop({ words }: Received, session: Session): Wire | Promise<Wire | undefined> {
    const keys = words.slice(1, -1);
    const seconds = Number(words.at(-1));
    if (Number.isNaN(seconds)) return new ErrorReply("ERR timeout is not a float or out of range");
    for (const key of keys) {
      const list = this.#read(session, key)?.value;
      if (list === undefined) continue;
      if (!Array.isArray(list)) return wrongType;
      const first = list.shift()!;
      this.#write(session, key, list.length === 0 ? undefined : { value: list, expires: undefined });
      return [key, first];
    }
    if (session.queue !== undefined) return NULL_ARRAY; // nothing blocks within a transaction
    return new Promise((resolve) => {
      const timer = seconds > 0
        ? this.#clock.setTimeout(() => this.#finish(waiter, NULL_ARRAY), seconds * 1000)
        : undefined;
      const waiter: Waiter = { session, keys, resolve, timer };
      this.#waiters.push(waiter);
    });
  }

  #finish(waiter: Waiter, reply: Wire | undefined): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    this.#clock.clearTimeout(waiter.timer);
    waiter.resolve(reply);
  }
}
