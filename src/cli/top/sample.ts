/**
 * Samples of servers for `top`.
 *
 * @module
 */
import type { Node } from "../connect.ts";
import { readInfo } from "../doctor/subject.ts";

/** The state of a server at a time. */
export interface Sample {
  /** The address. */
  readonly name: string;
  /** The reason why there is no answer; the figures are 0 then. */
  readonly error?: string;
  /** `"master"` or `"replica"`. */
  readonly role: string;
  /** Commands each second. */
  readonly operations: number;
  /** Milliseconds of one PING. */
  readonly latency: number;
  /** Used bytes. */
  readonly memory: number;
  /** Connected clients. */
  readonly clients: number;
  /** The share of reads that found their key since the last sample; `undefined` without reads. */
  readonly hitRate: number | undefined;
  /** Entries of the slow log that came since the last sample. */
  readonly slow: number;
}

/** Counters of a server, from which rates follow. */
interface Counters {
  readonly time: number;
  readonly commands: number;
  readonly hits: number;
  readonly misses: number;
  readonly slow: number;
}

/** Samples servers again and again. */
export class Sampler {
  readonly #before = new Map<string, Counters>();
  readonly #timeout: number;

  /** Waits for a reply for `timeout` milliseconds. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Asks a server. Never rejects: a server that does not answer has an `error`. */
  async sample({ name, redis }: Node): Promise<Sample> {
    try {
      return await this.#ask(name, redis);
    } catch (error) {
      this.#before.delete(name);
      const none = {
        role: "?",
        operations: 0,
        latency: 0,
        memory: 0,
        clients: 0,
        hitRate: undefined,
        slow: 0,
      };
      return { name, error: error instanceof Error ? error.message : String(error), ...none };
    }
  }

  async #ask(name: string, redis: Node["redis"]): Promise<Sample> {
    const client = redis.with({ timeout: this.#timeout });
    const start = performance.now();
    await client.ping();
    const time = performance.now();
    const [text, slowest] = await Promise.all([
      client.command("INFO"),
      client.command<[number][]>("SLOWLOG", "GET", "1").catch(() => []),
    ]);
    const info = readInfo(text);
    const number = (field: string): number => Number(info.get(field) ?? 0);
    const now: Counters = {
      time,
      commands: number("total_commands_processed"),
      hits: number("keyspace_hits"),
      misses: number("keyspace_misses"),
      // Ids of the slow log count up from 0, and continue when it is emptied.
      slow: slowest.length === 0 ? 0 : Number(slowest[0]![0]) + 1,
    };
    const before = this.#before.get(name);
    this.#before.set(name, now);
    // A server that was restarted counts from 0 again.
    const known = before !== undefined && before.commands <= now.commands ? before : undefined;
    const reads = known === undefined ? 0 : now.hits + now.misses - known.hits - known.misses;
    return {
      name,
      role: info.get("role") === "slave" ? "replica" : "master",
      // The three commands of this sample are not counted.
      operations: known === undefined
        ? number("instantaneous_ops_per_sec")
        : Math.max(0, now.commands - known.commands - 3) / Math.max(0.001, (now.time - known.time) / 1_000),
      latency: time - start,
      memory: number("used_memory"),
      clients: number("connected_clients"),
      hitRate: known === undefined || reads <= 0 ? undefined : (now.hits - known.hits) / reads,
      slow: known === undefined ? 0 : Math.max(0, now.slow - known.slow),
    };
  }
}
