/**
 * The options of an iterator.
 *
 * @module
 */
import type { BufferPolicy } from "./buffer.ts";
import type { SubscriptionKind } from "./subscription_router.ts";

/** The options of a subscription. */
export interface SubscriptionOptions {
  /** The maximum number of unread messages, 1 or more. Default 10,000. */
  readonly buffer?: number;
  /**
   * The behavior when the buffer is full: drop the oldest or the newest messages and insert a gap; end with an error;
   * or pause the socket until half of the messages are read, which needs a dedicated connection. Default
   * `"dropOldest"`.
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

/** The checked options. */
export interface CheckedSubscription {
  readonly names: readonly (string | Uint8Array)[];
  readonly patterns: readonly (string | Uint8Array)[];
  readonly kind: SubscriptionKind;
  readonly limit: number;
  readonly policy: BufferPolicy;
  readonly signal: AbortSignal | undefined;
}

/**
 * Checks options and fills in defaults.
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
