/**
 * Clients that wait for a key, and their turn.
 *
 * @module
 */
import type { Database } from "./database.ts";
import { ErrorReply, type ReplyValue } from "./reply.ts";
import type { Alarm, ServerTime } from "./time.ts";

/** A client that can wait; a session. */
export interface Waiting {
  /** The keys that it waits for. */
  blocked: Waiter | undefined;
  /** Its wire. */
  readonly link: { resume(): void } | undefined;
  /** Sends the reply. */
  send(value: ReplyValue): void;
  /** Its command is done, and its reply was sent or skipped. */
  replied(): void;
}

/** A waiting client. */
export interface Waiter {
  /** The client. */
  readonly session: Waiting;
  /** The database of the keys. */
  readonly db: Database;
  /** The keys; none for WAIT. */
  readonly keys: readonly string[];
  /** Tries again, as a key may be ready: the reply, or `undefined` to wait on. May throw the reply. */
  readonly serve: (key: string) => ReplyValue | undefined;
  /** The reply after the timeout. */
  readonly expired: () => ReplyValue;
  /** Called when it ends, however it does. */
  readonly ended?: () => void;
  /** The end of its time. */
  alarm: Alarm | undefined;
}

/** The waiting clients. */
export class BlockingHub {
  readonly #waiters: Map<Database, Map<string, Set<Waiter>>> = new Map();
  #ready: Map<Database, Set<string>> = new Map();
  #unblocked: Waiting[] = [];
  readonly #held: Set<Waiter> = new Set();
  #turns = 0;
  /** The number of waiting clients. */
  count = 0;
  /** Does something as a client, with everything that goes with a command. */
  as: (session: Waiting, run: () => ReplyValue | undefined) => ReplyValue | undefined = (_, run) => run();
  /** Called when no client is at its requests any more. */
  idle: () => void = () => {};
  /** Sees replies before they are sent; `undefined`: nothing is sent. Where faults plug in. */
  filter: ((session: Waiting, reply: ReplyValue) => ReplyValue | undefined) | undefined;

  /** Lets a client wait; `at` is the end of its time, 0 for none. */
  add(waiter: Waiter, time: ServerTime, at: number): void {
    waiter.session.blocked = waiter;
    this.count++;
    let keys = this.#waiters.get(waiter.db);
    if (keys === undefined) this.#waiters.set(waiter.db, keys = new Map());
    for (const key of waiter.keys) {
      const set = keys.get(key);
      if (set === undefined) keys.set(key, new Set([waiter]));
      else set.add(waiter);
    }
    if (at !== 0) {
      waiter.alarm = time.set(at, () => {
        this.finish(waiter, waiter.expired());
        this.resume();
      });
    }
  }

  /** Lets a client wait without being counted: until it is finished. */
  hold(waiter: Waiter): void {
    waiter.session.blocked = waiter;
    this.#held.add(waiter);
  }

  /** Whether a client waits for something of its own. */
  waits(waiter: Waiter): boolean {
    return !this.#held.has(waiter);
  }

  /** Marks a key for which clients may wait. */
  signal(db: Database, key: string): void {
    if (!this.#waiters.get(db)?.has(key)) return;
    const ready = this.#ready.get(db);
    if (ready === undefined) this.#ready.set(db, new Set([key]));
    else ready.add(key);
  }

  /** Signals all keys that are waited for in a database: it was swapped. */
  signalAll(db: Database): void {
    for (const key of this.#waiters.get(db)?.keys() ?? []) this.signal(db, key);
  }

  /** Serves clients that wait for marked keys, first come, first served. */
  settle(): void {
    while (this.#ready.size > 0) {
      const ready = this.#ready;
      this.#ready = new Map();
      for (const [db, keys] of ready) {
        for (const key of keys) {
          for (const waiter of [...this.#waiters.get(db)?.get(key) ?? []]) {
            if (waiter.session.blocked !== waiter) continue;
            const reply = this.#try(waiter, key);
            if (reply !== undefined) this.finish(waiter, reply);
          }
        }
      }
    }
  }

  #try(waiter: Waiter, key: string): ReplyValue | undefined {
    try {
      return this.as(waiter.session, () => waiter.serve(key));
    } catch (error) {
      if (!(error instanceof ErrorReply)) throw error;
      return error;
    }
  }

  /** Ends the wait of a client with a reply; `undefined` for none, as it is gone. */
  finish(waiter: Waiter, reply: ReplyValue | undefined): void {
    const { session } = waiter;
    if (session.blocked !== waiter) return;
    session.blocked = undefined;
    if (!this.#held.delete(waiter)) this.count--;
    if (waiter.alarm !== undefined) waiter.alarm.done = true;
    const keys = this.#waiters.get(waiter.db);
    for (const key of waiter.keys) {
      const set = keys?.get(key);
      set?.delete(waiter);
      if (set?.size === 0) keys!.delete(key);
    }
    waiter.ended?.();
    if (reply === undefined) return;
    const sent = this.filter === undefined ? reply : this.filter(session, reply);
    if (sent === undefined) return;
    session.send(sent);
    session.replied();
    this.#unblocked.push(session);
  }

  /** A client that is no longer held has its turn with the served ones. */
  wake(session: Waiting): void {
    this.#unblocked.push(session);
  }

  /** Whether a client has been served and its turn has not come. */
  isNext(session: Waiting): boolean {
    return this.#unblocked.includes(session);
  }

  /** Does all requests that a client has sent; those that it unblocks continue after them. */
  inTurn(run: () => void): void {
    this.#turns++;
    try {
      run();
    } finally {
      this.#turns--;
      this.resume();
    }
  }

  /** Processes the buffered requests of served clients, unless another client is at its own. */
  resume(): void {
    if (this.#turns > 0) return;
    this.#turns++;
    try {
      for (let next; (next = this.#unblocked.shift()) !== undefined;) next.link?.resume();
    } finally {
      this.#turns--;
    }
    this.idle();
  }
}
