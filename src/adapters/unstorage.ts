/**
 * A driver for unstorage, and so for Nitro. Keys and values are those of unstorage's own Redis driver.
 *
 * ```ts ignore
 * import { createStorage } from "unstorage";
 * import { Redis } from "@keywire/redis";
 * import { unstorageDriver } from "@keywire/redis/unstorage";
 *
 * const redis = new Redis("redis://localhost:6379");
 * const storage = createStorage({ driver: unstorageDriver(redis, { base: "app" }) });
 * await storage.setItem("user:1", { name: "Ada" }, { ttl: 60 });
 * ```
 *
 * @module
 */
import { type AdapterClient, keysOf, removeAll } from "./client.ts";

export type { AdapterClient } from "./client.ts";

/** The options of an {@linkcode unstorageDriver}. */
export interface UnstorageDriverOptions {
  /** Text before each key, with a colon between. Default: none; `clear()` then removes all keys of the database. */
  readonly base?: string;
  /** The lifetime of items in seconds. Default: no limit. The option `ttl` of `setItem` overrides it. */
  readonly ttl?: number;
}

/** The options of one call. */
export interface UnstorageCallOptions {
  /** The lifetime of the item in seconds. */
  readonly ttl?: number;
}

/** An item of `getItems`. */
export interface UnstorageItem {
  /** The key. */
  key: string;
  /** The value, or null. */
  value: string | null;
}

/** The driver, as unstorage takes it. */
export interface UnstorageDriver {
  /** The name of the driver. */
  readonly name: string;
  /** The options. */
  readonly options: UnstorageDriverOptions;
  /** Returns the client. */
  getInstance(): AdapterClient;
  /** Returns whether an item exists. */
  hasItem(key: string): Promise<boolean>;
  /** Returns a value, or null. */
  getItem(key: string): Promise<string | null>;
  /** Returns several values. */
  getItems(items: { key: string }[]): Promise<UnstorageItem[]>;
  /** Sets a value. */
  setItem(key: string, value: string, options?: UnstorageCallOptions): Promise<void>;
  /** Removes an item. */
  removeItem(key: string): Promise<void>;
  /** Returns the keys that begin with `base`. */
  getKeys(base?: string): Promise<string[]>;
  /** Removes the items whose keys begin with `base`. */
  clear(base?: string): Promise<void>;
  /** Does nothing: the client belongs to the program. */
  dispose(): void;
}

/** Makes a driver that stores items by a client. */
export function unstorageDriver(
  client: AdapterClient,
  options: UnstorageDriverOptions = {},
): UnstorageDriver {
  const base = options.base?.replace(/:$/, "") ?? "";
  const prefix = base === "" ? "" : `${base}:`;
  const below = (part = ""): string => {
    const path = part.replace(/:$/, "");
    return path === "" ? prefix : `${prefix}${path}:`;
  };
  return {
    name: "keywire",
    options,
    getInstance: () => client,
    hasItem: async (key) => await client.exists(prefix + key) > 0,
    getItem: async (key) => await client.get(prefix + key),
    getItems: async (items) => {
      if (items.length === 0) return [];
      const values = await client.mget(...items.map(({ key }) => prefix + key));
      return items.map(({ key }, index) => ({ key, value: values[index] ?? null }));
    },
    setItem: async (key, value, call) => {
      const ttl = call?.ttl ?? options.ttl;
      await client.set(prefix + key, value, ttl ? { px: Math.ceil(ttl * 1_000) } : {});
    },
    removeItem: async (key) => void await client.unlink(prefix + key),
    getKeys: async (part) => {
      const keys: string[] = [];
      for await (const some of keysOf(client, below(part))) {
        for (const key of some) keys.push(key.slice(prefix.length));
      }
      return keys;
    },
    clear: (part) => removeAll(client, below(part)),
    dispose: () => {},
  };
}
