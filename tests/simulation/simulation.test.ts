import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { drawScenario } from "./draw.ts";
import { printNote } from "../harness/notes.ts";
import { printScenario } from "./print.ts";
import type { Scenario, Step } from "./scenario.ts";
import { parseScenario } from "./scenario_file.ts";
import { kindOf, shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";
import { seedOfVersion } from "./version.ts";

/** The runtime, as `./scripts/simulate` names it. */
const RUNTIME = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
/** Worlds that each version of the code has on this runtime; or those of a given seed. */
const SEED = Number(process.env.KEYWIRE_SEED ?? seedOfVersion(RUNTIME));
/** With KEYWIRE_FRESH=1 also worlds that no run has had. */
const FRESH = process.env.KEYWIRE_FRESH === "1" ? [Math.floor(Math.random() * 2 ** 31)] : [];
/** 24 worlds, a third of them of each topology; fewer where the first ones have many operations. */
const WORLDS = "--seeds 24 --operations 30000 --topology all";
const SIMULATE = fileURLToPath(new URL("../../scripts/simulator/simulate.ts", import.meta.url));

/** A scenario with one client and a plain network. */
function scene(steps: readonly Step[], options: Scenario["clients"][number]["options"] = {}): Scenario {
  return {
    seed: 1,
    topology: "standalone",
    duration: 3_000,
    network: { latency: 1, jitter: 0, chunk: 0, capacity: 65_536, promises: false, keepAlive: 0 },
    clients: [{ options }],
    steps,
  };
}

describe("simulation", () => {
  for (const seed of [SEED, ...FRESH]) {
    const command = `./scripts/simulate ${RUNTIME} --seed ${seed} ${WORLDS}`;
    it(`keeps all promises in the worlds of ${command}`, { timeout: 240_000 }, async () => {
      // In a process of its own, as promises are several times as expensive within a test of Node's.
      const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check"] : ["--no-warnings"];
      const run = promisify(execFile)(process.execPath, [
        ...flags,
        SIMULATE,
        "--seed",
        String(seed),
        ...WORLDS.split(" "),
      ]);
      const { stdout } = await run.catch((error) => error);
      assert.match(stdout, /; 0 broken\n$/, stdout);
      const [, operations, seconds] = /^first seed .* (\d+) operations, (\d+) simulated s in/m.exec(stdout)!;
      assert.ok(Number(seconds) >= 60, stdout);
      printNote(`${seconds} simulated s, ${operations} operations: ${command}`);
    });
  }

  it("gives the same seed the same trace", { timeout: 60_000 }, async () => {
    for (const topology of ["standalone", "cluster", "sentinel"] as const) {
      const scenario = drawScenario(8, topology);
      const [one, two] = [await simulate(scenario), await simulate(scenario)];
      assert.equal(one.hash, two.hash, topology);
      assert.equal(one.operations, two.operations);
    }
    assert.notEqual((await simulate(drawScenario(3))).hash, (await simulate(drawScenario(4))).hash);
  });

  it("finds a promise that is broken, and makes the scenario small", { timeout: 60_000 }, async () => {
    const drawn = drawScenario(5);
    const scenario = { ...drawn, steps: [{ at: 0, fault: "lie" } as const, ...drawn.steps] };
    const { faults } = await simulate(scenario);
    assert.equal(kindOf(faults[0]!), "executed");
    const small = await shrink(scenario, "executed", 200);
    // The calls at the end of each world are enough to show it.
    assert.deepEqual(small.steps, [{ at: 0, fault: "lie" }], printScenario(small));
    assert.equal(small.clients.length, 1);
    assert.match(printScenario(small), /0 ms {2}fault lie$/);
  });
});

describe("regressions that a seed found, by file", () => {
  const folder = new URL("./regressions/", import.meta.url);
  for (const file of readdirSync(folder)) {
    it(file.replace(/_|\.jsonl$/g, " ").trim(), async () => {
      const { faults } = await simulate(parseScenario(readFileSync(new URL(file, folder), "utf8")));
      assert.deepEqual(faults, []);
    });
  }
});

describe("regressions that a seed found", () => {
  it("a subscription to a known channel and a new one is ready when both are confirmed", async () => {
    const { faults } = await simulate(scene([
      { at: 100, client: 0, do: "subscribe", id: 1, channels: ["c0"], iterate: false },
      { at: 200, client: 0, do: "call", part: { id: 2, verb: "publish", key: "c1" } },
      { at: 200, client: 0, do: "subscribe", id: 3, channels: ["c0", "c1"], iterate: true },
    ]));
    assert.deepEqual(faults, []);
  });

  it("a transaction of watch() that is refused for now watches again before it is repeated", async () => {
    for (const code of ["BUSY", "LOADING"] as const) {
      const { faults } = await simulate(scene([
        { at: 0, client: 0, do: "call", part: { id: 1, verb: "set", key: "k0" } },
        { at: 100, client: 0, do: "watch", key: "k0", part: { id: 2, verb: "set", key: "k0" }, pause: 100 },
        { at: 150, client: 0, do: "call", part: { id: 3, verb: "append", key: "k0" } },
        { at: 180, fault: "window", code, ms: 100 },
        { at: 290, client: 0, do: "call", part: { id: 4, verb: "append", key: "k0" } },
      ]));
      assert.deepEqual(faults, [], code);
    }
  });

  it("a transaction that was not sent keeps its place before what was called after it", async () => {
    for (const parts of [1, 3]) {
      const { faults } = await simulate({
        ...scene([
          { at: 0, client: 0, do: "call", part: { id: 1, verb: "set", key: "k0" } },
          { at: 1_070, fault: "freeze", which: 0, ms: 2_000 },
          { at: 1_629, client: 0, do: "call", part: { id: 2, verb: "incr", key: "n0" } },
          {
            at: 2_079,
            client: 0,
            do: "multi",
            parts: Array.from(
              { length: parts },
              (_, at) => ({ id: 3 + at, verb: "set", key: "k5", size: 30_000 }),
            ),
          },
          { at: 2_079, client: 0, do: "call", part: { id: 9, verb: "set", key: "k5" } },
        ], { commandTimeout: 1_000 }),
        network: { latency: 1, jitter: 0, chunk: 0, capacity: 1_000, promises: false, keepAlive: 0 },
      });
      assert.deepEqual(faults, []);
    }
  });

  it("commands that a demoted master refuses keep their place before later ones", async () => {
    const { faults } = await simulate({
      ...scene([
        { at: 305, fault: "window", code: "READONLY", ms: 2_000 },
        { at: 910, client: 0, do: "call", part: { id: 1, verb: "set", key: "k3" } },
        { at: 910, client: 0, do: "call", part: { id: 2, verb: "set", key: "k2", size: 30_000 } },
        { at: 1_186, client: 0, do: "multi", parts: [{ id: 3, verb: "set", key: "k2" }] },
      ], { reconnect: { backoff: "constant:10" } }),
      network: { latency: 1, jitter: 0, chunk: 0, capacity: 1_000, promises: false, keepAlive: 0 },
    });
    assert.deepEqual(faults, []);
  });

  it("a connection that is dead when its lifetime ends is replaced", async () => {
    for (const commandTimeout of [500, 0]) {
      const { faults } = await simulate(scene([
        { at: 100, client: 0, do: "call", part: { id: 1, verb: "set", key: "k0" } },
        { at: 600, fault: "halfOpen", which: 0, serverKeeps: true },
      ], { maxLifetime: 1_000, commandTimeout, healthCheckInterval: 2_000 }));
      assert.deepEqual(faults, []);
    }
  });

  it("a read that returns late may have a value that has expired meanwhile", async () => {
    const { faults } = await simulate(scene([
      { at: 100, client: 0, do: "call", part: { id: 1, verb: "incr", key: "n0" } },
      { at: 211, fault: "slowReader", which: 0, ms: 700 },
      { at: 578, client: 0, do: "pipeline", parts: [{ id: 2, verb: "setpx", key: "x2", ttl: 20 }] },
      { at: 578, client: 0, do: "call", part: { id: 3, verb: "get", key: "x2" } },
    ], { cache: { mode: "broadcast", ttl: 2_000, maxEntries: 3 } }));
    assert.deepEqual(faults, []);
  });
});
