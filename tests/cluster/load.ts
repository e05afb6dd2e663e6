/**
 * Steady numbered writes and reads on all shards, and what became of each.
 *
 * @module
 */
import type { RedisCluster } from "../../mod.ts";
import { RedisError } from "../../mod.ts";

/** What became of one number that was to be written. */
interface Write {
  readonly number: number;
  readonly outcome: "yes" | "no" | "unknown";
  readonly at: number;
  readonly error: unknown;
}

/** What came out at the end, over all writers. */
export interface Verdict {
  /** Numbers that were acknowledged or not. */
  readonly written: number;
  /** Numbers that stand there twice or more: must be none. */
  readonly doubled: readonly string[];
  /** Numbers of which we were told that they were not written, and which are there: must be none. */
  readonly denied: readonly string[];
  /** Numbers that were acknowledged and are not there; `at` is when they were acknowledged. */
  readonly lost: readonly { readonly what: string; readonly at: number }[];
  /** Numbers that stand there in another order than they were sent. */
  readonly disordered: number;
}

/** Runs writers, each with a list of its own, and readers of the same lists. */
export class Load {
  readonly #redis: RedisCluster;
  readonly #keys: readonly string[];
  readonly #writes: Map<string, Write[]> = new Map();
  readonly #reads: { readonly key: string; readonly at: number; readonly error: unknown }[] = [];
  readonly #running: Promise<void>[] = [];
  #stop = false;

  /** Begins: one writer and one reader for each key. */
  constructor(redis: RedisCluster, keys: readonly string[]) {
    this.#redis = redis;
    this.#keys = keys;
    for (const key of keys) this.#running.push(this.#write(key), this.#read(key));
  }

  /** Ends when what is on its way has come back. */
  async stop(): Promise<void> {
    this.#stop = true;
    await Promise.all(this.#running);
  }

  /** Resolves when each of these keys has been written and read after `since`. */
  async served(keys: readonly string[], since: number, limit = 10_000): Promise<void> {
    const end = performance.now() + limit;
    while (true) {
      const missing = keys.filter((key) =>
        this.firstWrite(key, since) === undefined || this.firstRead(key, since) === undefined
      );
      if (missing.length === 0) return;
      if (performance.now() > end) throw new Error(`Not served within ${limit} ms: ${missing.join(", ")}`);
      await pause(5);
    }
  }

  /** When the key was first written after `since`, by `performance.now()`. */
  firstWrite(key: string, since: number): number | undefined {
    return this.#writes.get(key)?.find(({ outcome, at }) => outcome === "yes" && at > since)?.at;
  }

  /** When the key was first read after `since`, by `performance.now()`. */
  firstRead(key: string, since: number): number | undefined {
    return this.#reads.find((read) => read.key === key && read.error === undefined && read.at > since)?.at;
  }

  /** The errors that writers and readers saw. */
  errors(): { writes: string[]; reads: string[] } {
    const show = (error: unknown): string =>
      error instanceof RedisError ? `${error.code} ${error.executed} ${error.message}` : String(error);
    return {
      writes: [...this.#writes.values()].flat().filter(({ error }) => error !== undefined).map(({ error }) =>
        show(error)
      ),
      reads: this.#reads.filter(({ error }) => error !== undefined).map(({ error }) => show(error)),
    };
  }

  /** Compares what stands in the lists with what was told of each number. */
  async verdict(): Promise<Verdict> {
    const doubled: string[] = [];
    const denied: string[] = [];
    const lost: { what: string; at: number }[] = [];
    let written = 0;
    let disordered = 0;
    for (const [key, writes] of this.#writes) {
      const there = (await this.#redis.lrange(key, 0, -1)).map(Number);
      const counts = new Map<number, number>();
      for (const number of there) counts.set(number, (counts.get(number) ?? 0) + 1);
      for (const [number, count] of counts) if (count > 1) doubled.push(`${key} ${number}`);
      disordered += there.filter((number, index) => index > 0 && number < there[index - 1]!).length;
      for (const { number, outcome, at } of writes) {
        written++;
        const what = `${key} ${number}`;
        if (outcome === "yes" && !counts.has(number)) lost.push({ what, at });
        if (outcome === "no" && counts.has(number)) denied.push(what);
      }
    }
    return { written, doubled, denied, lost, disordered };
  }

  async #write(key: string): Promise<void> {
    const writes: Write[] = [];
    this.#writes.set(key, writes);
    for (let number = 0; !this.#stop; number++) {
      try {
        await this.#redis.rpush(key, String(number));
        writes.push({ number, outcome: "yes", at: performance.now(), error: undefined });
      } catch (error) {
        const outcome = error instanceof RedisError ? error.executed : "unknown";
        writes.push({ number, outcome, at: performance.now(), error });
      }
      await pause(2);
    }
  }

  async #read(key: string): Promise<void> {
    while (!this.#stop) {
      const error = await this.#redis.llen(key).then(() => undefined, (error: unknown) => error);
      this.#reads.push({ key, at: performance.now(), error });
      await pause(2);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
