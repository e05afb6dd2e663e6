/**
 * The parts of a client that adapters use, and the names of their keys.
 *
 * @module
 */

/** The methods of `Redis`, `RedisCluster` and other clients of this package that an adapter calls. */
export interface AdapterClient {
  /** Returns a value, or null. */
  get(key: string): PromiseLike<string | null>;
  /** Returns the values of several keys, null for those that are missing. */
  mget(...keys: string[]): PromiseLike<(string | null)[]>;
  /** Sets a value; `px` is its lifetime in milliseconds. */
  set(key: string, value: string, options?: { px?: number }): PromiseLike<unknown>;
  /** Sets the lifetime of a key, in milliseconds. Returns whether the key exists. */
  pexpire(key: string, milliseconds: number): PromiseLike<unknown>;
  /** Removes keys, and returns how many there were. */
  unlink(...keys: string[]): PromiseLike<number>;
  /** Returns how many of the keys exist. */
  exists(...keys: string[]): PromiseLike<number>;
  /** Iterates over keys. */
  scanIterator(options: { match: string; count: number }): AsyncIterable<string>;
}

/** The number of keys to scan, read or remove at once. */
export const BATCH = 500;

/** Text in which no character is a wildcard of SCAN's patterns. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}

/** Iterates over batches of the keys that begin with `prefix`. */
export async function* keysOf(client: AdapterClient, prefix: string): AsyncGenerator<string[], void> {
  let batch: string[] = [];
  for await (const key of client.scanIterator({ match: `${escapeGlob(prefix)}*`, count: BATCH })) {
    batch.push(key);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Removes the keys that begin with `prefix`. */
export async function removeAll(client: AdapterClient, prefix: string): Promise<void> {
  for await (const keys of keysOf(client, prefix)) await client.unlink(...keys);
}
