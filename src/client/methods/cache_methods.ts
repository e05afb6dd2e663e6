/**
 * The methods of clients for values that are loaded once for all processes.
 *
 * @module
 */
import type { Wrap } from "../../commands/wrap.ts";
import type { CacheAside } from "../cache/cache_aside.ts";
import type { CachedOptions } from "../cache/cache_aside_options.ts";
import { SubscribingClient } from "./subscription_methods.ts";

/** The methods of the cache-aside cache. */
export abstract class CachingClient<W extends Wrap> extends SubscribingClient<W> {
  /**
   * Returns the value of a key. If it is missing, one process loads and stores it, while the others wait, or with
   * `staleTtl` get the previous value. `undefined` is not stored. `invalidate()` removes the value.
   *
   * @throws the error of the loader, or a `RedisError` if the server cannot be reached.
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

  /** Removes values of `cached()`. Values that are being loaded are not stored. */
  async invalidate(...keys: string[]): Promise<void> {
    await (await this.#cacheAside()).invalidate(keys, this.core.call);
  }

  async #cacheAside(): Promise<CacheAside> {
    const { CacheAside } = await import("../lazy_modules.ts");
    return CacheAside.of(this.core.executor, this.core.options.clock);
  }
}
