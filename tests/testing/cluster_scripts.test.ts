/** Scripts and functions in a TestCluster. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createScript, RedisCluster } from "../../mod.ts";
import { TestCluster } from "../../testing.ts";

const ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
const add = createScript<number>(ADD, { numberOfKeys: 1 });

/** A cluster of three masters with a replica each, and a client. */
async function withCluster(
  use: (cluster: TestCluster, redis: RedisCluster) => Promise<void>,
): Promise<void> {
  await using cluster = new TestCluster({ masters: 3, replicas: 1, nodeTimeout: 1_000 });
  const { transport, startupNodes } = cluster;
  await using redis = new RedisCluster({ transport, startupNodes });
  await use(cluster, redis);
}

describe("scripts in a TestCluster", () => {
  it("run where their keys are, and follow them through a migration", () =>
    withCluster(async (cluster, redis) => {
      assert.equal(await redis.execute(add(["n"], [1])), 1);
      const owner = cluster.masterOf("n")!;
      const target = cluster.masters.find((node) => node !== owner)!;
      assert.deepEqual([owner.dump(), target.dump().n], [{ n: "1" }, undefined]);
      const migration = cluster.migrate("n", target);
      assert.equal(await redis.execute(add(["n"], [1])), 2);
      migration.move(["n"]);
      assert.equal(await redis.execute(add(["n"], [1])), 3); // ASK: the target does not know the script.
      migration.finish();
      assert.equal(await redis.execute(add(["n"], [1])), 4); // MOVED
      assert.equal(target.dump().n, "4");
    }));

  it("are sent whole after a failover, as scripts are not replicated, and functions are", () =>
    withCluster(async (cluster, redis) => {
      const library =
        "#!lua name=mine\nredis.register_function('add', function(k, a) return redis.call('INCRBY', k[1], a[1]) end)";
      await redis.functionLoad(library, { replace: true });
      assert.equal(await redis.execute(add(["n"], [1])), 1);
      assert.equal(await redis.fcall<number>("add", ["n"], [1]), 2);
      cluster.failover(cluster.replicasOf(cluster.masterOf("n")!)[0]!);
      assert.equal(await redis.execute(add(["n"], [1])), 3);
      assert.equal(await redis.fcall<number>("add", ["n"], [1]), 4);
    }));

  it("are refused keys of other slots and of other nodes", () =>
    withCluster(async (_, redis) => {
      const other = "return redis.call('GET', 'elsewhere')";
      await assert.rejects(redis.script(other, { keys: ["n"] }), /non local key|cross slot|do not hash/i);
      await assert.rejects(redis.script("return 1", { keys: ["a", "b"] }), /slot/i);
      await assert.rejects(
        redis.script("return redis.call('SET', KEYS[1], 1)", { keys: ["n"], readOnly: true }),
        /Write/,
      );
    }));
});
