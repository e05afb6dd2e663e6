import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SLOTS } from "../../src/cluster/routing/slot.ts";
import type { ClusterNode } from "../../src/cluster/topology/node.ts";
import { type Shard, Topology } from "../../src/cluster/topology/topology.ts";
import { SimulatedClock } from "../harness/clock.ts";

describe("the shards of a topology", () => {
  it("are those of its slots, after any moves and refreshes", () => {
    const clock = new SimulatedClock({ seed: 3 });
    const pick = (count: number): number => Math.floor(clock.random() * count);
    const shards: Shard[] = Array.from({ length: 5 }, (_, index) => ({
      master: { port: 7000 + index } as ClusterNode,
      replicas: [],
    }));
    const topology = new Topology({ values: () => [] });
    // The model: the shard of each slot.
    let model: (Shard | undefined)[] = new Array(SLOTS).fill(undefined);
    for (let round = 0; round < 5; round++) {
      const before = model;
      model = Array.from({ length: SLOTS }, (_, slot) => shards[Math.floor(slot / 1_000) * (round + 1) % 6]);
      const moved = topology.replace([...model]);
      const left = before.flatMap((shard, slot) =>
        shard !== undefined && shard.master !== model[slot]?.master ? [slot] : []
      );
      assert.deepEqual([...moved.values()].flat().sort((a, b) => a - b), left);
      for (let step = 0; step < 200; step++) {
        const slot = step % 2 === 0 ? pick(SLOTS) : pick(20);
        const shard = shards[pick(shards.length)]!;
        topology.move(slot, shard);
        model[slot] = shard;
        assert.equal(topology.masterOf(slot), shard.master);
        assert.equal(topology.shardOf(shard.master), shard);
      }
      const known = new Set(model.filter((shard) => shard !== undefined));
      assert.deepEqual(new Set(topology.shards()), known);
      for (const shard of shards) {
        assert.equal(topology.shardOf(shard.master), known.has(shard) ? shard : undefined);
      }
    }
  });

  it("that have lost their last slot are gone", () => {
    const [one, other] = [1, 2].map((port): Shard => ({ master: { port } as ClusterNode, replicas: [] }));
    const topology = new Topology({ values: () => [] });
    topology.move(5, one!);
    topology.move(6, one!);
    topology.move(5, other!);
    assert.deepEqual(topology.shards(), [one, other]);
    topology.move(6, other!);
    assert.deepEqual(topology.shards(), [other]);
    assert.equal(topology.shardOf(one!.master), undefined);
  });
});
