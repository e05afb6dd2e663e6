/**
 * WAIT and WAITAOF report correctly on all writes that were called before them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, type RedisError, type Transport } from "../../mod.ts";
import { TestSentinels } from "../../testing.ts";
import { olderThan } from "../harness/binaries.ts";
import { ErrorReply } from "../harness/resp.ts";
import { freeze } from "../harness/process_faults.ts";
import type { PeerConnection } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";
import { Outcome, Simulated } from "../connections/simulated.ts";
// Loaded when it is first used, which simulated time does not wait for.
import "../../src/client/lazy_modules.ts";

describe("wait()", () => {
  let master: Server;
  let replica: Server;
  before(async () => {
    master = await startServer();
    replica = await startServer();
    await replica.cli("REPLICAOF", "127.0.0.1", String(master.port));
    await using redis = new Redis(master.url);
    // The first write that is acknowledged shows that the replica is there.
    do await redis.set("warm", 1); while (await redis.wait(1, 1_000) < 1);
  });
  after(async () => {
    await replica?.stop();
    await master?.stop();
  });

  const writes: Record<string, (redis: Redis) => unknown> = {
    "a command": (redis) => redis.set("k", 1),
    "a pipeline": (redis) => redis.pipeline().set("k", 1).incr("k").exec(),
    "a transaction": (redis) => redis.multi().incr("k").incr("k").exec(),
    "a script that the server does not know": (redis) =>
      redis.script(`return redis.call('SET', KEYS[1], '${Math.random()}')`, { keys: ["k"] }),
    "a lease": async (redis) => {
      using connection = await redis.pool.acquire();
      await connection.send(["SET", "k", 1]);
    },
  };
  for (const multiplex of [true, false]) {
    for (const [what, write] of Object.entries(writes)) {
      it(`counts no replica that has not ${what}, in the same tick or later (multiplex: ${multiplex})`, async () => {
        await using redis = new Redis(master.url, { multiplex });
        await redis.ping();
        const frozen = await freeze(replica);
        try {
          if (what === "a lease") await write(redis);
          const written = what === "a lease" ? undefined : write(redis);
          assert.equal(await redis.wait(1, 50), 0);
          await written;
          // Again: another connection, and nothing new is written.
          assert.equal(await redis.wait(1, 50), 0);
          // Others are not kept waiting.
          const waited = redis.wait(1, 30_000);
          await redis.get("k");
          await frozen.undo();
          assert.equal(await waited, 1);
        } finally {
          await frozen.undo();
        }
      });
    }
  }

  it("with({ replicas }) resolves when the write has arrived, and says that it ran when it has not", async () => {
    await using redis = new Redis(master.url);
    const safe = redis.with({ replicas: 1, timeout: 20_000 });
    assert.equal(await safe.set("safe", "1"), "OK");
    assert.equal(await safe.get("safe"), "1");
    assert.deepEqual(await safe.multi().incr("safe").incr("safe").exec(), [2, 3]);
    assert.deepEqual(
      await Promise.all(Array.from({ length: 150 }, () => safe.set("safe", "5"))),
      Array(150).fill("OK"),
    );
    const frozen = await freeze(replica);
    try {
      const error = await redis.with({ replicas: 1, timeout: 100 }).incr("safe").then(
        () => assert.fail("no replica has it"),
        (error: RedisError) => error,
      );
      assert.deepEqual([error.code, error.executed], ["NOT_REPLICATED", "yes"]);
      assert.equal(await redis.get("safe"), "6");
      assert.equal(await redis.with({ replicas: 1, timeout: 100 }).get("safe"), "6");
    } finally {
      await frozen.undo();
    }
    assert.throws(() => redis.with({ replicas: -1 }), RangeError);
  });

  it("with({ replicas }) does not believe a server that has taken the place of the one that ran the write", async () => {
    let shared: PeerConnection | undefined;
    const simulated = new Simulated({
      script: ([name], connection) => {
        if (name === "SET") shared = connection;
        if (name !== "WAIT") return name === "SPUBLISH" ? 0 : connection.serve();
        shared!.reset();
        return 1;
      },
    });
    await using redis = new Redis(simulated.options());
    for (
      const write of [
        () => redis.with({ replicas: 1 }).set("k", 1),
        () => redis.with({ replicas: 1 }).pipeline().set("k", 1).exec(),
      ]
    ) {
      const outcome = new Outcome<unknown>(write());
      await simulated.clock.advance(1_000);
      assert.deepEqual([outcome.error?.code, outcome.error?.executed], ["NOT_REPLICATED", "yes"]);
    }
  });

  it("with({ replicas }) asks the server that ran the write, also with connections for each command", async () => {
    await using first = new TestSentinels({ replicas: 1, sentinels: 1 });
    await using second = new TestSentinels({ replicas: 1, sentinels: 1 });
    for (const other of [first, second]) {
      // The name of the server leads to another one for the second connection.
      const servers = [first, other];
      const transport: Transport = {
        name: "named",
        connect: (endpoint, ...rest) => {
          const { transport, master: { host, port } } = servers.shift()!;
          return transport.connect({ ...endpoint, host, port }, ...rest);
        },
      };
      await using redis = new Redis({ host: "redis.example", transport, multiplex: false, queue: "fifo" });
      const leases = [await redis.pool.acquire(), await redis.pool.acquire()];
      for (const lease of leases) lease[Symbol.dispose]();
      const safe = redis.with({ replicas: 1 });
      // Each takes the next connection.
      for (const write of [() => safe.set("k", 1), () => safe.pipeline().set("k", 1).exec()]) {
        if (other === first) await write();
        else {
          const [written] = await Promise.allSettled([write()]);
          assert.match(String((written as PromiseRejectedResult).reason), /has taken the place/);
        }
      }
    }
  });

  for (const multiplex of [true, false]) {
    it(`with({ replicas }) asks all servers that ran a part of a pipeline (multiplex: ${multiplex})`, async () => {
      const old: Set<unknown> = new Set();
      let demoted = false;
      const simulated = new Simulated({
        script: ([name, key], connection) => {
          if (!demoted) old.add(connection);
          const isOld = old.has(connection);
          if (name === "INFO") return `# Server\r\nrun_id:${isOld ? "old" : "new"}\r\n`;
          if (name === "SPUBLISH") return 0;
          if (name === "WAIT") return 1;
          if (key !== "b" || !isOld) return connection.serve();
          demoted = true;
          return new ErrorReply("READONLY You can't write against a read only replica.");
        },
      });
      await using redis = new Redis(simulated.options({ multiplex }));
      const outcome = new Outcome(redis.with({ replicas: 1 }).pipeline().set("a", 1).set("b", 2).exec());
      await simulated.clock.advance(1_000);
      assert.equal(demoted, true);
      assert.deepEqual([outcome.error?.code, outcome.error?.executed], ["NOT_REPLICATED", "yes"]);
    });
  }

  for (const slow of ["INFO", "WAIT"]) {
    it(`with({ replicas }) keeps to the limits of each caller (slow: ${slow})`, async () => {
      const simulated = new Simulated({
        script: ([name], connection) => {
          const reply = name === "INFO"
            ? "# Server\r\nrun_id:one\r\n"
            : name === "WAIT"
            ? 1
            : name === "SPUBLISH"
            ? 0
            : connection.serve();
          if (name !== slow) return reply;
          return new Promise((resolve) => simulated.clock.setTimeout(() => resolve(reply), 500));
        },
      });
      await using redis = new Redis(simulated.options());
      const safe = redis.with({ replicas: 1, timeout: 10_000 });
      if (slow === "WAIT") {
        const first = new Outcome(safe.set("k", 1));
        await simulated.clock.advance(1_000);
        assert.equal(first.value, "OK");
      }
      const abort = new AbortController();
      const reason = new Error("this one only");
      const outcomes = [
        safe.with({ signal: abort.signal }).set("a", 1),
        safe.set("b", 2),
        redis.with({ replicas: 1 }).set("c", 3),
      ].map((write) => new Outcome(write));
      await simulated.clock.advance(100);
      abort.abort(reason);
      await simulated.clock.advance(5_000);
      assert.equal(outcomes[0]!.error, reason);
      assert.deepEqual(outcomes.slice(1).map(({ value }) => value), ["OK", "OK"]);
    });
  }

  for (const denied of [["-spublish"], ["-spublish", "-info"]]) {
    it(`a user with ${denied.join(" ")} waits for the replicas all the same`, async () => {
      await using admin = new Redis(master.url);
      await admin.command("ACL", "SETUSER", "plain", "on", ">p", "~*", "+@all", ...denied, "resetchannels");
      await using redis = new Redis(master.url, { username: "plain", password: "p" });
      const frozen = await freeze(replica);
      try {
        const written = redis.set("k", 2);
        assert.equal(await redis.wait(1, 50), 0);
        await written;
      } finally {
        await frozen.undo();
      }
      assert.equal(await redis.wait(1, 20_000), 1);
    });
  }

  it(
    "waitaof() counts no write that has not been synced",
    { skip: olderThan("7.2", "WAITAOF") },
    async () => {
      await using server = await startServer({ config: ["appendonly yes", "appendfsync no"] });
      await using redis = new Redis(server.url);
      await redis.ping();
      for (let turn = 0; turn < 2; turn++) {
        const written = redis.set("k", turn);
        assert.equal((await redis.waitaof(1, 0, 50))[0], 0);
        await written;
      }
    },
  );
});
