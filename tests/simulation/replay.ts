/**
 * Repeats what a world does on a real server and on the test server, and compares the outcomes: the model is not the judge
 * of itself.
 *
 * @module
 */
import type { Redis } from "../../mod.ts";
import type { Command } from "../../src/commands/command.ts";
import { commandOf, LIBRARY, wordsOf } from "./commands.ts";
import type { Part, Scenario, Step } from "./scenario.ts";

/** A command that does the same whenever it runs. */
function timeless(part: Part): Part {
  return part.verb === "setpx" ? { ...part, ttl: 1_000_000 } : part;
}

function commands(parts: readonly Part[]): Command[] {
  return parts.map((part) => commandOf(timeless(part)));
}

function shown(outcome: unknown): unknown {
  if (Array.isArray(outcome)) return outcome.map(shown);
  return outcome instanceof Error ? outcome.message : outcome;
}

/** Returns the outcome of a step; `undefined`: it depends on the time, or has no outcome. */
function run(redis: Redis, step: Step): Promise<unknown> | undefined {
  if ("fault" in step) {
    if (step.fault === "flush") return redis.command("FLUSHALL");
    return step.fault === "forget" ? redis.command("SCRIPT", "FLUSH") : undefined;
  }
  switch (step.do) {
    case "call":
      // The id that XADD returns is the server's time.
      return step.part.verb === "xadd" ? undefined : redis.execute(commands([step.part])[0]!);
    case "pipeline":
    case "multi":
      return redis[step.do](commands(step.parts)).exec({ settle: true });
    case "watch":
      return redis.watch(step.key, async (tx) => {
        const seen = await tx.get(step.key);
        const [name, ...rest] = wordsOf(step.part);
        return [seen, await tx.multi().command(name, ...rest).exec()];
      });
    case "once": {
      const [name, ...rest] = wordsOf(timeless(step.part));
      return redis.once(`w${step.part.id}`).command(name, ...rest);
    }
    case "lease":
      return redis.pipeline(commands(step.parts)).exec({ settle: true });
    default:
      return undefined;
  }
}

/** Runs the steps one after the other, without limits of time. Of the faults, forgotten scripts are among them. */
async function outcomesOf(redis: Redis, steps: readonly Step[]): Promise<unknown[]> {
  await redis.command("FLUSHALL");
  await redis.command("FUNCTION", "LOAD", "REPLACE", LIBRARY);
  const outcomes: unknown[] = [];
  for (const step of steps) {
    const outcome = run(redis, step);
    if (outcome !== undefined) outcomes.push(shown(await outcome.catch((error: unknown) => error)));
  }
  return outcomes;
}

/** The number of outcomes, and those that differ. */
export async function replay(
  { steps }: Scenario,
  real: Redis,
  test: Redis,
): Promise<{ readonly count: number; readonly differences: readonly string[] }> {
  const expected = await outcomesOf(real, steps);
  const actual = await outcomesOf(test, steps);
  const differences = expected.flatMap((one, at) => {
    const [wanted, found] = [JSON.stringify(one), JSON.stringify(actual[at])];
    return wanted === found ? [] : [`real: outcome ${at} is ${found}, and ${wanted} on a real server`];
  });
  return { count: expected.length, differences };
}
