/**
 * The work of the clients; each worker does one operation after another.
 *
 * @module
 */
import { Command } from "../../src/commands/command.ts";
import { lookupCommand } from "../../src/commands/table.ts";
import { PipelineError, RedisError } from "../../mod.ts";
import { rpush } from "../../src/commands/mod.ts";
import type { Dice } from "./dice.ts";
import type { Ledger } from "./ledger.ts";
import type { OrderedList } from "./order.ts";
import { stalledSince } from "./stalls.ts";
import type { AnyClient } from "./stage.ts";

/** The counts of the load. */
export interface Tally {
  /** Calls that settled. */
  operations: number;
  /** Calls that were rejected. */
  rejected: number;
  /** Replies of other calls: the expected reply, the received reply, and the time. */
  readonly mixedUp: { readonly own: string; readonly reply: string; readonly at: number }[];
  /** Rejections without `executed` that are not aborts. */
  silent: number;
  /** Calls that took longer than they may. */
  readonly hung: { readonly what: string; readonly at: number }[];
}

/** One client with its share of the work. */
export interface Worker {
  readonly redis: AnyClient;
  /** Whether a key may seem to be missing. */
  readonly readsReplicas: boolean;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly dice: Dice;
  /** Milliseconds after which a call hangs. */
  readonly patience: number;
  /** The list that it appends to in order; `undefined` for a client that does not keep the order. */
  readonly list: OrderedList | undefined;
}

function executedOf(error: unknown): string | undefined {
  return error instanceof RedisError ? error.executed : undefined;
}

function bitfield(ledger: Ledger, number: number): Command {
  const { spec, args } = lookupCommand(["BITFIELD", ...ledger.words(number)]);
  return new Command(spec, args);
}

/** The key with a value that never changes: the tag. */
export function constantKey(tag: string): string {
  return `soak:{${tag}}:constant`;
}

/** Waits for a call; its hanging is noted, and not waited for. */
async function within<T>(
  { tally, patience }: Worker,
  what: string,
  call: Promise<T>,
): Promise<T | undefined> {
  const began = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<undefined>((resolve) => {
    const wait = (time: number): void => {
      const from = performance.now();
      timer = setTimeout(() => {
        // Where the whole process stood still, the call's own timer is late as well.
        if (stalledSince(from)) return wait(patience);
        tally.hung.push({ what: `${what} hung`, at: began });
        resolve(undefined);
      }, time);
    };
    wait(patience);
  });
  try {
    return await Promise.race([call, limit]);
  } finally {
    clearTimeout(timer);
    tally.operations++;
  }
}

/** One of the series of numbers. */
function anySeries({ ledger, dice }: Worker): number {
  return Math.floor(dice.between(0, ledger.tags.length));
}

/** A write, alone; `aborting`: by a caller who may lose patience. */
async function write(worker: Worker, aborting = false): Promise<void> {
  const { redis, ledger, tally, dice } = worker;
  const number = ledger.begin(anySeries(worker));
  const controller = new AbortController();
  const timer = aborting ? setTimeout(() => controller.abort(), dice.between(0, 3)) : undefined;
  const client = aborting ? redis.with({ signal: controller.signal }) : redis;
  try {
    const reply = await within(
      worker,
      aborting ? "an aborted write" : "a write",
      client.execute(bitfield(ledger, number)) as Promise<unknown>,
    );
    if (Array.isArray(reply)) ledger.acknowledged(number);
    else ledger.rejected(number, undefined);
  } catch (error) {
    tally.rejected++;
    ledger.rejected(number, executedOf(error));
    if (executedOf(error) === undefined && !controller.signal.aborted) tally.silent++;
  } finally {
    clearTimeout(timer);
  }
}

/** Writes that go out together: as a transaction of one slot, or one by one for any. */
async function writeTogether(worker: Worker, atomic: boolean): Promise<void> {
  const { redis, ledger, tally } = worker;
  const one = anySeries(worker);
  const numbers = [0, 1, 2].map(() => ledger.begin(atomic ? one : anySeries(worker)));
  const batch = atomic ? redis.multi() : redis.pipeline();
  for (const number of numbers) batch.execute(bitfield(ledger, number));
  const outcomes = await within(
    worker,
    atomic ? "a transaction" : "a pipeline",
    batch.exec({ settle: true }) as Promise<unknown[]>,
  );
  numbers.forEach((number, index) => {
    const outcome = outcomes?.[index];
    if (outcome !== undefined && !(outcome instanceof Error)) return ledger.acknowledged(number);
    tally.rejected++;
    if (outcome !== undefined && executedOf(outcome) === undefined) tally.silent++;
    ledger.rejected(number, executedOf(outcome));
  });
}

/** A call whose reply is its own: a text, or values that never change, over all slots. */
async function ask(worker: Worker): Promise<void> {
  const { redis, tally, dice, ledger } = worker;
  const echoes = dice.chance(0.5);
  const own = echoes ? [`${dice.between(0, 1)}`] : ledger.tags;
  try {
    const call = echoes ? redis.echo(own[0]!).then((text) => [text]) : redis.mget(...own.map(constantKey));
    const reply = await within(worker, echoes ? "ECHO" : "MGET", call);
    const right = reply?.every((text, at) => text === own[at] || (text === null && worker.readsReplicas));
    if (right === false) tally.mixedUp.push({ own: `${own}`, reply: `${reply}`, at: performance.now() });
  } catch (error) {
    tally.rejected++;
    if (executedOf(error) === undefined) tally.silent++;
  }
}

/** A call that blocks, on a connection of its own. */
async function block(worker: Worker): Promise<void> {
  try {
    const tag = worker.dice.some(worker.ledger.tags);
    await within(worker, "BLPOP", worker.redis.blpop(`soak:{${tag}}:nothing`, 0.05));
  } catch (error) {
    worker.tally.rejected++;
    if (executedOf(error) === undefined) worker.tally.silent++;
  }
}

const APPEND = "return redis.call('RPUSH', KEYS[1], ARGV[1])";

/** Appends to a list, one call right behind the other, each in its own way. */
async function append(worker: Worker, list: OrderedList): Promise<void> {
  const { redis, dice, tally } = worker;
  const settle = (number: number, outcome: unknown): void => {
    const failed = outcome instanceof Error || outcome === undefined;
    if (failed) tally.rejected++;
    list.settle(number, failed ? executedOf(outcome) : "yes");
  };
  const calls: Promise<void>[] = [];
  for (let index = 0; index < 8; index++) {
    const choice = dice.between(0, 1);
    if (choice < 0.6) {
      const number = list.begin();
      const call = choice < 0.5
        ? redis.rpush(list.key, String(number))
        : redis.script(APPEND, { keys: [list.key], args: [number] });
      calls.push(
        within(worker, choice < 0.5 ? "RPUSH" : "a script", call).catch((error) => error)
          .then((outcome) => settle(number, outcome)),
      );
    } else {
      const numbers = [list.begin(), list.begin(), list.begin()];
      const batch = choice < 0.8 ? redis.pipeline() : redis.multi();
      for (const number of numbers) batch.execute(rpush(list.key, String(number)));
      calls.push(
        within(worker, "a batch", batch.exec({ settle: true }) as Promise<unknown[]>)
          .catch((error) => error instanceof PipelineError ? error.results : numbers.map(() => error))
          .then((outcomes) => numbers.forEach((number, at) => settle(number, outcomes?.[at]))),
      );
    }
  }
  await Promise.all(calls);
}

/** Works until the end. */
export async function work(worker: Worker, stopped: () => boolean): Promise<void> {
  const { ledger, dice } = worker;
  while (!stopped() && !ledger.full) {
    const choice = dice.between(0, 1);
    if (choice < 0.5) await write(worker);
    else if (choice < 0.55) await write(worker, true);
    else if (choice < 0.65) await writeTogether(worker, false);
    else if (choice < 0.75) await writeTogether(worker, true);
    else if (choice < 0.8 && worker.list?.full === false) await append(worker, worker.list);
    else if (choice < 0.98) await ask(worker);
    else await block(worker);
  }
}
