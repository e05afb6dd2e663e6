/**
 * What is done to the links and to the server, at random.
 *
 * @module
 */
import type { FaultProxy } from "../../tests/harness/fault_proxy.ts";
import type { Server } from "../../tests/harness/server.ts";

/** A fault: does its work and puts things right. */
export interface Fault {
  /** For the report. */
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  /** Does it. */
  run(world: World): Promise<void> | void;
}

/** What faults can reach. */
export interface World {
  readonly proxy: FaultProxy;
  readonly server: Server;
  /** A number from 0 (included) to 1 (excluded). */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

function some<T>(list: readonly T[], random: () => number): T | undefined {
  return list[Math.floor(random() * list.length)];
}

/** All faults. */
export const FAULTS: readonly Fault[] = [
  { name: "reset all", weight: 3, run: ({ proxy }) => proxy.killAll("reset") },
  { name: "close all", weight: 3, run: ({ proxy }) => proxy.killAll("fin") },
  { name: "reset one", weight: 4, run: ({ proxy, random }) => some(proxy.open, random)?.kill("reset") },
  {
    name: "cut at a byte",
    weight: 8,
    run: ({ proxy, random }) => {
      const link = some(proxy.open, random);
      const way = random() < 0.5 ? "toServer" : "toClient";
      if (link !== undefined) {
        link.cutAfter({ [way]: link.bytes[way] + Math.floor(random() * 5_000), how: "reset" });
      }
    },
  },
  {
    name: "cut new links early",
    weight: 2,
    run: async ({ proxy, random, sleep }) => {
      proxy.faults = { ...proxy.faults, cut: { toClient: Math.floor(random() * 300), how: "fin" } };
      proxy.killAll("reset");
      await sleep(150);
      proxy.faults = { ...proxy.faults, cut: undefined };
    },
  },
  {
    name: "freeze one for long",
    weight: 2,
    run: async ({ proxy, random, sleep }) => {
      const link = some(proxy.open, random);
      link?.freeze(random() < 0.5 ? "toServer" : "toClient");
      await sleep(100);
    },
  },
  {
    name: "freeze all briefly",
    weight: 3,
    run: async ({ proxy, random, sleep }) => {
      proxy.freezeAll();
      await sleep(50 + random() * 500);
      proxy.thawAll();
    },
  },
  { name: "half-open", weight: 2, run: ({ proxy, random }) => some(proxy.open, random)?.halfOpen() },
  {
    name: "slow link",
    weight: 2,
    run: async ({ proxy, random, sleep }) => {
      const link = some(proxy.open, random);
      link?.apply({ rate: 20_000, delay: 20 });
      await sleep(100);
    },
  },
  {
    name: "refuse connections",
    weight: 2,
    run: async ({ proxy, random, sleep }) => {
      proxy.refuse();
      proxy.killAll("fin");
      await sleep(50 + random() * 300);
      await proxy.accept();
    },
  },
  {
    name: "CLIENT KILL",
    weight: 4,
    run: async ({ server }) => void await server.cli("CLIENT", "KILL", "TYPE", "normal"),
  },
  {
    name: "CLIENT KILL of subscribers",
    weight: 2,
    run: async ({ server }) => void await server.cli("CLIENT", "KILL", "TYPE", "pubsub"),
  },
  {
    name: "CLIENT PAUSE",
    weight: 2,
    run: async ({ server }) => void await server.cli("CLIENT", "PAUSE", 200),
  },
  {
    name: "SIGSTOP",
    weight: 2,
    run: async ({ server, random, sleep }) => {
      await server.kill("SIGSTOP");
      await sleep(50 + random() * 600);
      await server.kill("SIGCONT");
    },
  },
  { name: "SIGKILL and restart", weight: 1, run: ({ server }) => server.restart() },
];

/** One of them, by weight. */
export function pickFault(random: () => number): Fault {
  let at = random() * FAULTS.reduce((sum, { weight }) => sum + weight, 0);
  return FAULTS.find(({ weight }) => (at -= weight) < 0)!;
}
