import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLUSTER } from "../../src/cluster/options/table.ts";
import { BLOCKING, CLIENT, CONNECTION, POOL } from "../../src/options/table.ts";
import { KINDS } from "../../src/sentinel/options.ts";
import { drawScenario } from "./draw.ts";
import type { Fault } from "./scenario.ts";

/** Options that no world draws, with the reason. */
const NOT_DRAWN: Readonly<Record<string, string>> = {
  host: "an address of the simulated network",
  port: "an address of the simulated network",
  path: "the simulated network has no Unix sockets",
  startupNodes: "two of the nodes, in each world of a cluster",
  pool: "`ClientPlan.pool` and `shares` draw it",
  timeout: "2,000 in each pool that waits",
  transport: "the simulated network",
  clock: "the simulated time",
  tls: "the sockets of runtimes",
  keepAlive: "`NetworkPlan.keepAlive` draws what it does",
  noDelay: "the sockets of runtimes",
  family: "the sockets of runtimes",
  lookup: "the sockets of runtimes",
  readBufferSize: "the sockets of runtimes",
  username: "as `password`, which is drawn",
  credentials: "tests/connections/ has a model of rotation",
  libVersion: "as `libName`, which is drawn",
  encoding: "judges compare text",
  encodingErrors: "all values are ASCII",
  limits: "a limit that a reply exceeds ends a connection, as a cut does",
  parser: "the decoder of the client is the subject",
  connectionClass: "the class of the client is the subject",
  maintNotifications: "the test server announces no maintenance",
  addressMap: "all addresses can be reached",
  role: "worlds use `masterFor` with `readFrom`",
  blocking: "worlds use `masterFor`, whose pool does not wait",
};

/** All faults; `lie` shows that judges notice a broken promise, and is never drawn. */
const FAULTS: Readonly<Record<Exclude<Fault["fault"], "lie">, true>> = {
  cut: true,
  freeze: true,
  freezeAll: true,
  halfOpen: true,
  stall: true,
  slowReader: true,
  kill: true,
  refuse: true,
  hang: true,
  restart: true,
  window: true,
  maxclients: true,
  sleep: true,
  date: true,
  forget: true,
  flush: true,
  failover: true,
  crash: true,
  partition: true,
  pause: true,
  migrate: true,
  reshard: true,
  moveReplica: true,
  flip: true,
};

describe("simulated worlds", () => {
  const options: Set<string> = new Set();
  const faults: Set<string> = new Set();
  for (let seed = 1; seed <= 150; seed++) {
    for (const topology of ["standalone", "sentinel", "cluster"] as const) {
      const { clients, network, servers, space, steps } = drawScenario(seed, topology);
      for (const one of [...clients.map((client) => client.options), space ?? {}]) {
        for (const name of Object.keys(one)) options.add(name);
      }
      for (const step of steps) if ("fault" in step) faults.add(step.fault);
      if (network.spread !== undefined) faults.add("spread");
      if (servers?.nameDelay !== undefined) faults.add(`names: ${topology}`);
      if (clients.some(({ named }) => named)) faults.add("named clients");
    }
  }

  it("each fault is drawn, also names that lead elsewhere and connections of different length", () => {
    const more = ["spread", "names: sentinel", "names: cluster", "named clients"];
    assert.deepEqual([...faults].sort(), [...Object.keys(FAULTS), ...more].sort());
  });

  it("each option is drawn, or named with the reason why not", () => {
    const all = new Set(
      [CONNECTION, POOL, BLOCKING, CLIENT, CLUSTER, KINDS].flatMap((one) => Object.keys(one)),
    );
    const named = Object.keys(NOT_DRAWN);
    assert.deepEqual([...all].filter((name) => !options.has(name) && !named.includes(name)), []);
    assert.deepEqual(named.filter((name) => options.has(name) || !all.has(name)), [], "named, and not so");
    assert.deepEqual([...options].filter((name) => !all.has(name)), [], "drawn, and no option");
  });
});
