import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";
import { startServer } from "../harness/server.ts";
import { drawScenario } from "./draw.ts";
import { replay } from "./replay.ts";

/** Worlds whose calls are repeated; each has some hundred, the second one scripts and functions, too. */
const SEEDS = [12, 30];

describe("the server of simulated worlds", () => {
  it("answers the calls of worlds as a real server does", async () => {
    await using real = await startServer();
    await using test = new TestServer();
    await using one = new Redis(real.url);
    await using other = new Redis({ transport: test.transport });
    for (const seed of SEEDS) {
      const { count, differences } = await replay(drawScenario(seed), one, other);
      assert.ok(count > 10);
      assert.deepEqual(differences, [], `seed ${seed}`);
    }
  });
});
