import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import type { Command } from "../../src/commands/command.ts";
import { TestServer } from "../../testing.ts";
import { startServer } from "../harness/server.ts";
import { commandOf, LIBRARY } from "./commands.ts";
import { drawScenario } from "./draw.ts";
import type { Part, Step } from "./scenario.ts";

/** Worlds whose calls are repeated; each has some hundred, the second one scripts and functions, too. */
const SEEDS = [12, 30];

/** A command that does the same whenever it runs. */
function timeless(part: Part): Command {
  return commandOf(part.verb === "setpx" ? { ...part, ttl: 1_000_000 } : part);
}

/** Runs the calls of a world one after the other, without its faults and its limits of time. */
async function replay(redis: Redis, steps: readonly Step[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (const step of steps) {
    if (!("do" in step)) continue;
    // The id that XADD returns is the server's time.
    if (step.do === "call" && step.part.verb !== "xadd") {
      outcomes.push(await redis.execute(timeless(step.part)).catch((error: Error) => error.message));
    } else if (step.do === "pipeline" || step.do === "multi") {
      const batch = redis[step.do](step.parts.map(timeless));
      const settled = await batch.exec({ settle: true }) as readonly unknown[];
      outcomes.push(settled.map((one) => one instanceof Error ? one.message : one));
    }
  }
  return outcomes;
}

describe("the server of simulated worlds", () => {
  it("answers the calls of worlds as a real server does", async () => {
    await using real = await startServer();
    await using test = new TestServer();
    await using one = new Redis(real.url);
    await using other = new Redis({ transport: test.transport });
    for (const redis of [one, other]) await redis.command("FUNCTION", "LOAD", LIBRARY);
    for (const seed of SEEDS) {
      const { steps } = drawScenario(seed);
      for (const redis of [one, other]) await redis.command("FLUSHALL");
      const expected = await replay(one, steps);
      assert.ok(expected.length > 10);
      assert.deepEqual(await replay(other, steps), expected, `seed ${seed}`);
    }
  });
});
