/**
 * Passes the target of a sentinel's pool along with its options.
 *
 * @module
 */
import type { ResolvedPoolOptions } from "../options.ts";
import type { LazySentinelClient } from "./lazy_sentinel_client.ts";
import type { Wanted } from "./locate.ts";
import type { FoundServerOptions } from "./options.ts";

/** The parts of a sentinel that pools need. */
export interface SentinelPlan {
  /** The sentinels to ask. */
  readonly sentinels: LazySentinelClient;
  /** The options of the servers. */
  readonly servers: FoundServerOptions;
}

/** The target of one pool. */
export interface PoolPlan {
  /** The sentinels to ask. */
  readonly sentinels: LazySentinelClient;
  /** The name of the service. */
  readonly service: string;
  /** The servers to connect to. */
  readonly wanted: Wanted;
}

// Options are frozen, and copied when a runtime's transport is added. So the plan is stored by the options object
// that the constructor gets.
const plans: WeakMap<ResolvedPoolOptions, PoolPlan> = new WeakMap();

const sentinels: WeakMap<object, SentinelPlan> = new WeakMap();

/** Records the plan for pools of this sentinel. */
export function register(sentinel: object, plan: SentinelPlan): void {
  sentinels.set(sentinel, plan);
}

/**
 * Returns the plan for pools of this sentinel.
 *
 * @throws {TypeError} for any other value.
 */
export function sentinelPlan(sentinel: unknown): SentinelPlan {
  const plan = typeof sentinel === "object" && sentinel !== null ? sentinels.get(sentinel) : undefined;
  if (plan === undefined) throw new TypeError("Cannot use the option `sentinel`: it must be a Sentinel");
  return plan;
}

/** Records the target of a pool with these options. */
export function plan(options: ResolvedPoolOptions, plan: PoolPlan): ResolvedPoolOptions {
  plans.set(options, plan);
  return options;
}

/**
 * Returns the target of a pool with these options.
 *
 * @throws {TypeError} for options that no sentinel has created.
 */
export function planOf(options: ResolvedPoolOptions): PoolPlan {
  const plan = plans.get(options);
  if (plan === undefined) {
    throw new TypeError("Cannot make a SentinelConnectionPool without `sentinel` and `service`");
  }
  return plan;
}
