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

/** Runs of WAIT that writes whose replies came in one tick share, by place. */
export type SharedWaits = Map<object, Promise<unknown>>;

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
  let running = shared.get(place);
  if (running === undefined) {
    const wait = new Command(WAIT, [replicas, Math.ceil(call.timeout)]);
    running = executor.waitAt === undefined
      ? executor.execute(wait, call)
      : executor.waitAt(place, wait, call);
    shared.set(place, running);
    runSoon(() => shared.delete(place));
  }
  return running;
}
