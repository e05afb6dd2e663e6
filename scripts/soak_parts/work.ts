/**
 * What the clients do all the time; each worker does one thing after another.
 *
 * @module
 */
import { Command } from "../../src/commands/command.ts";
import { lookupCommand } from "../../src/commands/table.ts";
import { type Redis, RedisError } from "../../mod.ts";
import { Ledger } from "./ledger.ts";

/** What the load has seen. */
export interface Tally {
  /** Calls that settled. */
  operations: number;
  /** Calls that were rejected. */
  rejected: number;
  /** Replies that belong to another call. */
  mixedUp: number;
  /** Rejections that do not say whether the command ran, and are no abort. */
  silent: number;
  /** Calls that took longer than they may. */
  hung: number;
}

/** One client with its share of the work. */
export interface Worker {
  readonly redis: Redis;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly random: () => number;
  /** Milliseconds after which a call hangs. */
  readonly patience: number;
}

function executedOf(error: unknown): string | undefined {
  return error instanceof RedisError ? error.executed : undefined;
}

function bitfield(number: number): Command {
  const { spec, args } = lookupCommand(["BITFIELD", ...Ledger.words(number)]);
  return new Command(spec, args);
}

/** Waits for a call; its hanging is noted, and not waited for. */
async function within<T>({ tally, patience }: Worker, call: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      tally.hung++;
      resolve(undefined);
    }, patience);
  });
  try {
    return await Promise.race([call, limit]);
  } finally {
    clearTimeout(timer);
    tally.operations++;
  }
}

/** A write, alone; `aborting`: by a caller who may lose patience. */
async function write(worker: Worker, aborting = false): Promise<void> {
  const { redis, ledger, tally, random } = worker;
  const number = ledger.begin();
  const controller = new AbortController();
  const timer = aborting ? setTimeout(() => controller.abort(), random() * 3) : undefined;
  const client = aborting ? redis.with({ signal: controller.signal }) : redis;
  try {
    const reply = await within(worker, client.execute(bitfield(number)) as Promise<unknown>);
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

/** Writes that go out together, as a transaction or not. */
async function writeTogether(worker: Worker, atomic: boolean): Promise<void> {
  const { redis, ledger, tally } = worker;
  const numbers = [ledger.begin(), ledger.begin(), ledger.begin()];
  const batch = atomic ? redis.multi() : redis.pipeline();
  for (const number of numbers) batch.execute(bitfield(number));
  const outcomes = await within(worker, batch.exec({ settle: true }) as Promise<unknown[]>);
  numbers.forEach((number, index) => {
    const outcome = outcomes?.[index];
    if (outcome !== undefined && !(outcome instanceof Error)) return ledger.acknowledged(number);
    tally.rejected++;
    if (outcome !== undefined && executedOf(outcome) === undefined) tally.silent++;
    ledger.rejected(number, executedOf(outcome));
  });
}

/** A call whose reply is its own. */
async function ask(worker: Worker): Promise<void> {
  const { redis, tally, random } = worker;
  const text = `${random()}`;
  try {
    const reply = await within(worker, redis.echo(text));
    if (reply !== undefined && reply !== text) tally.mixedUp++;
  } catch (error) {
    tally.rejected++;
    if (executedOf(error) === undefined) tally.silent++;
  }
}

/** A call that blocks, on a lane of its own. */
async function block(worker: Worker): Promise<void> {
  try {
    await within(worker, worker.redis.blpop("soak:nothing", 0.05));
  } catch (error) {
    worker.tally.rejected++;
    if (executedOf(error) === undefined) worker.tally.silent++;
  }
}

/** Works until told to stop. */
export async function work(worker: Worker, stopped: () => boolean): Promise<void> {
  const { ledger, random } = worker;
  while (!stopped() && !ledger.full) {
    const choice = random();
    if (choice < 0.5) await write(worker);
    else if (choice < 0.55) await write(worker, true);
    else if (choice < 0.65) await writeTogether(worker, false);
    else if (choice < 0.75) await writeTogether(worker, true);
    else if (choice < 0.98) await ask(worker);
    else await block(worker);
  }
}
