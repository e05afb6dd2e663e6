/**
 * Runs a world from its first step to the end of its clients.
 *
 * @module
 */
import process from "node:process";
import { Calls } from "./calls.ts";
import { Collections, COUNTABLE } from "./collections.ts";
import { LIBRARY } from "./commands.ts";
import { applyFault } from "./faults.ts";
import { leased, leftovers } from "./leftovers.ts";
import { emptyStreams, recover } from "./recovery.ts";
import { type Action, isFault, type Scenario, type Step } from "./scenario.ts";
import { settle } from "./time.ts";
import { World } from "./world.ts";

/** The entries that a collection of a client may keep beside its connections: worlds have fewer keys and channels. */
const KEPT = 64;

/** Milliseconds after which a pool has its connections back when its clients are closed. */
const GIVEN_BACK = 10_000;

/** The frames of a stack in a run without a trace: the code that reads stacks has some. */
const STACK = 1;

/** Options of a run. */
export interface RunOptions {
  /** The trace is kept as text, too. */
  readonly verbose: boolean;
  /** Counts what clients keep, at the end. */
  readonly counted: boolean;
}

/** Makes the world of a scenario, and runs it to its end. */
export async function runWorld(scenario: Scenario, { verbose, counted }: RunOptions): Promise<World> {
  const limit = Error.stackTraceLimit;
  // Most errors of a dense load are expected, and their stacks would take much of its time. A trace has them.
  if (!verbose && scenario.together === true) Error.stackTraceLimit = STACK;
  const collections = counted && COUNTABLE ? new Collections() : undefined;
  const world = new World(scenario, verbose);
  const { faults } = world.history;
  const calls = new Calls(world);
  const unhandled = (reason: unknown): void => void faults.push(`unhandled rejection: ${reason}`);
  process.on("unhandledRejection", unhandled);
  try {
    await prepare(world);
    await live(world, calls);
    await recover(world, calls);
    await emptyStreams(world);
    await count(world, collections);
    await end(world);
    await settle();
  } catch (error) {
    faults.push(`the world broke: ${error instanceof Error ? error.stack : error}`);
  } finally {
    collections?.stop();
    Error.stackTraceLimit = limit;
    process.removeListener("unhandledRejection", unhandled);
  }
  return world;
}

/** Functions are at all servers from the beginning. */
async function prepare({ scenario, topology }: World): Promise<void> {
  const calls = scenario.steps.some((step) =>
    "part" in step
      ? step.part.via === "function"
      : "parts" in step && step.parts.some(({ via }) => via === "function")
  );
  if (!calls) return;
  for (const { state } of topology.servers) await state.scripting.load();
  // A replica may become a master before the library comes from its own.
  for (const server of topology.servers) server.run("FUNCTION", "LOAD", LIBRARY);
}

async function live(world: World, calls: Calls): Promise<void> {
  const { scenario, time, recorder } = world;
  const begin = (step: Step): void => {
    recorder.trace.step(step);
    if (isFault(step)) return applyFault(world, step);
    calls.begin(step as Action);
    // Its client is loaded by its first use.
    if (scenario.topology === "sentinel") world.loading();
  };
  for (const turn of turnsOf(scenario)) {
    time.later(turn[0]!.at, () => {
      for (const step of turn) begin(step);
    });
  }
  await time.skip(scenario.duration);
}

/** Returns the steps by the turns of the event loop in which they begin. */
function turnsOf({ steps, together = false }: Scenario): Step[][] {
  const turns: Step[][] = [];
  for (const step of steps) {
    const last = turns.at(-1);
    if (together && last?.[0]?.at === step.at) last.push(step);
    else turns.push([step]);
  }
  return turns;
}

/** Checks that the memory of clients whose calls have all settled does not grow with the number of calls. */
async function count({ clients, history }: World, collections: Collections | undefined): Promise<void> {
  const most = KEPT + Math.max(...clients.map(({ pool }) => pool.stats().created));
  for (const one of await collections?.above(most) ?? []) history.faults.push(`memory: ${one}`);
}

/** Closes all clients, and checks that nothing is left. */
async function end(world: World): Promise<void> {
  const { clients, time, history: { faults }, topology } = world;
  for (let at = 0; at < clients.length; at++) world.closeClient(at);
  const ends = async (closing: Iterable<Promise<void> | undefined>): Promise<void> => {
    let closed = false;
    Promise.all(closing).then(() => closed = true);
    for (let rounds = 0; !closed && rounds < 30; rounds++) await time.skip(500);
    if (!closed) faults.push("close: it never ended");
  };
  await ends(clients.map(({ closing }) => closing));
  const pools = new Set(clients.map(({ pool }) => pool));
  // A pool waits for the last replies of a connection before it has it back.
  if (leased(world).length > 0) await time.skip(GIVEN_BACK);
  faults.push(...leased(world));
  await ends([...pools].map((pool) => pool.close()));
  await time.skip(3_000);
  faults.push(...leftovers(world));
  topology.close();
}
