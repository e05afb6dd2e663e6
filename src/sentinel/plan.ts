/**
 * What a pool of a sentinel is to find, handed over beside its options.
 *
 * @module
 */
import type { ResolvedPoolOptions } from "../options.ts";
import type { LazySentinelClient } from "./lazy_sentinel_client.ts";
import type { Wanted } from "./locate.ts";
import type { FoundServerOptions } from "./options.ts";

/** What pools need of a sentinel. */
export interface SentinelPlan {
  /** Who is asked. */
  readonly sentinels: LazySentinelClient;
  /** The options of the servers. */
  readonly servers: FoundServerOptions;
}

/** What one pool is to find. */
export interface PoolPlan {
  /** Who is asked. */
  readonly sentinels: LazySentinelClient;
  /** The name of the service. */
  readonly service: string;
  /** Which of its servers. */
  readonly wanted: Wanted;
}

// Options are frozen, and are made anew where a runtime's transport is added: the plan stands beside those that
// are given to the constructor.
const plans: WeakMap<ResolvedPoolOptions, PoolPlan> = new WeakMap();

const sentinels: WeakMap<object, SentinelPlan> = new WeakMap();

/** Says what pools of this sentinel are made with. */
export function register(sentinel: object, plan: SentinelPlan): void {
  sentinels.set(sentinel, plan);
}

/**
 * What pools of this sentinel are made with.
 *
 * @throws {TypeError} for what is no sentinel.
 */
export function sentinelPlan(sentinel: unknown): SentinelPlan {
  const plan = typeof sentinel === "object" && sentinel !== null ? sentinels.get(sentinel) : undefined;
  if (plan === undefined) throw new TypeError("Cannot use the option `sentinel`: it must be a Sentinel");
  return plan;
}

/** Says what a pool with these options is to find. */
export function plan(options: ResolvedPoolOptions, plan: PoolPlan): ResolvedPoolOptions {
  plans.set(options, plan);
  return options;
}

/**
 * What a pool with these options is to find.
 *
 * @throws {TypeError} for options that no sentinel has made.
 */
export function planOf(options: ResolvedPoolOptions): PoolPlan {
  const plan = plans.get(options);
  if (plan === undefined) {
    throw new TypeError("Cannot make a SentinelConnectionPool without `sentinel` and `service`");
  }
  return plan;
}
