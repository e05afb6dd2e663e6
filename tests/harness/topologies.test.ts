import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCluster } from "./cluster.ts";
import { rawCommand } from "./raw.ts";
import { startReplicated } from "./replicated.ts";
import { waitFor } from "./wait.ts";

describe("harness: replication and cluster", () => {
  it("starts a master, replicas and sentinels that agree, and fail over", async () => {
    await using group = await startReplicated({ replicas: 2, password: "secret", sentinelPassword: "other" });
    const { master, replicas, sentinels, service } = group;
    await master.cli("SET", "k", "v");
    assert.equal(await master.cli("WAIT", 2, 5000), 2);
    assert.equal(await replicas[1]?.cli("GET", "k"), "v");
    for (const sentinel of sentinels) {
      const address = await sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service);
      assert.deepEqual(address, ["127.0.0.1", String(master.port)]);
    }
    await master.kill();
    await waitFor("a new master", async () => await group.currentMaster() ? undefined : "there is none yet");
  });

  it("does so with TLS", async () => {
    await using group = await startReplicated({ tls: true, sentinels: 1 });
    const sentinel = group.sentinels[0];
    const address = { port: sentinel?.tlsPort, ca: sentinel?.certificates?.ca };
    const reply = await rawCommand(address, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", group.service);
    assert.deepEqual(reply, ["127.0.0.1", String(group.master.tlsPort)]);
  });

  it("starts a cluster of 3 + 3 that serves, and takes in a node", async () => {
    await using cluster = await startCluster();
    assert.equal(cluster.nodes.length, 6);
    // "foo" lies in slot 12182, the third master's.
    assert.equal(await cluster.masters[2]?.cli("SET", "foo", "bar"), "OK");
    await assert.rejects(cluster.masters[0]?.cli("GET", "foo") as Promise<unknown>, /MOVED 12182/);
    const node = await cluster.addNode();
    await assert.rejects(node.cli("GET", "foo"), /MOVED 12182|CLUSTERDOWN/);
  });

  it("starts a cluster that announces TLS ports", async () => {
    await using cluster = await startCluster({ tls: true, replicas: 0 });
    const [first] = cluster.masters;
    const ports = cluster.masters.map((master) => master.tlsPort);
    const slots = await rawCommand({ port: first?.tlsPort, ca: first?.certificates?.ca }, "CLUSTER", "SLOTS");
    assert.deepEqual((slots as [number, number, [string, number]][]).map((range) => range[2][1]), ports);
  });
});
