import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ConnectionError, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { olderThan } from "../harness/binaries.ts";
import { certificates, type Leaf } from "../harness/certificates.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";

const skip = olderThan("7.0.0", "cluster-announce-hostname");

describe("a cluster whose nodes have names and certificates of their own", { skip }, () => {
  const names = ["one.example", "two.example", "three.example"];
  /** A key for each node. */
  const keys = ["a", "b", "c"].sort((one, other) => slotOf(one) - slotOf(other));
  let cluster: Cluster;
  let ca: string;
  const leaves: Leaf[] = [];
  before(async () => {
    const certs = await certificates();
    ca = certs.ca;
    // The client connects to the seed by its own name, before any node has reported its name.
    for (const name of names) {
      leaves.push(await (name === names[0] ? certs.issue(name, "localhost") : certs.issue(name)));
    }
    cluster = await startCluster({
      masters: 3,
      replicas: 0,
      tls: true,
      config: (index) => [
        `tls-cert-file ${leaves[index]!.certFile}`,
        `tls-key-file ${leaves[index]!.keyFile}`,
        `cluster-announce-hostname ${names[index]!}`,
        "cluster-preferred-endpoint-type hostname",
      ],
    });
  });
  after(() => cluster?.stop());

  const client = (tls: object = {}): RedisCluster =>
    new RedisCluster([{ host: "localhost", port: cluster.masters[0]!.tlsPort! }], {
      tls: { ca, ...tls },
      // The names lead nowhere: the way to the nodes is another one than what they are called.
      addressMap: names.map((fromHost) => ({ fromHost, toHost: "127.0.0.1" })),
      commandTimeout: 20_000,
    });

  it("is asked for the right name at each node, by whatever needs a connection, and after MOVED", async () => {
    await using redis = client();
    for (const key of keys) assert.equal(await redis.set(key, key), "OK");
    const masters = keys.map((key) => redis.topology.masterOf(slotOf(key))!);
    assert.deepEqual(masters.map(({ serverName }) => serverName), names);
    assert.deepEqual(masters.map(({ port }) => port), cluster.masters.map(({ tlsPort }) => tlsPort));
    assert.deepEqual(await redis.mget(keys), keys);
    for (const key of keys) {
      using connection = await redis.pool.acquireBySlot(slotOf(key));
      assert.equal(await connection.send(["GET", key]), key);
    }
    await using learning = new RedisCluster({
      startupNodes: [{ host: "localhost", port: cluster.masters[0]!.tlsPort! }],
      initSlotCache: false,
      reinitializeSteps: 0,
      tls: { ca },
      addressMap: names.map((fromHost) => ({ fromHost, toHost: "127.0.0.1" })),
    });
    for (const key of keys) assert.equal(await learning.get(key), key);
    assert.equal(learning.topology.refreshes, 0);
  });

  it("is not spoken to where a certificate has another name; the other nodes are", async () => {
    const [, second] = cluster.masters;
    const wrong = (await certificates()).wrongName;
    const { certFile, keyFile } = leaves[1]!;
    await second!.cli("CONFIG", "SET", "tls-cert-file", wrong.certFile, "tls-key-file", wrong.keyFile);
    await using redis = client();
    try {
      const refused = (error: unknown): boolean =>
        error instanceof ConnectionError && error.code === "TLS" && error.executed === "no";
      assert.equal(await redis.get(keys[0]!), keys[0]);
      assert.equal(await redis.get(keys[2]!), keys[2]);
      await assert.rejects(redis.get(keys[1]!), refused);
      await assert.rejects(redis.blpop(keys[1]!, 0), refused);
      await assert.rejects(redis.pool.acquireBySlot(slotOf(keys[1]!)), refused);
      await using named = client({ serverName: "wrong.example" });
      await assert.rejects(named.get(keys[0]!), refused);
    } finally {
      await second!.cli("CONFIG", "SET", "tls-cert-file", certFile, "tls-key-file", keyFile);
    }
    assert.equal(await redis.get(keys[1]!), keys[1]);
  });
});
