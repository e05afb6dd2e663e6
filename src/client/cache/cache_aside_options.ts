/**
 * The options of `redis.cached()`.
 *
 * @module
 */

/**
 * Encodes values to bytes and decodes bytes to values.
 *
 * @typeParam T the values
 */
export interface CachedCodec<T> {
  /** The stored form of a value. */
  encode(value: T): string | Uint8Array;
  /**
   * Decodes a stored value. Called for each caller, so that callers do not share objects. If it throws, the value is
   * loaded again.
   */
  decode(stored: Uint8Array): T;
}

/**
 * The options of `redis.cached()`.
 *
 * @typeParam T the value
 */
export interface CachedOptions<T = unknown> {
  /** Milliseconds for which the value is fresh, 1 or more. */
  readonly ttl: number;
  /**
   * Milliseconds for which it is kept after that, and handed out while one caller loads it anew. The same for all who
   * read the key. Default 0: all wait.
   */
  readonly staleTtl?: number;
  /** Milliseconds after which another process loads, when the one that did is gone. Default 5,000. */
  readonly lock?: number;
  /** The codec. Default: JSON. */
  readonly codec?: CachedCodec<T>;
}

/** The options as they hold. */
export interface ResolvedCached {
  readonly ttl: number;
  readonly staleTtl: number;
  readonly lock: number;
  readonly codec: CachedCodec<unknown>;
}

const KNOWN: readonly string[] = ["ttl", "staleTtl", "lock", "codec"];
const decoder = /* @__PURE__ */ new TextDecoder();
const JSON_CODEC: CachedCodec<unknown> = {
  encode: (value) => JSON.stringify(value),
  decode: (stored) => JSON.parse(decoder.decode(stored)),
};

/**
 * Checks the options and fills in defaults.
 *
 * @throws {TypeError | RangeError} for an invalid key or option.
 */
export function checkCached<T>(key: string, options: CachedOptions<T>): ResolvedCached {
  if (typeof key !== "string") throw new TypeError("Cannot use cached(): the key is no text");
  lockOf(key);
  if (typeof options !== "object" || options === null) {
    throw new TypeError("Cannot use cached(): the second argument must be an object, as in { ttl: 60_000 }");
  }
  for (const name in options) {
    if (!KNOWN.includes(name)) {
      throw new TypeError(`Cannot use the option \`${name}\` of cached(): there are ${KNOWN.join(", ")}`);
    }
  }
  const { ttl, staleTtl = 0, lock = 5_000, codec = JSON_CODEC } = options;
  for (
    const [name, value, least] of [["ttl", ttl, 1], ["staleTtl", staleTtl, 0], ["lock", lock, 10]] as const
  ) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new RangeError(
      `Cannot use the option \`${name}\`: ${value} is no whole number of milliseconds from ${least} up`,
    );
  }
  return { ttl, staleTtl, lock, codec: codec as CachedCodec<unknown> };
}

/**
 * The name of a key's lock, which has the same slot.
 *
 * @throws {TypeError} for a key of which no other key with the same slot can be named.
 */
export function lockOf(key: string): string {
  if (/^[^{]*\{[^}]+\}/.test(key)) return `${key}:lock`;
  if (!key.includes("}")) return `{${key}}:lock`;
  throw new TypeError("Cannot use cached(): the key has a `}` without a part in braces before it");
}
