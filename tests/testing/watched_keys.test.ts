import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import type { Socket } from "../../mod.ts";
import {
  TestCluster,
  type TestClusterNode,
  type TestReplicatedServer,
  TestSentinels,
} from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

// A server runs a transaction only if what it watches is what it was, whatever has happened to the server.
// KEYWIRE_HISTORIES=500 runs so many; KEYWIRE_SEED=5 begins with that seed.
const HISTORIES = Number(process.env["KEYWIRE_HISTORIES"] ?? 30);
const SEED = Number(process.env["KEYWIRE_SEED"] ?? 1);
const KEYS = ["a", "b", "c"];

/** A connection that watches a key. */
interface Watcher {
  readonly node: TestClusterNode | TestReplicatedServer;
  readonly key: string;
  readonly before: unknown;
  readonly socket: Socket;
  /** The replies of the server. */
  text: string;
  /** Whether it has ended. */
  closed: boolean;
}

type Topology = TestCluster | TestSentinels;

/** One history: writes, faults and watchers by chance. Returns how many transactions ran and how many were refused. */
async function history(
  seed: number,
  kind: "cluster" | "sentinels",
): Promise<{ ran: number; refused: number }> {
  const clock = new SimulatedClock({ seed });
  const roll = (sides: number): number => Math.floor(clock.random() * sides);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)]!;
  const lag = pick([0, 30]);
  await using topology: Topology = kind === "cluster"
    ? new TestCluster({
      clock,
      masters: 2,
      replicas: 1,
      nodeTimeout: 300,
      gossipDelay: pick([0, 50]),
      replicationLag: lag,
    })
    : new TestSentinels({ clock, replicas: 2, sentinels: 3, downAfter: 300, replicationLag: lag });
  const nodes = (): readonly (TestClusterNode | TestReplicatedServer)[] =>
    topology instanceof TestCluster ? topology.nodes : topology.servers;
  const encoder = new TextEncoder();
  const trace: string[] = [];
  const watchers: Watcher[] = [];
  const result = { ran: 0, refused: 0 };

  const connect = async (node: { readonly host: string; readonly port: number }): Promise<Watcher> => {
    const watcher = { node, text: "", closed: false, key: pick(KEYS) } as Watcher;
    const decoder = new TextDecoder();
    const { host, port } = node;
    const socket = await topology.transport.connect({ host, port }, {}, {
      data: (chunk) => watcher.text += decoder.decode(chunk),
      close: () => {
        watcher.closed = true;
      },
    });
    return Object.assign(watcher, { socket });
  };
  const ask = async (to: Watcher, line: string): Promise<string> => {
    to.text = "";
    if (to.closed) return "";
    await to.socket.write(encoder.encode(line));
    await clock.advance(0);
    return to.text;
  };
  const act: (() => unknown)[] = [
    async () => {
      const watcher = await connect(pick(nodes().filter(({ up }) => up)));
      trace.push(`${watcher.node.port} watches ${watcher.key}`);
      await ask(watcher, `READONLY\r\nWATCH ${watcher.key}\r\n`);
      // A node without the slot redirects WATCH: no promise is made.
      if (!watcher.text.endsWith("+OK\r\n")) return watcher.socket.destroy();
      watchers.push(Object.assign(watcher, { before: watcher.node.dump()[watcher.key] }));
    },
    async () => {
      const [watcher] = watchers.splice(roll(watchers.length), 1);
      if (watcher === undefined) return;
      // Without keys, so that each node runs it.
      const reply = await ask(watcher, "MULTI\r\nPING\r\nEXEC\r\n");
      watcher.socket.destroy();
      const now = watcher.node.up ? watcher.node.dump()[watcher.key] : undefined;
      const ran = reply.includes("*1\r\n+PONG");
      if (ran) result.ran++;
      else result.refused++;
      assert.ok(
        !ran || watcher.before === now,
        `seed ${seed}: ${watcher.node.port} ran a transaction although ${watcher.key} was ${watcher.before} ` +
          `and is ${now}: ${trace.join(", ")}`,
      );
    },
    async () => {
      const key = pick(KEYS);
      for (const node of nodes()) {
        if (!node.up || node.role !== "master") continue;
        trace.push(`${node.port} appends to ${key}`);
        const writer = await connect(node);
        await ask(writer, `APPEND ${key} ${roll(10)}\r\n`);
        writer.socket.destroy();
      }
    },
    () => {
      trace.push("failover");
      if (topology instanceof TestCluster) {
        const { replicas } = topology;
        if (replicas.length > 0) topology.failover(pick(replicas), { loss: roll(2) === 0 });
        return;
      }
      try {
        topology.failover();
      } catch (error) {
        assert.ok(error instanceof TypeError);
      }
    },
    () => {
      const node = pick(nodes());
      trace.push(`cut off ${node.port}`);
      topology.partition(node as never);
    },
    () => {
      trace.push("mend");
      topology.mend();
    },
    () => {
      const node = pick(nodes());
      trace.push(`restart ${node.port}`);
      topology.stop(node as never);
      topology.start(node as never, { empty: roll(2) === 0 });
    },
    () => {
      if (!(topology instanceof TestCluster)) return;
      const [key, target] = [pick(KEYS), pick(topology.masters)];
      if (target === undefined || topology.masterOf(key)?.up !== true) return;
      trace.push(`move ${key} to ${target.port}`);
      topology.moveSlots(key, target);
    },
  ];
  for (let step = 0; step < 60; step++) {
    await pick([act[0]!, act[1]!, ...act])();
    await clock.advance(roll(5) === 0 ? roll(800) : roll(60));
  }
  for (const { socket } of watchers) socket.destroy();
  return result;
}

describe("watched keys of servers that fail over, are cut off and copy each other", () => {
  for (const kind of ["cluster", "sentinels"] as const) {
    it(`${kind}: a transaction runs only if they are as they were`, async () => {
      let [ran, refused] = [0, 0];
      for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
        const result = await history(seed, kind);
        ran += result.ran;
        refused += result.refused;
      }
      assert.ok(ran > HISTORIES && refused > HISTORIES, `${ran} ran, ${refused} were refused`);
    });
  }
});
