/** Retries, waiting commands without a connection, and reconnects: in simulated time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Backoff,
  ConnectionPool,
  constant,
  exponential,
  none,
  Redis,
  type RedisOptions,
} from "../../mod.ts";
import { Raw } from "../harness/resp.ts";
import { Outcome, Simulated } from "./simulated.ts";

const refuse = (): never => {
  throw new Error("down");
};

/** A connected client whose server then fails, and the reconnect events that the client has emitted since. */
async function cutOff(simulated: Simulated, over: RedisOptions<never> = {}, connectDelay = 0) {
  const redis = new Redis(simulated.options({ commandTimeout: 60_000, closeGrace: 0, ...over }));
  const told: { attempt: number; delay: number; at: number }[] = [];
  const start = simulated.clock.now();
  redis.addEventListener(
    "reconnecting",
    ({ detail: { attempt, delay } }) => told.push({ attempt, delay, at: simulated.clock.now() - start }),
  );
  const connected = redis.connect();
  await simulated.clock.advance(connectDelay);
  await connected;
  simulated.peer.onConnection = refuse;
  simulated.peer.last.close();
  await simulated.clock.settle();
  return { redis, told };
}

describe("reconnecting", () => {
  const delays = async (backoff: Backoff | ((attempt: number) => number) | string): Promise<number[]> => {
    const simulated = new Simulated();
    const { redis, told } = await cutOff(simulated, { reconnect: { backoff } });
    for (let i = 0; i < 5; i++) await simulated.clock.advance(simulated.clock.nextTimer ?? 0);
    await redis.close();
    assert.deepEqual(told.slice(0, 5).map(({ attempt }) => attempt), [1, 2, 3, 4, 5]);
    told.slice(1).forEach(({ at }, index) => {
      assert.ok(Math.abs(at - told[index]!.at - told[index]!.delay) < 0.001, "it waits as long as it says");
    });
    return told.slice(0, 5).map(({ delay }) => delay);
  };

  it("tells attempt and delay, by every backoff there is", async () => {
    assert.deepEqual(await delays(constant(70)), [70, 70, 70, 70, 70]);
    assert.deepEqual(await delays("constant:70"), [70, 70, 70, 70, 70]);
    assert.deepEqual(await delays((attempt) => attempt * 11), [11, 22, 33, 44, 55]);
    assert.deepEqual(await delays(exponential({ base: 10, cap: 50, jitter: "none" })), [10, 20, 40, 50, 50]);
    const [full, equal, decorrelated] = [
      await delays(exponential({ base: 10, cap: 50, jitter: "full" })),
      await delays(exponential({ base: 10, cap: 50, jitter: "equal" })),
      await delays(exponential({ base: 10, cap: 50, jitter: "decorrelated" })),
    ];
    [10, 20, 40, 50, 50].forEach((most, index) => {
      assert.ok(full[index]! >= 0 && full[index]! <= most);
      assert.ok(equal[index]! >= most / 2 && equal[index]! <= most);
    });
    decorrelated.forEach((delay, index) => {
      assert.ok(delay >= 10 && delay <= Math.min(50, 3 * (decorrelated[index - 1] ?? 10)));
    });
    assert.ok(new Set(full).size === 5, "jitter is by chance");
  });

  it("does not wait at all where the backoff is none", async () => {
    const simulated = new Simulated();
    const { redis, told } = await cutOff(simulated, {
      reconnect: { backoff: none() },
      // Connecting takes its time, as otherwise all tries would be made at once.
      transport: simulated.peer.transport({ clock: simulated.clock, connectDelay: 10 }),
    }, 10);
    await simulated.clock.advance(25);
    assert.deepEqual(told.map(({ delay }) => delay), [0, 0, 0]);
    await redis.close();
  });

  it("goes on for ever by default, and commands that waited run in their order", async () => {
    const simulated = new Simulated();
    const { redis, told } = await cutOff(simulated, { reconnect: { backoff: "constant:100" } });
    await simulated.clock.advance(30_000);
    assert.ok(told.length >= 300);
    const calls = [redis.incr("n"), redis.incr("n"), redis.get("n")].map((call) =>
      new Outcome<unknown>(call)
    );
    simulated.peer.onConnection = undefined;
    await simulated.clock.advance(100);
    assert.deepEqual(calls.map(({ value }) => value), [1, 2, "2"]);
    await redis.close();
  });

  it("stops after as many tries as the option says, tells why, and begins anew with the next command", async () => {
    const simulated = new Simulated();
    const { redis, told } = await cutOff(simulated, { reconnect: { attempts: 2, backoff: "constant:100" } });
    const closed: unknown[] = [];
    redis.addEventListener("closed", ({ detail }) => closed.push(detail.cause));
    const waiting = new Outcome(redis.get("k"));
    await simulated.clock.advance(200);
    assert.equal(waiting.verdict, "ConnectionError CONNECT no");
    assert.deepEqual([told.length, closed.length], [2, 1]);
    assert.equal(simulated.clock.pendingTimers, 0);
    simulated.peer.onConnection = undefined;
    assert.equal(await redis.get("k"), null);
    await redis.close();
  });

  it("tells of connecting, ready and closed; without a listener nothing breaks", async () => {
    const simulated = new Simulated();
    const redis = new Redis(simulated.options());
    const told: string[] = [];
    for (const name of ["connecting", "ready", "reconnecting", "closed"] as const) {
      redis.addEventListener(name, () => told.push(name));
    }
    await redis.connect();
    simulated.peer.last.reset();
    await simulated.clock.advance(50);
    await redis.close();
    assert.deepEqual(told, ["connecting", "ready", "reconnecting", "connecting", "ready", "closed"]);
  });

  it("is not begun for a pool at its limit: that fails at once", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(simulated.options({ maxConnections: 1 }));
    await using redis = new Redis({ pool });
    let reconnecting = 0;
    redis.addEventListener("reconnecting", () => reconnecting++);
    const held = await pool.acquire();
    const got = new Outcome(redis.get("k"));
    await simulated.clock.settle();
    assert.equal(got.verdict, "MaxConnectionsError MAX_CONNECTIONS no");
    await simulated.clock.advance(60_000);
    assert.equal(reconnecting, 0);
    held[Symbol.dispose]();
    assert.equal(await redis.get("k"), null);
  });
});

describe("the offline queue", () => {
  it("is bounded by offlineQueue.maxCommands", async () => {
    const simulated = new Simulated();
    const { redis } = await cutOff(simulated, {
      offlineQueue: { maxCommands: 2 },
      reconnect: { backoff: "constant:10" },
    });
    const calls = [1, 2, 3].map((n) => new Outcome(redis.set("k", n)));
    await simulated.clock.settle();
    assert.deepEqual(calls.map(({ verdict }) => verdict), [
      "pending",
      "pending",
      "ConnectionError QUEUE_FULL no",
    ]);
    simulated.peer.onConnection = undefined;
    await simulated.clock.advance(10);
    assert.deepEqual(calls.map(({ state }) => state), ["resolved", "resolved", "rejected"]);
    await redis.close();
  });

  it("is bounded by offlineQueue.maxBytes", async () => {
    const simulated = new Simulated();
    const { redis } = await cutOff(simulated, { offlineQueue: { maxBytes: 5_000 } });
    const calls = [1, 2, 3].map(() => new Outcome(redis.set("k", "x".repeat(2_000))));
    await simulated.clock.settle();
    assert.deepEqual(calls.map(({ verdict }) => verdict), [
      "pending",
      "pending",
      "ConnectionError QUEUE_FULL no",
    ]);
    await redis.close();
    assert.deepEqual(
      calls.slice(0, 2).map(({ verdict }) => verdict),
      Array(2).fill("ConnectionError CLOSED no"),
    );
  });

  it("is off with false: commands fail at once while the connection comes back, while it is opened too", async () => {
    const simulated = new Simulated();
    const { redis } = await cutOff(simulated, {
      offlineQueue: false,
      reconnect: { backoff: "constant:100" },
    });
    const first = new Outcome(redis.get("k"));
    await simulated.clock.settle();
    assert.equal(first.verdict, "ConnectionError CONNECT no");
    simulated.peer.onConnection = () => new Promise(() => {});
    await simulated.clock.advance(100);
    const second = new Outcome(redis.get("k"));
    await simulated.clock.settle();
    assert.equal(second.verdict, "ConnectionError CONNECT no");
    await redis.close();
  });

  it("is off with false: the first connection is waited for all the same", async () => {
    const simulated = new Simulated();
    await using redis = new Redis(simulated.options({ offlineQueue: false }));
    assert.equal(await redis.get("k"), null);
  });
});

describe("retry", () => {
  /** A peer that accepts the command and cuts the link, the given number of times. */
  function cutting(times: number): Simulated {
    const simulated: Simulated = new Simulated({
      script: (command, connection) => {
        if (command[0] === "HELLO" || times-- <= 0) return connection.serve();
        const answer = connection.serve();
        connection.reset();
        return answer;
      },
    });
    return simulated;
  }

  for (const multiplex of [true, false]) {
    const how = `(multiplex: ${multiplex})`;
    it(`repeats what is read-only, never by itself what may have run ${how}`, async () => {
      const simulated = cutting(1);
      await using redis = new Redis(simulated.options({ multiplex, reconnect: { backoff: "none" } }));
      const got = new Outcome(redis.get("k"));
      await simulated.clock.advance(100);
      assert.equal(got.state, "resolved");
      const again = cutting(1);
      await using other = new Redis(again.options({ multiplex }));
      const incremented = new Outcome(other.incr("n"));
      await again.clock.advance(100);
      assert.match(incremented.verdict, /^ConnectionError LOST unknown$/);
      assert.equal(again.peer.executed("INCR"), 1);
    });

    it(`repeats what may have run only where the caller says unsafe ${how}`, async () => {
      const simulated = cutting(1);
      await using redis = new Redis(
        simulated.options({ multiplex, reconnect: { backoff: "none" }, retry: { unsafe: true } }),
      );
      const incremented = new Outcome(redis.incr("n"));
      await simulated.clock.advance(100);
      assert.equal(incremented.value, 2);
      const again = cutting(1);
      await using other = new Redis(again.options({ multiplex, reconnect: { backoff: "none" } }));
      const bound = new Outcome(other.with({ retry: { unsafe: true } }).incr("n"));
      await again.clock.advance(100);
      assert.equal(bound.value, 2);
    });

    it(`says that an earlier try may have run, whatever ends the later one ${how}`, async () => {
      const simulated = cutting(1);
      await using redis = new Redis(simulated.options({
        multiplex,
        commandTimeout: 1_000,
        closeGrace: 0,
        retry: { unsafe: true, attempts: 2, backoff: "constant:10" },
      }));
      await redis.connect();
      const incremented = new Outcome(redis.incr("n"));
      simulated.peer.onConnection = refuse;
      await simulated.clock.advance(1_000);
      assert.equal(incremented.state, "rejected");
      assert.equal(incremented.error.executed, "unknown");
      assert.match(incremented.error.message, /an earlier try may have run/);
      assert.equal(simulated.peer.executed("INCR"), 1);
    });

    it(`keeps the connection at LOADING and repeats by its backoff ${how}`, async () => {
      let loading = 2;
      const simulated = new Simulated({
        script: (command, connection) =>
          command[0] === "INCR" && loading-- > 0
            ? new Raw("-LOADING Redis is loading the dataset in memory\r\n")
            : connection.serve(),
      });
      await using redis = new Redis(
        simulated.options({ multiplex, retry: { attempts: 3, backoff: "constant:100" } }),
      );
      await redis.connect();
      const incremented = new Outcome(redis.incr("n"));
      await simulated.clock.advance(199);
      assert.equal(incremented.state, "pending");
      await simulated.clock.advance(1);
      assert.equal(incremented.value, 1);
      assert.equal(simulated.peer.connections.length, 1);
      loading = 9;
      const refused = new Outcome(redis.incr("n"));
      await simulated.clock.advance(300);
      assert.equal(refused.verdict, "ReplyError LOADING no");
    });

    it(`says of every rejection whether the command may have run ${how}`, async () => {
      const simulated = new Simulated();
      const redis = new Redis(
        simulated.options({ multiplex, retry: false, closeGrace: 0, commandTimeout: 500 }),
      );
      await redis.set("text", "x");
      const verdict = async (call: Promise<unknown>): Promise<string> => {
        const outcome = new Outcome(call);
        await simulated.clock.advance(500);
        return outcome.verdict;
      };
      assert.equal(await verdict(redis.incr("text")), "ReplyError ERR yes");
      assert.equal(await verdict(redis.command("NOSUCH")), "ReplyError ERR no");
      assert.equal(await verdict(redis.command("MULTI")), "RedisError STATEFUL no");
      const serve = simulated.peer.script;
      simulated.peer.script = () => undefined;
      assert.equal(await verdict(redis.incr("n")), "TimeoutError COMMAND_TIMEOUT unknown");
      simulated.peer.script = (command, connection) => {
        if (command[0] === "HELLO") return serve(command, connection);
        connection.reset();
        return undefined;
      };
      await simulated.clock.advance(5_000);
      assert.equal(await verdict(redis.incr("n")), "ConnectionError LOST unknown");
      simulated.peer.script = () => new Raw("HTTP/1.1 400 Bad Request\r\n\r\n");
      // The shared connection is back by now, so that the command itself gets this; a lease is to be opened first.
      const executed = multiplex ? "unknown" : "no";
      assert.equal(await verdict(redis.incr("n")), `ProtocolError PROTOCOL ${executed}`);
      await redis.close();
      assert.equal(await verdict(redis.incr("n")), "ConnectionError CLOSED no");
    });
  }
});
