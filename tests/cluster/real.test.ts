import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { ClusterError, RedisCluster, RedisError } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { field } from "../harness/wait.ts";

describe("a cluster of three masters and three replicas", () => {
  let cluster: Cluster;
  let redis: RedisCluster;
  before(async () => {
    cluster = await startCluster({ nodeTimeout: 2_000 });
    redis = new RedisCluster([{ host: "127.0.0.1", port: cluster.masters[0]!.port }]);
  });
  after(async () => {
    await redis?.close();
    await cluster?.stop();
  });

  it("is read into the topology", async () => {
    await redis.connect();
    const { topology } = redis;
    assert.deepEqual(
      new Set(topology.byRole("master").map(({ id }) => id)),
      new Set(cluster.masters.map(({ id }) => id)),
    );
    assert.deepEqual(
      new Set(topology.byRole("replica").map(({ port }) => port)),
      new Set(cluster.replicas.map(({ port }) => port)),
    );
    assert.equal(topology.nodes().length, 6);
    assert.equal(topology.masterOf(0)!.port, cluster.masters[0]!.port);
    assert.equal(topology.slots.length, 16_384);
    assert.equal(topology.slots[16_383]!.replicas[0]!.port, cluster.replicas[2]!.port);
    assert.equal(topology.reason, "start");
  });

  it("that has one database says so at once to whoever wants another", async () => {
    const options = { db: 1, commandTimeout: 0 };
    await using other = new RedisCluster(
      [{ host: "127.0.0.1", port: cluster.masters[0]!.port }],
      options,
    );
    await assert.rejects(other.get("a"), { code: "REFUSED", executed: "no", message: /SELECT|out of range/ });
  });

  it("has each key where its slot is", async () => {
    const keys = ["a", "{tag}x", "é{日本}", "x{}y", "{a}{b}", "\u0000", "😀"];
    for (const key of keys) {
      assert.equal(await cluster.masters[0]!.cli("CLUSTER", "KEYSLOT", key), slotOf(key), key);
      assert.equal(await redis.set(key, key), "OK");
      assert.equal(await redis.get(key), key);
    }
    const bytes = new Uint8Array([0xff, 0x7b, 0xfe, 0x7d]);
    assert.equal(await redis.set(bytes, "bytes"), "OK");
    assert.deepEqual(await redis.bytes().get(bytes), new TextEncoder().encode("bytes"));
  });

  it("splits what can be split, in order, and refuses the rest", async () => {
    await redis.flushall();
    const keys = Array.from({ length: 200 }, (_, n) => `k${n}`);
    assert.equal(await redis.mset(Object.fromEntries(keys.map((key) => [key, `v${key}`]))), "OK");
    assert.deepEqual(await redis.mget([...keys, "none"]), [...keys.map((key) => `v${key}`), null]);
    assert.equal(await redis.exists([...keys, "none"]), 200);
    assert.equal(await redis.touch(keys), 200);
    assert.equal(await redis.dbsize(), 200);
    assert.deepEqual(new Set(await redis.keys("k*")), new Set(keys));
    assert.match(String(await redis.randomkey()), /^k\d+$/);
    const seen = new Set<string>();
    for await (const key of redis.scanIterator({ count: 50 })) seen.add(key);
    assert.deepEqual(seen, new Set(keys));
    assert.equal(await redis.unlink(keys.slice(0, 100)), 100);
    assert.equal(await redis.del(keys), 100);
    assert.equal(await redis.dbsize(), 0);
    await assert.rejects(
      redis.rename("a", "b"),
      (error) => error instanceof ClusterError && error.code === "CROSSSLOT",
    );
    await assert.rejects(
      redis.scan(0),
      (error) => error instanceof ClusterError && error.code === "NEEDS_NODE",
    );
    await assert.rejects(
      redis.command("SELECT", 1),
      (error) => error instanceof RedisError && error.code === "STATEFUL",
    );
  });

  it("has pipelines over all nodes, and transactions in one slot", async () => {
    const results = await redis.pipeline()
      .set("a", 1).incr("a").mset({ b: 2, c: 3 }).mget(["a", "b", "c"]).dbsize().ping().exec();
    assert.deepEqual(results, ["OK", 2, "OK", ["2", "2", "3"], 3, "PONG"]);
    const many = redis.pipeline(Array.from({ length: 0 }, () => undefined as never));
    assert.deepEqual(await many.exec(), []);
    assert.deepEqual(await redis.multi().set("{t}1", 1).incr("{t}2").mget(["{t}1", "{t}2"]).exec(), [
      "OK",
      1,
      ["1", "1"],
    ]);
    await assert.rejects(redis.multi().set("a", 1).set("b", 1).exec(), { code: "CROSSSLOT" });
    const watched = await redis.watch("{t}1", async (tx) => {
      const before = Number(await tx.get("{t}1"));
      return tx.multi().set("{t}1", before + 1).get("{t}1");
    });
    assert.deepEqual(watched, ["OK", "2"]);
  });

  it("has scripts, and commands for all nodes", async () => {
    const source = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
    assert.equal(await redis.script(source, { keys: ["n"], args: [2] }), 2);
    assert.equal(await redis.script(source, { keys: ["m"], args: [2] }), 2);
    const sha = await redis.command<string>("SCRIPT", "LOAD", "return 7");
    for (const node of cluster.nodes) assert.deepEqual(await node.cli("SCRIPT", "EXISTS", sha), [1]);
    assert.equal(await redis.command("EVALSHA", sha, 0), 7);
  });

  it("has connections of their own for commands that block", async () => {
    const waiting = redis.blpop("jobs", 5);
    assert.equal(await redis.rpush("jobs", "one"), 1);
    assert.deepEqual(await waiting, ["jobs", "one"]);
    assert.equal(await redis.blpop("jobs", 0.05), null);
  });

  it("has a client for each node", async () => {
    await redis.set("where", "here");
    const master = redis.topology.masterOf(slotOf("where"))!;
    const node = redis.node(master);
    assert.equal(await node.get("where"), "here");
    assert.match(await node.info("server"), new RegExp(`tcp_port:${master.port}`));
    await node.close();
    assert.throws(() => redis.node({ host: "127.0.0.1", port: 1 }), ClusterError);
    assert.equal(await redis.get("where"), "here");
  });

  for (const readFrom of ["replica", "preferReplica", "any", "nearest"] as const) {
    it(`reads from "${readFrom}", with READONLY once a connection`, async () => {
      await using reader = new RedisCluster([`127.0.0.1:${cluster.masters[1]!.port}`], { readFrom });
      {
        // WAIT waits for the writes of its own connection.
        using lease = await reader.pool.acquireBySlot(slotOf("read"));
        await lease.send(["SET", "read", "me"]);
        assert.equal(await lease.send(["WAIT", 1, 5_000]), 1);
      }
      const replica = cluster.replicas.find(({ port }) =>
        port === reader.topology.replicasOf(slotOf("read"))[0]!.port
      )!;
      const calls = async (name: string): Promise<number> =>
        Number(
          /calls=(\d+)/.exec(field(await replica.cli("INFO", "commandstats"), `cmdstat_${name}`) ?? "")
            ?.[1] ?? 0,
        );
      const [gets, readonlys] = [await calls("get"), await calls("readonly")];
      for (let n = 0; n < 20; n++) assert.equal(await reader.get("read"), "me");
      const served = await calls("get") - gets;
      if (readFrom === "replica") assert.equal(served, 20);
      else if (readFrom === "any") assert.ok(served >= 8 && served <= 12, `${served} of 20`);
      else assert.ok(served <= 20);
      if (served > 0) assert.equal(await calls("readonly") - readonlys, 1);
    });
  }

  it("without multiplex takes a connection for each command", async () => {
    await using single = new RedisCluster([`127.0.0.1:${cluster.masters[0]!.port}`], { multiplex: false });
    assert.equal(await single.set("foo", "1"), "OK");
    assert.deepEqual(await single.mget(["foo", "none"]), ["1", null]);
    assert.deepEqual(await single.pipeline().get("foo").ping().exec(), ["1", "PONG"]);
    assert.equal(single.pool.stats().inUse, 0);
  });
});

describe("a cluster over TLS with a password", () => {
  it("is reached on the ports for TLS, with certificates verified", async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 0, tls: true, password: "secret" });
    const { tlsPort, certificates } = cluster.masters[0]!;
    await using redis = new RedisCluster([{ host: "127.0.0.1", port: tlsPort! }], {
      password: "secret",
      tls: { ca: certificates!.caFile },
    });
    for (const key of ["a", "b", "c", "d"]) assert.equal(await redis.set(key, key), "OK");
    assert.deepEqual(
      new Set(redis.topology.nodes().map(({ port }) => port)),
      new Set(cluster.masters.map((node) => node.tlsPort)),
    );
  });
});

describe("announced addresses", () => {
  it("that cannot be reached are remapped", async () => {
    await using cluster = await startCluster({
      masters: 1,
      replicas: 0,
      config: ["cluster-announce-ip 10.255.255.254"],
    });
    const { port } = cluster.masters[0]!;
    await using lost = new RedisCluster([`127.0.0.1:${port}`], { commandTimeout: 300, connectTimeout: 300 });
    await assert.rejects(lost.get("a"), { executed: "no" });
    await using redis = new RedisCluster([`127.0.0.1:${port}`], {
      addressMap: [{ fromHost: "10.255.255.254", toHost: "127.0.0.1" }],
    });
    assert.equal(await redis.set("a", "1"), "OK");
    assert.equal(redis.topology.masterOf(0)!.toString(), `127.0.0.1:${port}`);
  });

  it("may all change at once, behind the same seed", async () => {
    let target = 0;
    const sockets = new Set<Socket>();
    const seed = createServer((socket) => {
      const other = connect(target, "127.0.0.1");
      for (const one of [socket, other]) {
        sockets.add(one);
        one.on("error", () => {}).on("close", () => (socket.destroy(), other.destroy(), sockets.delete(one)));
      }
      socket.pipe(other).pipe(socket);
    });
    await new Promise<void>((resolve) => seed.listen(0, "127.0.0.1", resolve));
    const first = await startCluster({ masters: 1, replicas: 0 });
    target = first.masters[0]!.port;
    const redis = new RedisCluster([{ host: "127.0.0.1", port: (seed.address() as { port: number }).port }]);
    try {
      assert.equal(await redis.set("a", "first"), "OK");
      await first.stop();
      await using second = await startCluster({ masters: 1, replicas: 0 });
      target = second.masters[0]!.port;
      assert.equal(await redis.get("a"), null);
      assert.equal(await redis.set("a", "second"), "OK");
      assert.equal(redis.topology.masterOf(0)!.port, target);
    } finally {
      await redis.close();
      await first.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => seed.close(resolve));
    }
  });
});
