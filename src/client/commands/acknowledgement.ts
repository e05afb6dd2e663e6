/**
 * Acknowledgement of writes by replicas: WAIT where the writes ran.
 *
 * @module
 */
import { runSoon } from "../../clock.ts";
import { Command } from "../../commands/command.ts";
import { WAIT } from "../../commands/function_specs.ts";
import { RedisError, TimeoutError } from "../../errors.ts";
import type { Call, Executor } from "../executor.ts";

/** Runs of WAIT that writes whose replies came in one tick share, by place: those with the same limits. */
export type SharedWaits = Map<object, { readonly call: Call; readonly running: Promise<unknown> }>;

/**
 * Runs WAIT at each place: the servers that replied to the writes, and no others.
 *
 * @param name the writes, for messages
 * @throws {TimeoutError} with the code `NOT_REPLICATED` when fewer replicas have them.
 */
export async function acknowledge(
  executor: Executor,
  shared: SharedWaits,
  replicas: number,
  name: string,
  call: Call,
  places: Iterable<object>,
): Promise<void> {
  const missed = (have: string, cause?: unknown): TimeoutError =>
    new TimeoutError(`${name} ran, but ${have} of the ${replicas} replicas asked for`, {
      code: "NOT_REPLICATED",
      executed: "yes",
      cause,
    });
  let counts: unknown[];
  try {
    counts = await Promise.all([...places].map((place) => waitAt(executor, shared, replicas, place, call)));
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    throw missed(`nothing is known (${error.message})`, error);
  }
  const count = Math.min(...counts.map(Number));
  if (count < replicas) throw missed(`within ${call.timeout} ms only ${count} acknowledged it`);
}

function waitAt(
  executor: Executor,
  shared: SharedWaits,
  replicas: number,
  place: object,
  call: Call,
): Promise<unknown> {
  const { timeout, signal } = call;
  const known = shared.get(place);
  if (known !== undefined && known.call.timeout === timeout && known.call.signal === signal) {
    return known.running;
  }
  const wait = new Command(WAIT, [replicas, Math.ceil(timeout)]);
  const running = executor.waitAt === undefined
    ? executor.execute(wait, call)
    : executor.waitAt(place, wait, call);
  const made = { call, running };
  shared.set(place, made);
  runSoon(() => {
    if (shared.get(place) === made) shared.delete(place);
  });
  return running;
}
