/**
 * The options of an iterator.
 *
 * @module
 */
import type { BufferPolicy } from "./buffer.ts";
import type { SubscriptionKind } from "./subscription_router.ts";

/** How a subscription is to behave. */
export interface SubscriptionOptions {
  /** How many messages may wait to be read, 1 or more. Default 10,000. */
  readonly buffer?: number;
  /**
   * What happens when that many wait: the oldest or the newest are dropped, and a gap stands in their place; the
   * iterator fails; or reading from the socket stops until half of them have been read, for which the
   * subscription has a connection to itself. Default `"dropOldest"`.
   */
  readonly policy?: BufferPolicy;
  /** Patterns of channels, beside the channels. */
  readonly patterns?: readonly (string | Uint8Array)[];
  /** The channels are sharded (SSUBSCRIBE). Default `false`. */
  readonly sharded?: boolean;
  /** Ends the iterator, which throws its reason. */
  readonly signal?: AbortSignal;
}

const KNOWN: readonly string[] = ["buffer", "policy", "patterns", "sharded", "signal"];
const POLICIES: readonly string[] = ["pause", "dropOldest", "dropNewest", "error"];

/** What the options come to. */
export interface CheckedSubscription {
  readonly names: readonly (string | Uint8Array)[];
  readonly patterns: readonly (string | Uint8Array)[];
  readonly kind: SubscriptionKind;
  readonly limit: number;
  readonly policy: BufferPolicy;
  readonly signal: AbortSignal | undefined;
}

/**
 * Checks what was given.
 *
 * @throws {TypeError | RangeError} for an unknown or invalid option.
 */
export function checkSubscription(
  names: readonly (string | Uint8Array)[],
  options: SubscriptionOptions,
): CheckedSubscription {
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new TypeError(
        `Cannot use the option \`${name}\` of subscription(): there are ${KNOWN.join(", ")}`,
      );
    }
  }
  const { buffer = 10_000, policy = "dropOldest", patterns = [], sharded = false, signal } = options;
  if (!(Number.isInteger(buffer) && buffer >= 1)) {
    throw new RangeError(`Cannot use the option \`buffer\`: ${buffer} is no whole number from 1 up`);
  }
  if (!POLICIES.includes(policy)) {
    throw new TypeError(`Cannot use the option \`policy\`: it must be one of ${POLICIES.join(", ")}`);
  }
  for (const name of [...names, ...patterns]) {
    if (typeof name !== "string" && !(name instanceof Uint8Array)) {
      throw new TypeError("Cannot subscribe: a channel is neither text nor bytes");
    }
  }
  if (names.length + patterns.length === 0) {
    throw new TypeError("Cannot subscribe: neither a channel nor a pattern is given");
  }
  return { names, patterns, kind: sharded ? "shard" : "channel", limit: buffer, policy, signal };
}
