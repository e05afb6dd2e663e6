/**
 * Steady numbered writes and reads on all shards, and what became of each.
 *
 * @module
 */
import type { RedisCluster } from "../../mod.ts";
import { RedisError } from "../../mod.ts";

/** The result at the end, over all writers. */
export interface Verdict {
  /** Numbers that were acknowledged or not. */
  readonly written: number;
  /** Numbers that stand there twice or more: must be none. */
  readonly doubled: readonly string[];
  /** Numbers that are stored although the client reported that they were not written: must be none. */
  readonly denied: readonly string[];
  /** Numbers that were acknowledged and are not there; `at` is when they were acknowledged. */
  readonly lost: readonly { readonly what: string; readonly at: number }[];
  /** Numbers that stand there in another order than they were sent. */
  readonly disordered: number;
}

/** The outcomes of the commands on one key; times by `performance.now()`. */
interface Line {
  /** By number: was it written? */
  readonly outcomes: ("yes" | "no" | "unknown")[];
  /** The times of the replies, by number. */
  readonly told: number[];
  /** The times of the reads. */
  readonly reads: number[];
}

/** A call that waits until all keys have been written and read after a moment. */
interface Waiter {
  readonly since: number;
  readonly missing: Set<string>;
  resolve(): void;
}

/** Runs writers, each with a list of its own, and readers of the same lists. */
export class Load {
  readonly #redis: RedisCluster;
  readonly #lines: Map<string, Line> = new Map();
  readonly #errors: { readonly writes: string[]; readonly reads: string[] } = { writes: [], reads: [] };
  readonly #running: Promise<void>[] = [];
  readonly #waiters: Set<Waiter> = new Set();
  #stop = false;

  /** Begins: one writer and one reader for each key. */
  constructor(redis: RedisCluster, keys: readonly string[]) {
    this.#redis = redis;
    for (const key of keys) {
      const line: Line = { outcomes: [], told: [], reads: [] };
      this.#lines.set(key, line);
      this.#running.push(this.#write(key, line), this.#read(key, line));
    }
  }

  /** Stops, and resolves when all pending commands have settled. */
  async stop(): Promise<void> {
    this.#stop = true;
    await Promise.all(this.#running);
  }

  /** Resolves when each of these keys has been written and read after `since`; rejects when that hangs. */
  served(keys: readonly string[], since: number, limit = 30_000): Promise<void> {
    const missing = new Set<string>();
    for (const key of keys) {
      if (this.firstWrite(key, since) === undefined) missing.add(`write ${key}`);
      if (this.firstRead(key, since) === undefined) missing.add(`read ${key}`);
    }
    if (missing.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        since,
        missing,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`Not served within ${limit} ms: ${[...missing].join(", ")}`));
      }, limit);
      this.#waiters.add(waiter);
    });
  }

  /** Returns the time of the first write of the key after `since`, by `performance.now()`. */
  firstWrite(key: string, since: number): number | undefined {
    const { outcomes, told } = this.#lines.get(key)!;
    return told.find((at, number) => at > since && outcomes[number] === "yes");
  }

  /** Returns the time of the first read of the key after `since`, by `performance.now()`. */
  firstRead(key: string, since: number): number | undefined {
    return this.#lines.get(key)!.reads.find((at) => at > since);
  }

  /** The longest time without a write (or read) of a key between two moments, in milliseconds. */
  longestPause(key: string, what: "writes" | "reads", from: number, to: number): number {
    const { outcomes, told, reads } = this.#lines.get(key)!;
    const times = what === "reads" ? reads : told.filter((_, number) => outcomes[number] === "yes");
    let longest = 0;
    let last = from;
    for (const at of times) {
      if (at <= from) continue;
      longest = Math.max(longest, at - last);
      last = at;
      if (at > to) break;
    }
    return longest;
  }

  /** The errors that writers and readers saw so far. */
  errors(): { writes: string[]; reads: string[] } {
    return { writes: [...this.#errors.writes], reads: [...this.#errors.reads] };
  }

  /** Compares the contents of the lists with the reported outcome of each number. */
  async verdict(): Promise<Verdict> {
    const doubled: string[] = [];
    const denied: string[] = [];
    const lost: { what: string; at: number }[] = [];
    let written = 0;
    let disordered = 0;
    for (const [key, { outcomes, told }] of this.#lines) {
      const there = (await this.#redis.lrange(key, 0, -1)).map(Number);
      const counts = new Map<number, number>();
      for (const number of there) counts.set(number, (counts.get(number) ?? 0) + 1);
      for (const [number, count] of counts) if (count > 1) doubled.push(`${key} ${number}`);
      disordered += there.filter((number, index) => index > 0 && number < there[index - 1]!).length;
      for (const [number, outcome] of outcomes.entries()) {
        written++;
        const what = `${key} ${number}`;
        if (outcome === "yes" && !counts.has(number)) lost.push({ what, at: told[number]! });
        if (outcome === "no" && counts.has(number)) denied.push(what);
      }
    }
    return { written, doubled, denied, lost, disordered };
  }

  async #write(key: string, { outcomes, told }: Line): Promise<void> {
    while (!this.#stop) {
      try {
        await this.#redis.rpush(key, String(outcomes.length));
        told.push(performance.now());
        outcomes.push("yes");
        this.#tell(`write ${key}`, told.at(-1)!);
      } catch (error) {
        this.#errors.writes.push(show(error));
        told.push(performance.now());
        outcomes.push(error instanceof RedisError ? error.executed : "unknown");
      }
      await pause(4);
    }
  }

  async #read(key: string, { reads }: Line): Promise<void> {
    while (!this.#stop) {
      try {
        await this.#redis.llen(key);
        reads.push(performance.now());
        this.#tell(`read ${key}`, reads.at(-1)!);
      } catch (error) {
        this.#errors.reads.push(show(error));
      }
      await pause(4);
    }
  }

  #tell(what: string, at: number): void {
    for (const waiter of this.#waiters) {
      if (at <= waiter.since || !waiter.missing.delete(what) || waiter.missing.size > 0) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

function show(error: unknown): string {
  return error instanceof RedisError ? `${error.code} ${error.executed} ${error.message}` : String(error);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
