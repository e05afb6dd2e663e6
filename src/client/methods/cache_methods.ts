/**
 * The methods of clients for values that are loaded once for all processes.
 *
 * @module
 */
import type { Wrap } from "../../commands/wrap.ts";
import type { CacheAside } from "../cache/cache_aside.ts";
import type { CachedOptions } from "../cache/cache_aside_options.ts";
import { SubscribingClient } from "./subscription_methods.ts";

/** A client as far as it stores what is loaded elsewhere. */
export abstract class CachingClient<W extends Wrap> extends SubscribingClient<W> {
  /**
   * The value of a key; when it is missing, one caller of all processes loads it and stores it, and the others wait, or
   * with `staleTtl` have the value from before. `undefined` is not stored. Remove it with `invalidate()`.
   *
   * @throws what the loader throws; a `RedisError` when the server cannot be asked.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * const load = () => Promise.resolve({ name: "Ann" });
   * const user = await redis.cached("user:1", { ttl: 60_000, staleTtl: 10_000 }, load);
   * ```
   */
  async cached<T>(key: string, options: CachedOptions<T>, loader: () => T | Promise<T>): Promise<T> {
    return await (await this.#cacheAside()).get(key, options, loader, this.core.call);
  }

  /** Removes values of `cached()`; what is being loaded at this moment is not stored. */
  async invalidate(...keys: string[]): Promise<void> {
    await (await this.#cacheAside()).invalidate(keys, this.core.call);
  }

  async #cacheAside(): Promise<CacheAside> {
    const { CacheAside } = await import("../lazy_modules.ts");
    return CacheAside.of(this.core.executor, this.core.options.clock);
  }
}
