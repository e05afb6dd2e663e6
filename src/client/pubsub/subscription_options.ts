/**
 * The options of an iterator.
 *
 * @module
 */
import { ClusterError } from "../../errors.ts";
import type { Prefix } from "../commands/prefix.ts";
import type { BufferPolicy } from "./buffer.ts";
import type { SubscriptionKind, SubscriptionRouter } from "./subscription_router.ts";

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

/** The checked options; names and patterns with their prefix. */
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
 * @throws {TypeError | RangeError | ClusterError} for an unknown or invalid option; or the reason of the signal.
 */
export function checkSubscription(
  router: SubscriptionRouter,
  channels: readonly (string | Uint8Array)[],
  options: SubscriptionOptions,
  usual: AbortSignal | undefined,
  prefix: Prefix | undefined,
): CheckedSubscription {
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new TypeError(
        `Cannot use the option \`${name}\` of subscription(): there are ${KNOWN.join(", ")}`,
      );
    }
  }
  const { buffer = 10_000, policy = "dropOldest", patterns = [], sharded = false, signal = usual } = options;
  if (!(Number.isInteger(buffer) && buffer >= 1)) {
    throw new RangeError(`Cannot use the option \`buffer\`: ${buffer} is no whole number from 1 up`);
  }
  if (!POLICIES.includes(policy)) {
    throw new TypeError(`Cannot use the option \`policy\`: it must be one of ${POLICIES.join(", ")}`);
  }
  for (const name of [...channels, ...patterns]) {
    if (typeof name !== "string" && !(name instanceof Uint8Array)) {
      throw new TypeError("Cannot subscribe: a channel is neither text nor bytes");
    }
  }
  if (channels.length + patterns.length === 0) {
    throw new TypeError("Cannot subscribe: neither a channel nor a pattern is given");
  }
  signal?.throwIfAborted();
  const kind = sharded ? "shard" : "channel";
  const names = prefix ? channels.map((name) => prefix.add(name)) : channels;
  if (policy === "pause") checkGroups(router, kind, names);
  return {
    names,
    patterns: prefix ? patterns.map((one) => prefix.addToPattern(one)) : patterns,
    kind,
    limit: buffer,
    policy,
    signal,
  };
}

/**
 * Throws if a subscription with the policy `"pause"` has shard channels of several slots, because it has one
 * connection.
 */
function checkGroups(
  router: SubscriptionRouter,
  kind: SubscriptionKind,
  names: readonly (string | Uint8Array)[],
): void {
  if (new Set(names.map((name) => router.groupOf?.(kind, name))).size <= 1) return;
  const message =
    'Cannot subscribe with policy "pause" to shard channels of several slots: they may be on several ' +
    "nodes; give their names a common part in braces, or make a subscription for each";
  throw new ClusterError(message, { code: "CROSSSLOT", executed: "no" });
}
