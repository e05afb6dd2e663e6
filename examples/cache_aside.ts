/**
 * Cache-aside: look into the cache, else compute, and leave it there for the next.
 *
 * When the cache cannot be reached the value is computed; a cache that is down makes an application slow, not broken. Of
 * many callers that miss the same key at once in this process, one computes.
 *
 * @module
 */
import { type Redis, RedisError } from "../mod.ts";

/** A cache of what `compute` returns, as JSON. */
export class Cache<T> {
  readonly #redis: Redis;
  readonly #seconds: number;
  readonly #computing: Map<string, Promise<T>> = new Map();

  /** Values live for `seconds`. Waiting for the cache longer than 200 ms is not worth it. */
  constructor(redis: Redis, seconds: number) {
    this.#redis = redis.with({ timeout: 200 });
    this.#seconds = seconds;
  }

  /** The value of this key; computed when it is not cached. */
  async get(key: string, compute: () => Promise<T>): Promise<T> {
    const cached = await this.#redis.get(key).catch(ignoreRedis);
    if (typeof cached === "string") return JSON.parse(cached) as T;
    let computing = this.#computing.get(key);
    if (computing === undefined) {
      computing = this.#fill(key, compute).finally(() => this.#computing.delete(key));
      this.#computing.set(key, computing);
    }
    return await computing;
  }

  /** Removes a value after its source has changed. */
  async forget(key: string): Promise<void> {
    await this.#redis.del(key);
  }

  async #fill(key: string, compute: () => Promise<T>): Promise<T> {
    const value = await compute();
    await this.#redis.set(key, JSON.stringify(value), { ex: this.#seconds }).catch(ignoreRedis);
    return value;
  }
}

function ignoreRedis(error: unknown): undefined {
  if (!(error instanceof RedisError)) throw error;
}
