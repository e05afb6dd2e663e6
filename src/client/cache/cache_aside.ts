/**
 * Cache-aside with a lock for each key, and stale values during a reload.
 *
 * ```text
 *   GET --fresh--> return it
 *    | missing, or stale
 *    v
 *   take the lock (SET NX PX, with a token) --taken by another--> stale: return it; missing: wait, and look again
 *    | ours                                                                 ^
 *    v                                                                      |
 *   load, renewing the lock --> store it if the lock still has our token, and give the lock back
 * ```
 *
 * The lock works like a lease of memcached: `invalidate()` deletes it, so a value that was loaded before is not
 * stored after. See "Scaling Memcache at Facebook", section 3.2.1:
 * https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala
 *
 * @module
 */
import { sleep } from "../../connection/sleep.ts";
import { type Clock, type Timer, uniqueId } from "../../clock.ts";
import { Command } from "../../commands/command.ts";
import { script } from "../../commands/script.ts";
import { DEL, GET, PTTL } from "../../commands/function_specs.ts";
import { abortable } from "../../connection/time_limit.ts";
import { DecodeMode } from "../../resp/types.ts";
import type { Call, Executor } from "../executor.ts";
import { type CachedOptions, checkCached, lockOf, type ResolvedCached } from "./cache_aside_options.ts";

/** A value as it is stored, and whether it is too old to be handed out without loading it anew. */
interface Stored {
  readonly bytes: Uint8Array;
  readonly stale: boolean;
}

const ACQUIRE = `local value = redis.call('GET', KEYS[2])
local left = redis.call('PTTL', KEYS[2])
if value == ARGV[4] then value = false end
if value and (left < 0 or left > tonumber(ARGV[3])) then return {0, value, left} end
local taken = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
return {taken and 1 or 0, value, left}`;
const RENEW = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
const STORE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
return 1`;

/** Milliseconds between two looks at a key that another process loads: the first, and the most. */
const FIRST_LOOK = 10;
const LAST_LOOK = 100;

const encoder = /* @__PURE__ */ new TextEncoder();
const clients: WeakMap<Executor, CacheAside> = new WeakMap();

/** The cache-aside values of one client. */
export class CacheAside {
  readonly #executor: Executor;
  readonly #clock: Clock;
  readonly #reads: Map<string, Promise<Stored | undefined>> = new Map();
  /** Pending loads by key; `undefined`: nothing to store. */
  readonly #loads: Map<string, Promise<Uint8Array | undefined>> = new Map();

  /** Users call `CacheAside.of`. */
  private constructor(executor: Executor, clock: Clock) {
    this.#executor = executor;
    this.#clock = clock;
  }

  /** The one of a client. */
  static of(executor: Executor, clock: Clock): CacheAside {
    let found = clients.get(executor);
    if (found === undefined) clients.set(executor, found = new CacheAside(executor, clock));
    return found;
  }

  /** The value of a key: stored, or loaded and stored. */
  async get<T>(key: string, options: CachedOptions<T>, loader: () => T | Promise<T>, call: Call): Promise<T> {
    const settings = checkCached(key, options);
    if (typeof loader !== "function") {
      throw new TypeError(
        "Cannot use cached(): the third argument must be a function that returns the value",
      );
    }
    const { codec } = settings;
    const own: Call = { ...call, mode: DecodeMode.bytes, signal: undefined };
    const { signal } = call;
    signal?.throwIfAborted();
    const within = <R>(promise: Promise<R>): Promise<R> =>
      signal === undefined ? promise : abortable(promise, signal);
    const decode = (bytes: Uint8Array): T => codec.decode(bytes) as T;
    const found = decoded(await within(this.#read(key, settings, own)), decode);
    if (found !== undefined && !found.stale) return found.value;
    let load = this.#loads.get(key);
    if (load !== undefined && found !== undefined) return found.value;
    if (load === undefined) {
      load = this.#load(key, settings, loader as () => unknown, own);
      const ended = (): void => {
        if (this.#loads.get(key) === load) this.#loads.delete(key);
      };
      this.#loads.set(key, load);
      load.then(ended, ended);
    }
    const bytes = await within(load);
    return bytes === undefined ? undefined as T : decode(bytes);
  }

  /** Removes values. Pending loads are not stored. */
  async invalidate(keys: readonly string[], call: Call): Promise<void> {
    await Promise.all(keys.map(async (key) => {
      const removed = this.#executor.execute(new Command(DEL, [lockOf(key), key]), call);
      this.#forget(key);
      await removed;
      // A load that began before the server removed the key may return the old value.
      this.#forget(key);
    }));
  }

  #forget(key: string): void {
    this.#loads.delete(key);
    for (const id of this.#reads.keys()) if (id.endsWith(` ${key}`)) this.#reads.delete(id);
  }

  #read(key: string, settings: ResolvedCached, call: Call): Promise<Stored | undefined> {
    // A call with its own limits reads separately.
    const id = `${settings.staleTtl} ${call.timeout} ${key}`;
    let read = this.#reads.get(id);
    if (read === undefined) {
      const begun = read = this.#look(key, settings, call).finally(() => {
        if (this.#reads.get(id) === begun) this.#reads.delete(id);
      });
      this.#reads.set(id, read);
    }
    return read;
  }

  async #look(key: string, { staleTtl }: ResolvedCached, call: Call): Promise<Stored | undefined> {
    const value = this.#executor.execute(new Command(GET, [key]), call);
    // A value that is never handed out when it is stale is gone by then.
    if (staleTtl === 0) return storedOf(await value, -1, 0);
    const left = this.#executor.execute(new Command(PTTL, [key]), call);
    const [bytes, ms] = await Promise.all([value, left]);
    return storedOf(bytes, Number(ms), staleTtl);
  }

  /** Loads the value, waits for another process to load it, or returns the stale value meanwhile. */
  async #load(
    key: string,
    settings: ResolvedCached,
    loader: () => unknown,
    call: Call,
  ): Promise<Uint8Array | undefined> {
    const { lock, staleTtl, codec } = settings;
    const keys = [lockOf(key), key];
    const token = uniqueId(this.#clock);
    /** A stored value that cannot be decoded; treated as missing. */
    let broken: Uint8Array | undefined;
    for (let delay = FIRST_LOOK;; delay = Math.min(2 * delay, LAST_LOOK)) {
      const args = [token, lock, staleTtl, ...broken === undefined ? [] : [broken]];
      const reply = await this.#run(ACQUIRE, keys, args, call).catch((error) => {
        // The failed command may have acquired the lock.
        this.#run(STORE, keys, [token], call).catch(() => {});
        throw error;
      });
      const [taken, value, left] = reply as [number, Uint8Array | null, number];
      if (taken === 1) return await this.#loadLocked(keys, token, settings, loader, call);
      const found = decoded(storedOf(value, left, staleTtl), codec.decode);
      if (found !== undefined) return value!;
      if (value !== null) {
        broken = value;
        continue;
      }
      // Jitter spreads the waiting processes.
      await sleep(this.#clock, delay * (0.5 + this.#clock.random() / 2));
    }
  }

  async #loadLocked(
    keys: readonly string[],
    token: string,
    { ttl, staleTtl, lock, codec }: ResolvedCached,
    loader: () => unknown,
    call: Call,
  ): Promise<Uint8Array | undefined> {
    let timer: Timer;
    const renew = (): void => {
      timer = this.#clock.setTimeout(() => {
        this.#run(RENEW, keys, [token, lock], call).then((kept) => {
          if (kept === 1 && timer !== undefined) renew();
        }, (error) => {
          // A closed client renews nothing, and a timer would keep the process alive for as long as the loader runs.
          if (timer !== undefined && error?.code !== "CLOSED") renew();
        });
      }, lock / 3);
    };
    const stop = (): void => {
      this.#clock.clearTimeout(timer);
      timer = undefined;
    };
    // A value that was not stored is still returned, and a lock that was not released expires.
    const end = (rest: (string | number | Uint8Array)[]): Promise<unknown> => {
      stop();
      return this.#run(STORE, keys, [token, ...rest], call).catch(() => {});
    };
    renew();
    let bytes: Uint8Array | undefined;
    try {
      const value = await loader();
      const encoded = value === undefined ? undefined : codec.encode(value);
      bytes = typeof encoded === "string" ? encoder.encode(encoded) : encoded;
    } catch (error) {
      await end([]);
      throw error;
    }
    await end(bytes === undefined ? [] : [bytes, ttl + staleTtl]);
    return bytes;
  }

  #run(
    source: string,
    keys: readonly string[],
    args: readonly (string | number | Uint8Array)[],
    call: Call,
  ): Promise<unknown> {
    return this.#executor.execute(script(source, { keys, args }), call);
  }
}

function storedOf(value: unknown, left: number, staleTtl: number): Stored | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  return { bytes: value, stale: left >= 0 && left <= staleTtl };
}

/** The value; one that cannot be decoded, as it was stored by another program, is loaded anew. */
function decoded<T>(
  stored: Stored | undefined,
  decode: (bytes: Uint8Array) => T,
): { readonly value: T; readonly stale: boolean } | undefined {
  if (stored === undefined) return undefined;
  try {
    return { value: decode(stored.bytes), stale: stored.stale };
  } catch {
    return undefined;
  }
}
