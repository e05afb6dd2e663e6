import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, it } from "node:test";
import { ConnectionError, ConnectionPool, Redis, Sentinel, type Transport } from "../../mod.ts";
import { TestSentinels } from "../../testing.ts";
import { startServer } from "../harness/server.ts";
import { ErrorReply } from "../harness/resp.ts";
import { Outcome, Simulated } from "./simulated.ts";

const REFUSED = "READONLY You can't write against a read only replica.";

describe("a master that was demoted behind its address", () => {
  for (const multiplex of [true, false]) {
    it(`is left after READONLY, and the new one gets the write (multiplex: ${multiplex})`, async () => {
      await using old = await startServer();
      await using next = await startServer();
      let target = old.port;
      const address = createServer((client) => {
        const server = connect(target, "127.0.0.1");
        for (const one of [client, server]) one.on("error", () => {});
        client.pipe(server).pipe(client);
        client.on("close", () => server.destroy());
        server.on("close", () => client.destroy());
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => address.once("listening", resolve));
      try {
        await using redis = new Redis({
          port: (address.address() as AddressInfo).port,
          host: "127.0.0.1",
          multiplex,
        });
        await redis.set("k", 1);
        await old.cli("REPLICAOF", "127.0.0.1", String(next.port));
        target = next.port;
        await Promise.all([
          redis.set("k", 2),
          redis.pipeline().set("p", 1).set("p", 2).exec(),
          redis.incr("n"),
        ]);
        assert.equal(await next.cli("GET", "k"), "2");
        assert.equal(await next.cli("GET", "n"), "1");
      } finally {
        address.close();
      }
    });
  }

  for (const multiplex of [true, false]) {
    it(`is left when EXEC is refused for that, and the transaction runs at the new one (multiplex: ${multiplex})`, async () => {
      let demoted = false;
      let connects = 0;
      const simulated = new Simulated({
        script: ([name], connection) => {
          if (name === "HELLO" && ++connects > 1) demoted = false;
          if (name !== "EXEC" || !demoted) return connection.serve();
          connection.session.spoiled = true;
          connection.serve();
          return new ErrorReply(
            "EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
          );
        },
      });
      await using redis = new Redis(simulated.options({ multiplex }));
      const first = new Outcome(redis.multi().rpush("log", 1).exec());
      await simulated.clock.advance(100);
      assert.deepEqual(first.value, [1]);
      demoted = true;
      const second = new Outcome(redis.multi().rpush("log", 2).rpush("log", 3).exec());
      await simulated.clock.advance(1_000);
      assert.deepEqual(second.value, [2, 3]);
      assert.equal(connects, 2);
    });
  }

  for (const multiplex of [true, false]) {
    it(`is left after a script that ran up to its first write and is not repeated (multiplex: ${multiplex})`, async () => {
      let connects = 0;
      let scripts = 0;
      const simulated = new Simulated({
        script: ([name], connection) => {
          if (name === "HELLO") connects++;
          if (name !== "EVAL") return connection.serve();
          scripts++;
          return new ErrorReply(`${REFUSED} script: 31d6, on @user_script:1.`);
        },
      });
      await using redis = new Redis(simulated.options({ multiplex }));
      const script = new Outcome(redis.command("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k"));
      await simulated.clock.advance(100);
      assert.equal(script.verdict, "ReplyError READONLY yes");
      const write = new Outcome(redis.set("k", 1));
      await simulated.clock.advance(1_000);
      assert.equal(write.state, "resolved");
      assert.deepEqual([scripts, connects], [1, 2]);
    });
  }

  for (const multiplex of [true, false]) {
    it(`gets no write of several that it has refused together (multiplex: ${multiplex})`, async () => {
      const old: Set<unknown> = new Set();
      let demoted = false;
      const simulated = new Simulated({
        script: ([name], connection) => {
          if (!demoted) old.add(connection);
          return name === "SET" && demoted && old.has(connection)
            ? new ErrorReply(REFUSED)
            : connection.serve();
        },
      });
      // Over RESP2 a server does not report its role.
      await using redis = new Redis(simulated.options({ multiplex, protocol: 2 as const }));
      const writes = (): Outcome<unknown>[] =>
        ["a", "b", "c"].map((key) => new Outcome<unknown>(redis.set(key, 1)));
      for (const _ of ["before", "after"]) {
        const outcomes = writes();
        await simulated.clock.advance(1_000);
        assert.deepEqual(outcomes.map(({ state }) => state), ["resolved", "resolved", "resolved"]);
        demoted = true;
      }
    });
  }

  it("replaces connections in use when they are returned", async () => {
    let demoted = false;
    const simulated = new Simulated({
      script: ([name], connection) => {
        if (name !== "SET" || !demoted) return connection.serve();
        demoted = false;
        return new ErrorReply(REFUSED);
      },
    });
    await using redis = new Redis(simulated.options({ multiplex: false }));
    const acquired = new Outcome(redis.pool.acquire());
    await simulated.clock.advance(100);
    demoted = true;
    const write = new Outcome(redis.set("k", 1));
    await simulated.clock.advance(1_000);
    assert.equal(write.state, "resolved");
    redis.pool.release(acquired.value!);
    assert.equal(acquired.value!.state, "closed");
    assert.equal(redis.stats().idle, 1);
  });

  it("does not get a script again from a client with sentinels", async () => {
    await using servers = new TestSentinels({ replicas: 1 });
    const sentinel = new Sentinel(servers.addresses, { transport: servers.transport });
    await using redis = sentinel.masterFor(servers.name);
    await redis.set("k", 1);
    servers.master.faults.errorNext(`${REFUSED} script: 31d6, on @user_script:1.`, "EVAL", { times: 2 });
    const script = redis.command("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k");
    await assert.rejects(script, { code: "READONLY", executed: "yes" });
    await redis.set("k", 2);
    assert.equal(redis.stats().opened, 2);
  });

  it("a pool of a replica gives READONLY to its caller, and keeps its connection", async () => {
    await using master = await startServer();
    await using replica = await startServer();
    await replica.cli("REPLICAOF", "127.0.0.1", String(master.port));
    await using redis = new Redis(replica.url);
    for (let turn = 0; turn < 3; turn++) {
      await assert.rejects(redis.set("k", 1), { code: "READONLY", executed: "no" });
    }
    assert.equal(redis.stats().opened, 1);
  });

  for (const multiplex of [true, false]) {
    it(`is asked with pauses while it still says that it is the master (multiplex: ${multiplex})`, async () => {
      let tries = 0;
      const simulated = new Simulated({
        script: ([name], connection) => {
          if (name === "EXEC") {
            return new ErrorReply("EXECABORT Transaction discarded because of previous errors.");
          }
          if (name !== "INCR") return connection.serve();
          tries++;
          return new ErrorReply("READONLY You can't write against a read only replica.");
        },
      });
      const calls: Readonly<Record<string, (redis: Redis) => Promise<unknown>>> = {
        command: (redis) => redis.incr("n"),
        pipeline: (redis) => redis.pipeline().incr("n").exec(),
        transaction: (redis) => redis.multi().incr("n").exec(),
      };
      for (const [name, call] of Object.entries(calls)) {
        await using redis = new Redis(simulated.options({ multiplex, commandTimeout: 1_000 }));
        tries = 0;
        const outcome = new Outcome(call(redis));
        await simulated.clock.advance(1_500);
        assert.equal(outcome.state, "rejected", name);
        assert.equal(outcome.error.executed, "no", name);
        assert.ok(tries > 2 && tries <= 50, `${name}: ${tries} tries`);
      }
    });
  }
});

describe("errors of a transport of one's own", () => {
  const cases: [string, unknown, string][] = [
    ["a plain Error", Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), "ConnectionError"],
    ["no Error", "refused", "ConnectionError"],
    ["a TypeError", new TypeError("no such option"), "TypeError"],
    ["a RangeError", new RangeError("port"), "RangeError"],
  ];
  for (const [what, thrown, name] of cases) {
    it(`${what} arrives as ${name}`, async () => {
      const simulated = new Simulated();
      let connects = 0;
      const failing: Transport = {
        name: "mine",
        connect: (...given) => {
          if (++connects < 3) return Promise.reject(thrown);
          return simulated.transport.connect(...given);
        },
      };
      const options = simulated.options({ transport: failing, retry: false as const });
      await using pool = new ConnectionPool(options);
      const error = await pool.acquire().then(() => assert.fail("no"), (error) => error);
      assert.equal(error.name, name);
      if (error instanceof ConnectionError) {
        assert.deepEqual([error.code, error.executed], ["CONNECT", "no"]);
        connects = 0;
        await using redis = new Redis(simulated.options({ transport: failing }));
        const got = redis.incr("n");
        await simulated.clock.advance(20_000);
        assert.equal(await got, 1);
        assert.equal(connects, 3);
      } else assert.equal(error, thrown);
    });
  }
});
