/**
 * A mixed load of which each command leaves a trace on the server: how often it ran.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Connection, Redis, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { packCommands } from "../../src/resp/pack.ts";
import { executedOf, Follower, type Outcome } from "./support.ts";

/** A command under way: its promise, and how often it has run by now. */
export interface Action {
  /** For messages. */
  readonly name: string;
  /** The promise that the caller holds. */
  readonly follower: Follower;
  /** Returns how often the server ran it; absent where the data does not show it. */
  readonly runs?: (read: Read) => Promise<number> | number;
  /** Whether the value is the right one. */
  readonly right: (value: unknown) => boolean;
}

/** The clients that send the load. */
export type Loader = Redis | RedisCluster;

/** Reads a number from the server, past the client: the value of a key, or 0. */
export type Read = (key: string) => Promise<number> | number;

const counted = (key: string) => (read: Read): Promise<number> | number => read(key);

/** A plain write. */
export function incr(redis: Loader, key: string): Action {
  return {
    name: `INCR ${key}`,
    follower: new Follower(redis.incr(key)),
    runs: counted(key),
    right: (value) => value === 1,
  };
}

/** A read whose reply is unique: a reply to the wrong command is detected. */
export function echo(redis: Loader, text: string): Action {
  return {
    name: `ECHO ${text}`,
    follower: new Follower(redis.echo(text)),
    right: (value) => value === text,
  };
}

/** A command that blocks on a dedicated connection. It ends when the list stays empty. */
export function blpop(redis: Loader, key: string, seconds = 1): Action {
  return {
    name: `BLPOP ${key}`,
    follower: new Follower(redis.blpop(key, seconds)),
    right: (value) => value === null,
  };
}

/** Commands sent by the holder of a connection, as a transaction. */
export function leased(acquire: () => Promise<Connection>, key: string): Action {
  const run = async (): Promise<unknown> => {
    const connection = await acquire();
    try {
      const replies = await connection.sendPacked(
        packCommands([["MULTI"], ["INCR", key], ["EXEC"]]),
        3,
      );
      const failed = replies.find((reply) => reply instanceof Error);
      if (failed !== undefined) throw failed;
      return replies[2];
    } finally {
      connection[Symbol.dispose]();
    }
  };
  return {
    name: `leased ${key}`,
    follower: new Follower(run()),
    runs: counted(key),
    right: (value) => Array.isArray(value) && value[0] === 1,
  };
}

/** Commands that are sent together: each is an action of its own. */
export function together(redis: Loader, atomic: boolean, keys: readonly string[]): Action[] {
  const batch = atomic ? redis.multi() : redis.pipeline();
  for (const key of keys) batch.incr(key);
  const outcomes = batch.exec({ settle: true }) as Promise<unknown[]>;
  return keys.map((key, index) => ({
    name: `${atomic ? "multi" : "pipeline"} ${key}`,
    follower: new Follower(outcomes.then((all) => {
      if (all[index] instanceof Error) throw all[index];
      return all[index];
    })),
    runs: counted(key),
    right: (value) => value === 1,
  }));
}

/** A transaction under WATCH, on a connection of its own. */
export function watched(redis: Loader, key: string): Action {
  return {
    name: `watch ${key}`,
    follower: new Follower(redis.watch(key, (tx) => tx.multi().incr(key), { attempts: 1 })),
    runs: counted(key),
    right: (value) => Array.isArray(value) && value[0] === 1,
  };
}

/** A subscription: it comes up, whatever is cut meanwhile, or says why not. */
export function subscribe(redis: Loader, channel: string): Action {
  return {
    name: `SUBSCRIBE ${channel}`,
    follower: new Follower(redis.subscribe(channel, () => {})),
    right: () => true,
  };
}

/** Starts all kinds of commands at once; blocking ones end after the given number of seconds. */
export function mixedLoad(redis: Redis, seconds = 1): Action[] {
  return loadOf(redis, () => redis.pool.acquire(), seconds);
}

/** The same over a cluster, where pipelines go to several nodes. */
export function clusterLoad(redis: RedisCluster, seconds: number): Action[] {
  return loadOf(redis, () => redis.pool.acquireBySlot(slotOf("lease:1")), seconds);
}

function loadOf(redis: Loader, acquire: () => Promise<Connection>, seconds: number): Action[] {
  return [
    incr(redis, "plain:1"),
    ...together(redis, false, ["pipe:1", "pipe:2"]),
    ...together(redis, true, ["{multi}:1", "{multi}:2"]),
    watched(redis, "watch:1"),
    echo(redis, "first"),
    incr(redis, "plain:2"),
    blpop(redis, "empty", seconds),
    leased(acquire, "lease:1"),
    subscribe(redis, "news"),
    incr(redis, "plain:3"),
    echo(redis, "last"),
  ];
}

/** Checks that reports match executions: a value after one run, `"no"` after none, `"unknown"` after one at most. */
export async function checkActions(actions: readonly Action[], read: Read, where: string): Promise<void> {
  for (const { name, follower, runs, right } of actions) {
    const outcome = follower.outcome as Outcome;
    const what = `${name}, ${where}`;
    if ("value" in outcome) assert.ok(right(outcome.value), `${what}: got ${String(outcome.value)}`);
    const executed = executedOf(outcome);
    assert.ok(
      executed !== undefined,
      `${what}: rejected without saying whether it ran: ${String((outcome as { error?: unknown }).error)}`,
    );
    if (runs === undefined) continue;
    const times = await runs(read);
    const allowed = executed === "yes" ? [1] : executed === "no" ? [0] : [0, 1];
    assert.ok(allowed.includes(times), `${what}: ran ${times} times, and it was said: ${executed}`);
  }
}
