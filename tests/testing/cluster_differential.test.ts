import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { TestCluster } from "../../testing.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { waitFor } from "../harness/wait.ts";
import { ask, lines, type Names } from "./comparable.ts";

/** Connections to all nodes of a cluster, by their place; the others' names for ids and ports. */
interface Side {
  readonly clients: readonly RawClient[];
  readonly names: Names;
  readonly ids: readonly string[];
  readonly ports: readonly number[];
}

async function connectAll(nodes: readonly { readonly id: string; readonly port: number }[]): Promise<Side> {
  return {
    clients: await Promise.all(nodes.map(({ port }) => rawClient({ port }))),
    ids: nodes.map(({ id }) => id),
    ports: nodes.map(({ port }) => port),
    names: nodes.flatMap(({ id, port }, index) => [
      [id, `ID${index}`] as const,
      [String(port + 10_000), `BUS${index}`] as const,
      [String(port), `PORT${index}`] as const,
    ]),
  };
}

/** Returns the report of a node on the cluster, without times, epochs and counters, in a fixed order. */
async function describeCluster({ clients, names }: Side, index: number): Promise<unknown> {
  const call = (...args: string[]): Promise<unknown> => ask(clients[index]!, names, args);
  const sorted = (rows: unknown): unknown[] => (rows as unknown[]).map((row) => JSON.stringify(row)).sort();
  const shards = await call("CLUSTER", "SHARDS") as [string, unknown, string, unknown[][]][];
  const masked = shards.map(([slots, ranges, nodes, list]) => [
    slots,
    ranges,
    nodes,
    list.map((node) => node.map((value, at) => node[at - 1] === "replication-offset" ? "*" : value))
      .sort((a, b) => String(a) < String(b) ? -1 : 1),
  ]);
  return {
    nodes: lines(await call("CLUSTER", "NODES")).map((line) =>
      line.split(" ").map((word, at) => at >= 4 && at <= 6 ? "*" : word).join(" ")
    ).sort(),
    slots: sorted(await call("CLUSTER", "SLOTS")),
    shards: sorted(masked),
    info: lines(await call("CLUSTER", "INFO")).filter((line) => !/stats|epoch|links_buffer/.test(line)),
    id: await call("CLUSTER", "MYID"),
    replicas: lines(await call("CLUSTER", "REPLICAS", "x")),
    role: (await call("ROLE") as unknown[]).length,
  };
}

describe("TestCluster and a real cluster", () => {
  let cluster: Cluster;
  let mine: TestCluster;
  let real: Side;
  let own: Side;
  let seven = false;

  before(async () => {
    cluster = await startCluster();
    seven = /redis_version:7\.0\./.test(String(await cluster.masters[0]!.cli("INFO", "server")));
    mine = new TestCluster();
    await mine.listen();
    real = await connectAll(cluster.nodes);
    own = await connectAll(mine.nodes);
  });

  after(async () => {
    for (const { clients } of [real, own]) for (const client of clients) client.close();
    await mine.close();
    await cluster.stop();
  });

  it("hashes keys alike", async () => {
    const keys = ["", "{", "{}", "{}x", "a{b}c", "a{b}{c}", "{{b}}", "ä€😀", "x".repeat(1_000)];
    for (let n = 0; n < 500; n++) keys.push(`key:${n * n}{${n % 7}${n % 3 === 0 ? "}" : ""}`);
    for (const key of keys) {
      const slot = await real.clients[0]!.call("CLUSTER", "KEYSLOT", key);
      assert.equal(mine.slotOf(key), slot, key);
    }
  });

  it("describes the cluster alike on each node", async (t) => {
    if (!seven) return t.skip("the installed server is not 7.0");
    await waitFor("the replicas to be online for each node", async () => {
      for (const node of cluster.nodes) {
        const shards = JSON.stringify(await node.cli("CLUSTER", "SHARDS"));
        if (shards.includes('"loading"')) return `not yet for ${node.port}`;
      }
      return undefined;
    });
    for (let index = 0; index < 6; index++) {
      assert.deepEqual(await describeCluster(own, index), await describeCluster(real, index));
    }
  });

  it("replies alike to commands at the wrong node, of a replica, in transactions, and during a migration", async (t) => {
    if (!seven) return t.skip("the installed server is not 7.0");
    // Keys by the master that has them at first.
    const keyOf = (index: number, tag: string): string => {
      for (let n = 0;; n++) {
        const key = `{${tag}${n}}`;
        if (mine.masterOf(key) === mine.nodes[index]) return key;
      }
    };
    const [k0, k1, m] = [keyOf(0, "a"), keyOf(1, "b"), keyOf(0, "m")];
    const [s0, s1, sm] = [k0, k1, m].map((key) => String(mine.slotOf(key!)));
    const [a, b] = [`${m}a`, `${m}b`];
    // A number is the node; @n is the id of a node, #n its port.
    const script: [number, string][] = [
      [0, `SET ${k0} v`],
      [0, "WAIT 1 5000"],
      [0, `GET ${k0}`],
      [0, `GET ${k1}`],
      [0, `MGET ${k0} ${k1}`],
      [0, `MSET ${k1} 1 ${k1}x 2`],
      [0, `EXISTS ${k0} ${k0}`],
      [3, `GET ${k0}`],
      [3, "READONLY"],
      [3, `GET ${k0}`],
      [3, `GET ${k1}`],
      [3, `SET ${k0} x`],
      [3, "MULTI"],
      [3, `GET ${k0}`],
      [3, "EXEC"],
      [3, "READWRITE"],
      [3, `GET ${k0}`],
      [0, "SELECT 1"],
      [0, "SELECT 0"],
      [0, "SWAPDB 0 1"],
      [0, `MOVE ${k0} 1`],
      [0, "REPLICAOF NO ONE"],
      [0, "MULTI"],
      [0, `GET ${k1}`],
      [0, "EXEC"],
      [0, "MULTI"],
      [0, `SET ${k0} 1`],
      [0, `INCR ${k0}`],
      [0, "EXEC"],
      [0, `SSUBSCRIBE ${k1}`],
      [0, `SPUBLISH ${k1} x`],
      [0, `SPUBLISH ${k0} x`],
      [3, `SPUBLISH ${k0} x`],
      [0, "PUBLISH news x"],
      [0, `PUBSUB SHARDCHANNELS`],
      [0, "CLUSTER"],
      [0, "CLUSTER FOO"],
      [0, "CLUSTER KEYSLOT"],
      [0, "CLUSTER ADDSLOTS 0"],
      [0, "CLUSTER ADDSLOTS 99999"],
      [0, "CLUSTER ADDSLOTS x"],
      [0, "CLUSTER ADDSLOTSRANGE 5 1"],
      [0, "CLUSTER ADDSLOTSRANGE 5"],
      [0, "CLUSTER DELSLOTS 1 1"],
      [0, "CLUSTER SETSLOT 99999 NODE @0"],
      [0, `CLUSTER SETSLOT ${s0} MIGRATING nobody`],
      [0, `CLUSTER SETSLOT ${s1} MIGRATING @2`],
      [0, `CLUSTER SETSLOT ${s0} IMPORTING @1`],
      [0, `CLUSTER SETSLOT ${s0} NODE nobody`],
      [0, `CLUSTER SETSLOT ${s0} NODE @1`],
      [0, `CLUSTER SETSLOT ${s0} NODE @3`],
      [0, `CLUSTER SETSLOT ${s0} SIDEWAYS`],
      [3, `CLUSTER SETSLOT ${s0} STABLE`],
      [0, "CLUSTER REPLICATE @0"],
      [0, "CLUSTER REPLICATE @1"],
      [0, "CLUSTER REPLICATE @3"],
      [0, "CLUSTER REPLICATE nobody"],
      [0, "CLUSTER FAILOVER"],
      [0, "CLUSTER FAILOVER SOON"],
      [0, "CLUSTER REPLICAS nobody"],
      [0, "CLUSTER REPLICAS @3"],
      [0, "CLUSTER COUNTKEYSINSLOT 99999"],
      [0, `CLUSTER COUNTKEYSINSLOT ${s0}`],
      [0, `CLUSTER GETKEYSINSLOT ${s0} 10`],
      [0, `CLUSTER GETKEYSINSLOT ${s0} -1`],
      [0, "CLUSTER COUNT-FAILURE-REPORTS @1"],
      [0, "CLUSTER MEET 127.0.0.1 x"],
      [0, "CLUSTER MEET nohost 1"],
      [0, "CLUSTER MEET 127.0.0.1 99999"],
      [0, "CLUSTER MEET 127.0.0.1 7000 x"],
      [0, "CLUSTER MEET 127.0.0.1 7000 17000 1"],
      [0, "CLUSTER FORGET nobody"],
      [0, "CLUSTER FORGET @0"],
      [3, "CLUSTER FORGET @0"],
      [0, "CLUSTER RESET FIRMLY"],
      [0, "CLUSTER RESET HARD NOW"],
      [0, "CLUSTER RESET"],
      [0, "CLUSTER FLUSHSLOTS"],
      [0, "CLUSTER SET-CONFIG-EPOCH -1"],
      [0, "CLUSTER SET-CONFIG-EPOCH x"],
      [0, "CLUSTER SET-CONFIG-EPOCH 7"],
      [0, "CLUSTER HELP"],
      // A migration, step by step.
      [0, `SET ${a} 1`],
      [1, `CLUSTER SETSLOT ${sm} IMPORTING @0`],
      [0, `CLUSTER SETSLOT ${sm} MIGRATING @1`],
      [0, `GET ${a}`],
      [0, `GET ${b}`],
      [0, `SET ${b} 1`],
      [0, `MGET ${a} ${b}`],
      [0, `MGET ${b} ${b}c`],
      [1, `GET ${a}`],
      [1, "ASKING"],
      [1, `GET ${b}`],
      [1, `GET ${b}`],
      [1, "ASKING"],
      [1, `MGET ${a} ${b}`],
      [1, "ASKING"],
      [1, "MULTI"],
      [1, `SET ${b} 2`],
      [1, `GET ${b}`],
      [1, "EXEC"],
      [0, `MIGRATE 127.0.0.1 #1 ${b} 0 1000`],
      [0, `MIGRATE 127.0.0.1 #1 ${a} 0 1000`],
      [0, `GET ${a}`],
      [0, "MULTI"],
      [0, `GET ${a}`],
      [0, "EXEC"],
      [1, "ASKING"],
      [1, `MGET ${a} ${b}`],
      [1, `CLUSTER SETSLOT ${sm} NODE @1`],
      [0, `CLUSTER SETSLOT ${sm} NODE @1`],
      [0, `GET ${a}`],
      [1, `GET ${a}`],
      [0, `CLUSTER COUNTKEYSINSLOT ${sm}`],
    ];
    const differences: unknown[] = [];
    for (const [node, line] of script) {
      const on = async ({ clients, ids, ports, names }: Side): Promise<unknown> => {
        const words = line.split(" ").map((word) =>
          word.replace(/^@(\d)$/, (_, n) => ids[Number(n)]!).replace(
            /^#(\d)$/,
            (_, n) => String(ports[Number(n)]),
          )
        );
        return await ask(clients[node]!, names, words);
      };
      const [ours, theirs] = [await on(own), await on(real)];
      if (!isDeepStrictEqual(ours, theirs)) differences.push({ node, line, ours, theirs });
    }
    assert.deepEqual(differences, []);
  });

  it("forgets, resets and meets nodes alike", async (t) => {
    if (!seven) return t.skip("the installed server is not 7.0");
    const sides = [own, real];
    const on = (side: Side, node: number, line: string): Promise<unknown> => {
      const words = line.replaceAll(/@(\d)/g, (_, n) => side.ids[Number(n)]!)
        .replaceAll(/#(\d)/g, (_, n) => String(side.ports[Number(n)])).split(" ");
      return ask(side.clients[node]!, side.names, words);
    };
    const both = async (node: number, line: string): Promise<void> => {
      const [ours, theirs] = await Promise.all(sides.map((side) => on(side, node, line)));
      assert.deepEqual(ours, theirs, `${line} at ${node}`);
    };
    /** Returns the role, the master and the slots of each node. */
    const views = (side: Side): Promise<string[][]> =>
      Promise.all(
        side.clients.map(async (_, node) =>
          lines(await on(side, node, "CLUSTER NODES")).map((line) => {
            const [id, address, flags, master, , , , , ...slots] = line.split(" ");
            return [id, address, flags, master, ...slots].join(" ");
          }).sort()
        ),
      );
    const alike = async (): Promise<void> => {
      const ours = await views(own);
      let theirs: string[][] = [];
      await waitFor("the real nodes to see each other as those of the test server do", async () => {
        theirs = await views(real);
        return isDeepStrictEqual(theirs, ours) ? undefined : JSON.stringify({ ours, theirs });
      });
    };
    // The replica 5 is forgotten by all, and begins anew.
    for (const node of [0, 1, 2, 3, 4]) await both(node, "CLUSTER FORGET @5");
    await both(0, "CLUSTER FORGET @5");
    await both(2, "CLUSTER REPLICAS @2");
    await alike();
    await both(5, "CLUSTER RESET SOFT");
    await both(5, "CLUSTER MYID");
    await both(5, "CLUSTER REPLICATE @2");
    await both(5, "DBSIZE");
    await alike();
    await both(5, "CLUSTER RESET HARD");
    await both(5, "CLUSTER SET-CONFIG-EPOCH 50");
    await both(5, "CLUSTER SET-CONFIG-EPOCH 51");
    await both(5, "CLUSTER ADDSLOTS 5 7");
    await both(5, "CLUSTER FLUSHSLOTS");
    sides.forEach(({ ids }) => (ids as string[]).splice(5));
    for (const side of sides) {
      const id = String(await side.clients[5]!.call("CLUSTER", "MYID"));
      (side.ids as string[]).push(id);
      (side.names as [string, string][]).unshift([id, "NEW5"]);
    }
    await alike();
    for (const node of [0, 1, 2, 3, 4]) await both(node, "CLUSTER MEET 127.0.0.1 #5");
    await alike();
    await both(5, "CLUSTER REPLICATE @2");
    await both(5, "CLUSTER BUMPEPOCH");
    await alike();
  });
});
