/** CLUSTER, on a single node that serves all slots. @module */
import assert from "node:assert/strict";
import * as c from "../../src/commands/mod.ts";
import { startServer } from "../harness/server.ts";
import { field, waitFor } from "../harness/wait.ts";
import { SocketExecutor, type Speech } from "./executor.ts";
import { Context } from "./suite.ts";

/** Starts a node, calls all commands of the group. */
export async function clusters(
  binary: string | undefined,
  speech: Speech,
  names: ReadonlySet<string>,
  covered: Set<string>,
): Promise<void> {
  await using server = await startServer({ binary, cluster: true });
  const executor = await SocketExecutor.open(server.port, speech);
  const t = new Context(server, speech, executor, names, covered);
  const nobody = "0".repeat(40);
  try {
    const id = await t.looks(c.clusterMyid(), (reply) => reply.length === 40);
    await t.is(c.clusterAddslotsrange([[0, 8000], [8001, 16000]]), "OK");
    await t.is(c.clusterDelslotsrange([[15000, 16000]]), "OK");
    await t.is(c.clusterAddslots(15000, 15001), "OK");
    await t.is(c.clusterDelslots([15001]), "OK");
    await t.is(c.clusterDelslots(15000), "OK");
    await t.is(c.clusterAddslotsrange([[15000, 16383]]), "OK");
    await t.looks(c.clusterInfo(), (text) => text.includes("cluster_slots_assigned:16384"));
    await t.looks(c.clusterHelp(), (lines) => lines.length > 0);
    const [node] = c.parseClusterNodes(await t.run(c.clusterNodes()));
    assert.equal(node!.id, id);
    assert.equal(node!.port, server.port);
    assert.deepEqual(node!.slots, [[0, 16383]]);
    assert.deepEqual(node!.flags, ["myself", "master"]);
    await t.looks(
      c.clusterSlots(),
      ([range]) =>
        range!.start === 0 && range!.end === 16383 && range!.nodes[0]!.port === server.port &&
        range!.nodes[0]!.id === id && typeof range!.nodes[0]!.metadata === "object",
    );
    await t.looks(
      c.clusterShards(),
      ([shard]) =>
        shard!.slots.join() === "0,16383" && shard!.nodes[0]!.id === id &&
        shard!.nodes[0]!.port === server.port,
    );
    await t.is(c.clusterKeyslot("somekey"), 11058);
    await t.is(c.clusterCountkeysinslot(11058), 0);
    await t.is(c.clusterGetkeysinslot(11058, 10), []);
    await t.is(c.clusterLinks(), []);
    if (names.has("CLUSTER MYSHARDID")) await t.looks(c.clusterMyshardid(), (reply) => reply.length === 40);
    await t.looks(c.clusterBumpepoch(), (text) => /^(BUMPED|STILL) \d+$/.test(text));
    await t.is(c.clusterSaveconfig(), "OK");
    await t.is(c.clusterReplicas(id), []);
    await t.is(c.clusterSlaves(id), []);
    await t.is(c.clusterCountFailureReports(id), 0);
    await t.is(c.clusterSetslot(1, { stable: true }), "OK");
    await t.refused(c.clusterSetslot(1, { migrating: nobody }), /Unknown|don't know|I don't know/i);
    await t.refused(c.clusterForget(nobody), /Unknown node/);
    await t.refused(c.clusterReplicate(nobody), /Unknown node/);
    await t.refused(c.clusterFailover({ force: true }), /replica/);
    await t.refused(c.clusterSetConfigEpoch(5), /./);
    await t.refused(c.clusterMeet("nowhere", 1), /Invalid/);
    await t.is(c.readonly(), "OK");
    await t.is(c.readwrite(), "OK");
    await t.is(c.asking(), "OK");
    if (names.has("CLUSTER SLOT-STATS")) {
      await t.looks(
        c.clusterSlotStats({ slotsRange: { start: 0, end: 1 } }),
        (all) => all.length === 2 && all[0]![0] === 0 && typeof all[0]![1]["key-count"] === "number",
      );
      await t.looks(
        c.clusterSlotStats({ orderBy: "key-count", limit: 1, desc: true }),
        (all) => all.length === 1,
      );
    }
    // A node takes two seconds until it is up: once for each protocol will do.
    if (names.has("CLUSTERSCAN") && !speech.bytes) {
      await waitFor("the cluster to be up", async () => {
        const state = field(await server.cli("CLUSTER", "INFO"), "cluster_state");
        return state === "ok" ? undefined : state;
      });
      await t.looks(c.clusterscan("0", { count: 10 }), ({ keys }) => keys.length === 0);
    }
    if (names.has("CLUSTER FLUSHSLOT")) await t.is(c.clusterFlushslot(1, { sync: true }), "OK");
    if (names.has("CLUSTER MIGRATION")) {
      await t.refused(c.clusterMigration({ import: [[0, 1], [3, 4]] }), /already the owner/);
      await t.is(c.clusterMigration({ cancel: { id: nobody } }), 0);
      await t.is(c.clusterMigration({ cancelAll: true }), 0);
      await t.is(c.clusterMigration({ status: { id: nobody } }), []);
      await t.is(c.clusterMigration({ statusAll: true }), []);
    }
    if (names.has("CLUSTER MIGRATESLOTS")) {
      await t.is(c.clusterGetslotmigrations(), []);
      await t.refused(c.clusterCancelslotmigrations(), /./);
      await t.refused(c.clusterMigrateslots([{ ranges: [[0, 1]], node: nobody }]), /./);
    }
    await t.is(c.clusterFlushslots(), "OK");
    await t.is(c.clusterReset({ hard: true }), "OK");
  } finally {
    executor.close();
  }
}
