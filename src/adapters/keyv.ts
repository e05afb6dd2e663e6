/**
 * A store for Keyv 5, and so for cache-manager.
 *
 * ```ts ignore
 * import Keyv from "keyv";
 * import { Redis } from "@keywire/redis";
 * import { KeyvStore } from "@keywire/redis/keyv";
 *
 * const redis = new Redis("redis://localhost:6379");
 * const cache = new Keyv({ store: new KeyvStore(redis), namespace: "users" });
 * await cache.set("1", { name: "Ada" }, 60_000);
 * ```
 *
 * @module
 */
import { type AdapterClient, keysOf, removeAll } from "./client.ts";

export type { AdapterClient } from "./client.ts";

/** The options of a {@linkcode KeyvStore}. */
export interface KeyvStoreOptions {
  /** Text before each key. `clear()` of a Keyv without a namespace removes all keys with it. Default `"keyv:"`. */
  readonly prefix?: string;
}

/** An entry for `setMany`. */
export interface KeyvStoreEntry {
  /** The key. */
  key: string;
  /** The serialized value. */
  value: string;
  /** The lifetime in milliseconds. Default: no limit. */
  ttl?: number;
}

/** Keeps the entries of a Keyv as strings, with their lifetime. The client stays open after `disconnect()`. */
export class KeyvStore {
  /** The properties by which Keyv recognizes an iterable store. */
  opts: { dialect: string; url: string };
  /** The namespace; Keyv sets it. */
  namespace: string | undefined = undefined;
  readonly #client: AdapterClient;
  readonly #prefix: string;

  /** Stores entries by a client. */
  constructor(client: AdapterClient, options: KeyvStoreOptions = {}) {
    this.#client = client;
    this.#prefix = options.prefix ?? "keyv:";
    this.opts = { dialect: "redis", url: "" };
  }

  /** Returns a value, or `undefined`. */
  // deno-lint-ignore no-explicit-any
  async get(key: string): Promise<any> {
    return (await this.#client.get(this.#prefix + key)) ?? undefined;
  }

  /** Returns the values of several keys, `undefined` for those that are missing. */
  // deno-lint-ignore no-explicit-any
  async getMany(keys: string[]): Promise<any[]> {
    if (keys.length === 0) return [];
    const values = await this.#client.mget(...keys.map((key) => this.#prefix + key));
    return values.map((value) => value ?? undefined);
  }

  /** Sets a value; `ttl` is its lifetime in milliseconds. */
  // deno-lint-ignore no-explicit-any
  async set(key: string, value: any, ttl?: number): Promise<void> {
    await this.#client.set(this.#prefix + key, value, ttl ? { px: Math.ceil(ttl) } : {});
  }

  /** Sets several values. */
  async setMany(entries: KeyvStoreEntry[]): Promise<void> {
    await Promise.all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)));
  }

  /** Removes a key. Returns whether it existed. */
  async delete(key: string): Promise<boolean> {
    return await this.#client.unlink(this.#prefix + key) > 0;
  }

  /** Removes keys. Returns whether one of them existed. */
  async deleteMany(keys: string[]): Promise<boolean> {
    if (keys.length === 0) return false;
    return await this.#client.unlink(...keys.map((key) => this.#prefix + key)) > 0;
  }

  /** Returns whether a key exists. */
  async has(key: string): Promise<boolean> {
    return await this.#client.exists(this.#prefix + key) > 0;
  }

  /** Returns whether each of several keys exists. */
  hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  /** Removes the keys of the namespace, or all keys of the store where there is none. */
  async clear(): Promise<void> {
    await removeAll(this.#client, this.#keys(this.namespace));
  }

  /** Iterates over the keys of a namespace and their values. */
  // deno-lint-ignore no-explicit-any
  async *iterator(namespace?: string): AsyncGenerator<any, void> {
    for await (const keys of keysOf(this.#client, this.#keys(namespace))) {
      const values = await this.#client.mget(...keys);
      for (const [index, value] of values.entries()) {
        if (value !== null) yield [keys[index]!.slice(this.#prefix.length), value];
      }
    }
  }

  /** Does nothing: the client belongs to the program. */
  disconnect(): Promise<void> {
    return Promise.resolve();
  }

  /** Does nothing: the store emits no events, its methods reject. */
  // deno-lint-ignore no-explicit-any
  on(_event: string, _listener: (...args: any[]) => void): this {
    return this;
  }

  #keys(namespace: string | undefined): string {
    return namespace ? `${this.#prefix}${namespace}:` : this.#prefix;
  }
}
