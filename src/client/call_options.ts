/**
 * Options of single calls, set with `redis.with(...)`.
 *
 * @module
 */
import { resolveRetry, type RetryOptions } from "../options.ts";
import { DecodeMode } from "../resp/types.ts";
import type { Call, CallCacheOptions } from "./executor.ts";

/** The options of `redis.with(...)`. */
export interface CallOptions {
  /** Milliseconds for the whole of a command; 0 is no limit. Default: the option `commandTimeout`. */
  readonly timeout?: number;
  /** Ends a call, in every phase, with its reason; a late reply is read and dropped. */
  readonly signal?: AbortSignal;
  /** The retry policy; `false` disables retries. Default: the option `retry`. */
  readonly retry?: RetryOptions | false;
  /** Hand over the attributes that a server sends before a reply, as `{ attributes, value }`. Default `false`. */
  readonly attributes?: boolean;
  /**
   * Whether the client-side cache is used; an object also sets the maximum age in milliseconds. Default: the options
   * `cache.optIn` and `cache.ttl`.
   */
  readonly cache?: boolean | CallCacheOptions;
  /**
   * The key whose node receives commands without visible keys (of modules, scripts without declared keys). Other
   * commands ignore it, and so do clients of one server.
   */
  readonly key?: string | Uint8Array;
  /** The same as `key`, by the number of the slot: 0 to 16,383. */
  readonly slot?: number;
  /**
   * The number of replicas that must acknowledge each write before it resolves. Default 0. If the time limit expires
   * first, the write rejects with the code `NOT_REPLICATED` and `executed: "yes"`.
   */
  readonly replicas?: number;
}

const KNOWN: ReadonlySet<string> = new Set([
  "timeout",
  "signal",
  "retry",
  "attributes",
  "cache",
  "key",
  "slot",
  "replicas",
]);

/** The call with these options over it. */
export function refineCall(call: Call, options: CallOptions): Call {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("Cannot use with(): write with({ timeout: 1_000 })");
  }
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) {
      throw new TypeError(
        `Cannot use the option \`${name}\` of with(): there are ${[...KNOWN].join(", ")}`,
      );
    }
  }
  const { timeout, signal, retry, attributes, cache, key, slot, replicas } = options;
  if (replicas !== undefined && !(Number.isSafeInteger(replicas) && replicas >= 0)) {
    throw new RangeError(`Cannot use the option \`replicas\`: ${replicas} is not a whole number from 0 up`);
  }
  if (timeout !== undefined && !(Number.isFinite(timeout) && timeout >= 0)) {
    throw new RangeError(
      `Cannot use the option \`timeout\`: ${timeout} is not a number of milliseconds from 0 up`,
    );
  }
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw new TypeError("Cannot use the option `signal`: it is no AbortSignal");
  }
  checkCache(cache);
  if (key !== undefined && typeof key !== "string" && !(key instanceof Uint8Array)) {
    throw new TypeError("Cannot use the option `key`: it is neither text nor a Uint8Array");
  }
  if (slot !== undefined && !(Number.isInteger(slot) && slot >= 0 && slot < 16_384)) {
    throw new RangeError(`Cannot use the option \`slot\`: ${slot} is no whole number from 0 to 16,383`);
  }
  let mode = call.mode;
  if (attributes !== undefined) {
    mode = attributes ? mode | DecodeMode.attributes : mode & ~DecodeMode.attributes;
  }
  return {
    mode,
    timeout: timeout ?? call.timeout,
    connectTimeout: timeout ?? call.connectTimeout,
    signal: signal ?? call.signal,
    retry: retry === undefined ? call.retry : resolveRetry(retry),
    cache: cache ?? call.cache,
    key: key ?? (slot === undefined ? call.key : undefined),
    slot: slot ?? (key === undefined ? call.slot : undefined),
  };
}

function checkCache(cache: CallOptions["cache"]): void {
  if (typeof cache !== "object") return;
  for (const name in cache) {
    if (name !== "ttl") {
      throw new TypeError(`Cannot use the option \`cache.${name}\` of with(): there is ttl`);
    }
  }
  const { ttl } = cache;
  if (ttl !== undefined && !(Number.isFinite(ttl) && ttl >= 0)) {
    throw new RangeError(
      `Cannot use the option \`cache.ttl\`: ${ttl} is not a number of milliseconds from 0 up`,
    );
  }
}
