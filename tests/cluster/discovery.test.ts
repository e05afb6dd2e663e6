import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readEpoch, readShards, readSlots, showGaps } from "../../src/cluster/topology/discovery.ts";
import { ClusterError } from "../../src/errors.ts";

const asked = { host: "asked", tls: false };

const shardNode = (more: object) => ({
  id: "a1",
  port: 7000,
  ip: "10.0.0.1",
  endpoint: "10.0.0.1",
  role: "master",
  health: "online",
  ...more,
});

describe("CLUSTER SHARDS", () => {
  it("is read from maps and from the lists of RESP2", () => {
    const nodes = [shardNode({}), shardNode({ id: "a2", port: 7001, role: "replica" })];
    const flat = (entry: object) => Object.entries(entry).flat();
    const maps = readShards([{ slots: [0, 99, 200, 16_383], nodes }] as never, 7, asked);
    const lists = readShards([["slots", [0, 99, 200, 16_383], "nodes", nodes.map(flat)]] as never, 7, asked);
    assert.deepEqual(maps, lists);
    assert.equal(maps.epoch, 7);
    assert.equal(maps.covered, 16_284);
    assert.deepEqual(maps.shards[0]!.ranges, [[0, 99], [200, 16_383]]);
    assert.equal(maps.shards[0]!.master!.id, "a1");
    assert.deepEqual(maps.shards[0]!.replicas.map(({ address }) => address.port), [7001]);
    assert.equal(showGaps(maps), "100-199");
  });

  it("takes the master that lives, the port for TLS, and the host that was asked where none is told", () => {
    const { shards: [shard] } = readShards(
      [{
        slots: [0, 16_383],
        nodes: [
          shardNode({ health: "fail", role: "master", id: "old" }),
          shardNode({ endpoint: null, ip: "", "tls-port": 8000, hostname: "a.example", id: "new" }),
        ],
      }] as never,
      1,
      { host: "asked", tls: true },
    );
    assert.equal(shard!.master!.id, "new");
    assert.deepEqual(shard!.master!.address, { host: "a.example", port: 8000 });
    assert.equal(shard!.master!.hostname, "a.example");
    const { shards: [bare] } = readShards(
      [{ slots: [], nodes: [shardNode({ endpoint: "?", ip: null })] }] as never,
      1,
      asked,
    );
    assert.deepEqual(bare!.master!.address, { host: "asked", port: 7000 });
  });

  it("that is none is an error, not nonsense to work with", () => {
    const wrong = [
      "text",
      [{ slots: [0, 20_000], nodes: [] }],
      [{ slots: [5, 1], nodes: [] }],
      [{ slots: [], nodes: [shardNode({ port: "x" })] }],
    ];
    for (const reply of wrong) {
      assert.throws(() => readShards(reply as never, 0, asked), ClusterError, JSON.stringify(reply));
    }
  });
});

describe("CLUSTER SLOTS", () => {
  it("is read by master, with names from wherever they stand", () => {
    const found = readSlots(
      [
        [0, 5, ["", 7000, "a"], ["10.0.0.2", 7001, "b", ["hostname", "b.example"]]],
        [7, 16_383, [null, 7000, "a", { ip: "10.0.0.1" }]],
      ] as never,
      3,
      asked,
    );
    assert.equal(found.shards.length, 1);
    assert.deepEqual(found.shards[0]!.ranges, [[0, 5], [7, 16_383]]);
    assert.deepEqual(found.shards[0]!.master!.address, { host: "asked", port: 7000 });
    assert.deepEqual(found.shards[0]!.replicas[0]!.aliases, [{ host: "b.example", port: 7001 }]);
    assert.equal(showGaps(found), "6");
  });
});

it("the epoch is read from CLUSTER INFO", () => {
  assert.equal(readEpoch("cluster_enabled:1\r\ncluster_current_epoch:12\r\n"), 12);
  assert.equal(readEpoch("nothing of it"), 0);
});
