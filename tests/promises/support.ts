/**
 * A client over the memory transport in simulated time, and what became of its promises.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ConnectionPoolBase } from "../../base.ts";
import { Redis, type RedisOptions } from "../../mod.ts";
// The first call of `watch()` loads this; simulated time does not wait for that.
import "../../src/client/lazy_modules.ts";
import { RedisError } from "../../src/errors.ts";
import type { MemoryTransportOptions } from "../../transports/memory.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { Session } from "../harness/mini/session.ts";
import { plain, type Wire } from "../harness/resp.ts";
import { ScriptedPeer, type ScriptedPeerOptions } from "../harness/scripted_peer.ts";

/** The outcome of a promise: its value, or its error. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Follows a promise; counts how often it settled. */
export class Follower {
  /** The outcome so far. */
  outcome: Outcome | undefined = undefined;
  /** Resolves when it has settled. */
  readonly settled: Promise<void>;
  /** Follows one promise. */
  constructor(promise: Promise<unknown>) {
    this.settled = promise.then((value) => this.#settle({ value }), (error) => this.#settle({ error }));
  }

  #settle(outcome: Outcome): void {
    assert.equal(this.outcome, undefined, "a promise settled twice");
    this.outcome = outcome;
  }
}

/**
 * Returns the execution that an outcome reports; a value counts as `"yes"`, an error without a report as
 * `undefined`.
 */
export function executedOf(outcome: Outcome): string | undefined {
  if ("value" in outcome) return "yes";
  return outcome.error instanceof RedisError ? outcome.error.executed : undefined;
}

/** A client, the peer behind it, and the time in which both live. */
export interface Stage {
  readonly clock: SimulatedClock;
  readonly peer: ScriptedPeer;
  readonly redis: Redis;
}

/** Sets up a client and its peer. */
export function stage(
  options: RedisOptions<ConnectionPoolBase> = {},
  scripted: ScriptedPeerOptions = {},
  transport: MemoryTransportOptions = {},
): Stage {
  const clock = new SimulatedClock();
  const peer = new ScriptedPeer({ clock, ...scripted });
  const redis = new Redis({ transport: peer.transport({ clock, ...transport }), clock, ...options });
  return { clock, peer, redis };
}

/** Reads a number from the server in memory, past the client: the value of a key, or 0. */
export function reader({ peer }: Stage): (key: string) => Promise<number> {
  const session = new Session(0, () => {});
  return async (key) => {
    const raw = ["GET", key].map((word) => new TextEncoder().encode(word));
    const value = await peer.server.serve({ words: ["GET", key], raw }, session);
    return Number(plain(value as Wire) ?? 0);
  };
}

/** Advances time until all of them have settled, up to a minute. */
export async function settleAll(clock: SimulatedClock, followers: readonly Follower[]): Promise<Outcome[]> {
  for (let spent = 0; followers.some(({ outcome }) => outcome === undefined); spent++) {
    assert.ok(spent < 120, "a promise did not settle within a minute");
    await clock.advance(spent === 0 ? 0 : 500);
  }
  return followers.map(({ outcome }) => outcome!);
}

/** Closes the client; nothing of it may be left: no timer, no socket, no connection in the pool. */
export async function closeClean({ clock, peer, redis }: Stage): Promise<void> {
  const closing = new Follower(redis.close());
  await settleAll(clock, [closing]);
  assert.deepEqual(closing.outcome, { value: undefined });
  // A peer that is frozen learns of the end only when it thaws.
  for (const connection of peer.open) connection.thaw();
  await clock.settle();
  const { created, connecting, waiting } = redis.pool.stats();
  assert.deepEqual({ created, connecting, waiting }, { created: 0, connecting: 0, waiting: 0 });
  assert.equal(peer.open.length, 0, "a socket stayed open");
  assert.equal(clock.pendingTimers, 0, "a timer was left");
}
