import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError, Redis, ReplyError, TimeoutError } from "../../mod.ts";
import { type Fault, TestServer } from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

const never = { retry: false } as const;

/** Clients of one server in the process and over TCP. */
async function* ways(): AsyncGenerator<
  { readonly way: string; readonly server: TestServer; readonly make: (options?: object) => Redis }
> {
  for (const way of ["in the process", "over TCP"]) {
    await using server = new TestServer();
    const { url } = await server.listen();
    const make = (options: object = {}): Redis =>
      way === "over TCP"
        ? new Redis(url, { ...never, ...options })
        : new Redis({ transport: server.transport, ...never, ...options });
    yield { way, server, make };
  }
}

async function executedOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ConnectionError || error instanceof TimeoutError, String(error));
    return error.executed;
  }
  throw new Error("it did not fail");
}

describe("faults", () => {
  it("loses the reply of a command that was executed, and no other", async () => {
    for await (const { way, server, make } of ways()) {
      await using redis = make();
      await redis.ping();
      const fault = server.faults.loseReply("INCR");
      const earlier = redis.set("before", "1");
      const lost = redis.incr("n");
      const later = redis.incr("n");
      assert.equal(await earlier, "OK", way);
      assert.equal(await executedOf(lost), "unknown", way);
      await executedOf(later);
      assert.equal(server.executed.count("INCR"), 1, way);
      assert.deepEqual([fault.hits, fault.active], [1, false]);
    }
  });

  it("loses the reply of a command that blocks, and of SUBSCRIBE, whose reply is a push", async () => {
    for await (const { way, server, make } of ways()) {
      await using redis = make();
      await using other = make();
      await other.ping();
      {
        using fault = server.faults.loseReply("BLPOP");
        const popped = executedOf(redis.blpop(["list"], 0));
        while (fault.hits === 0) await other.ping();
        await other.rpush("list", ["x"]);
        assert.equal(await popped, "unknown", way);
        assert.equal(await other.llen("list"), 0, way);
      }
      using fault = server.faults.loseReply("SUBSCRIBE");
      await using subscriber = make();
      await subscriber.subscribe("channel", () => {});
      assert.equal(fault.hits, 1, way);
      assert.equal(server.executed.count("SUBSCRIBE"), 2, way);
      server.executed.clear();
    }
  });

  it("replies something else to the next command that matches, as often as it is told to", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    await redis.set("a", "1");
    using _ = server.faults.replyNext("GET a", "€", { times: 2 });
    assert.deepEqual(await Promise.all(["a", "b", "a", "a"].map((key) => redis.get(key))), [
      "€",
      null,
      "€",
      "1",
    ]);
    server.faults.replyNext(["GET", "a b"], { error: "WRONGTYPE no" });
    await assert.rejects(redis.get("a b"), { message: /^WRONGTYPE no/ });
    server.faults.replyNext(/^LRANGE q /g, ["x", 1, null, ["y"]]);
    assert.deepEqual(await redis.command("LRANGE", "q", 0, -1), ["x", 1, null, ["y"]]);
    server.faults.replyNext((words) => words.includes("z"), { status: "FINE" });
    assert.equal(await redis.command("SET", "z", "1"), "FINE");
    assert.equal(await redis.exists("z"), 0);
    assert.throws(() => server.faults.replyNext("GET", "x", { times: 0 }), TypeError);
  });

  it("refuses commands as a server in that state does", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport, retry: false });
    await redis.set("k", "1");
    for (
      const [code, spared, hit] of [
        ["READONLY", "GET k", "INCR k"],
        ["MISCONF", "GET k", "DEL k"],
        ["OOM", "DEL k", "APPEND k x"],
        ["BUSY", undefined, "GET k"],
        ["LOADING", "INFO", "GET k"],
        ["NOREPLICAS", "GET k", "SET k 1"],
      ] as const
    ) {
      await using one = new Redis({ transport: server.transport, ...never });
      await one.ping();
      using fault = server.faults.errorNext(code);
      const [name = "", ...rest] = spared?.split(" ") ?? [];
      if (name !== "") await one.command(name, ...rest);
      assert.equal(fault.hits, 0, code);
      const [failing = "", ...words] = hit.split(" ");
      // What is surely not executed is retried by the client at times; what fails says why.
      await one.command(failing, ...words).catch((error: Error) =>
        assert.match(error.message, new RegExp(code))
      );
      assert.equal(fault.hits, 1, code);
    }
    server.faults.errorNext("ERR my own", "GET");
    await assert.rejects(redis.get("k"), ReplyError);
    assert.throws(() => server.faults.errorNext("nothing at all"), TypeError);
  });

  it("spoils a transaction whose command or EXEC it refuses", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport, retry: false });
    for (const [match, message] of [["INCR", /ERR broken/], ["EXEC", /EXECABORT .*: broken/]] as const) {
      server.faults.errorNext("ERR broken", match);
      await assert.rejects(redis.multi().incr("n").exec(), { message });
      assert.equal(await redis.get("n"), null, match);
      assert.deepEqual(await redis.multi().ping().exec(), ["PONG"]);
    }
  });

  it("cuts a connection after so many bytes in either direction", async () => {
    for await (const { way, server, make } of ways()) {
      for (const direction of ["in", "out"] as const) {
        await using redis = make();
        await redis.ping();
        server.executed.clear();
        // Each request has 20 bytes, each reply 4.
        using fault = server.faults.cutAfter(direction === "in" ? 50 : 9, direction);
        const results = await Promise.allSettled([1, 2, 3, 4].map(() => redis.incr("n")));
        const done = results.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
        assert.equal(done.length, 2, `${way} ${direction}`);
        assert.equal(server.executed.count("INCR"), direction === "in" ? 2 : 4, `${way} ${direction}`);
        assert.equal(fault.hits, 1);
        await using next = make();
        assert.equal(await next.ping(), "PONG");
        await next.del(["n"]);
      }
    }
  });

  it("delays replies or requests by simulated time, in order", async () => {
    const clock = new SimulatedClock();
    await using server = new TestServer({ clock });
    await using redis = new Redis({ transport: server.transport, clock, commandTimeout: 1_000 });
    await redis.ping();
    const done: string[] = [];
    const slow = server.faults.latency(50);
    void redis.incr("n").then(() => done.push("first"));
    await clock.advance(20);
    void redis.incr("n").then(() => done.push("second"));
    await clock.advance(29);
    assert.deepEqual([done, server.executed.count("INCR")], [[], 2]);
    await clock.advance(1);
    assert.deepEqual(done, ["first"]);
    slow.undo();
    void redis.incr("n").then(() => done.push("third"));
    await clock.advance(19);
    assert.deepEqual(done, ["first"], "what comes later does not overtake");
    await clock.advance(1);
    assert.deepEqual(done, ["first", "second", "third"]);
    using _ = server.faults.latency(2_000, { direction: "in" });
    const timedOut = assert.rejects(redis.incr("n"), TimeoutError);
    await clock.advance(1_000);
    await timedOut;
    assert.equal(server.executed.count("INCR"), 3);
  });

  it("varies latency by the clock's random numbers: the same seed, the same times", async () => {
    const run = async (seed: number): Promise<number[]> => {
      const clock = new SimulatedClock({ seed });
      await using server = new TestServer({ clock });
      await using redis = new Redis({ transport: server.transport, clock });
      await redis.ping();
      using _ = server.faults.latency(1, { jitter: 100 });
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const start = clock.now();
        let end = -1;
        void redis.ping().then(() => end = clock.now());
        while (end < 0) await clock.advance(1);
        times.push(end - start);
      }
      return times;
    };
    assert.deepEqual(await run(7), await run(7));
    assert.notDeepEqual(await run(7), await run(8));
  });

  it("freezes: nothing happens, and all of it happens afterwards", async () => {
    for await (const { way, server, make } of ways()) {
      await using redis = make();
      await redis.ping();
      const freeze = server.faults.freeze();
      const replies = Promise.all([redis.incr("n"), redis.incr("n")]);
      await using late = make();
      const greeting = late.ping();
      while (server.clients.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.equal(server.executed.count("INCR"), 0, way);
      freeze.undo();
      freeze.undo();
      assert.deepEqual(await replies, [1, 2], way);
      assert.equal(await greeting, "PONG", way);
    }
  });

  it("freezes replies alone: commands are executed", async () => {
    const clock = new SimulatedClock();
    await using server = new TestServer({ clock });
    await using redis = new Redis({ transport: server.transport, clock, commandTimeout: 100, ...never });
    await redis.ping();
    const frozen: Fault = server.faults.freeze({ direction: "out" });
    const failed = executedOf(redis.incr("n"));
    await clock.advance(100);
    assert.equal(await failed, "unknown");
    assert.equal(server.executed.count("INCR"), 1);
    frozen.undo();
  });

  it("refuses connections until it is undone", async () => {
    for await (const { way, server, make } of ways()) {
      const fault = server.faults.refuseConnects();
      await using redis = make();
      const pong = redis.ping();
      while (fault.hits < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.equal(server.executed.total, 0, way);
      fault.undo();
      assert.equal(await pong, "PONG", way);
    }
  });

  it("leaves connections half open: the client notices by its deadline alone, and connects anew", async () => {
    const clock = new SimulatedClock();
    await using server = new TestServer({ clock });
    await using redis = new Redis({ transport: server.transport, clock, commandTimeout: 100, retry: false });
    await redis.ping();
    const fault = server.faults.halfOpen();
    const failed = assert.rejects(redis.incr("n"), TimeoutError);
    await clock.advance(100);
    await failed;
    assert.equal(server.executed.count("INCR"), 0);
    await using other = new Redis({ transport: server.transport, clock });
    assert.equal(await other.incr("n"), 1);
    fault.undo();
    assert.equal(fault.hits, 1);
    const again = redis.incr("n");
    await clock.advance(1_000);
    assert.equal(await again, 2);
  });

  it("concerns the clients that are selected", async () => {
    await using server = new TestServer();
    await using one = new Redis({ transport: server.transport, clientName: "one", ...never });
    await using two = new Redis({ transport: server.transport, clientName: "two", ...never });
    await Promise.all([one.ping(), two.ping()]);
    server.faults.replyNext("GET", "for two", { clients: { name: "two" } });
    assert.equal(await one.get("k"), null);
    assert.equal(await two.get("k"), "for two");
    assert.equal(server.kill({ name: "nobody" }), 0);
    assert.equal(server.kill(({ name, lastCommand }) => name === "one" && lastCommand === "GET"), 1);
    await assert.rejects(one.ping(), ConnectionError);
    assert.equal(await two.ping(), "PONG");
    // The other one may have connected again by now.
    assert.equal(server.clients.filter(({ name }) => name === "two").length, 1);
  });

  it("undoes all of them at once", async () => {
    await using server = new TestServer();
    await using redis = new Redis({ transport: server.transport });
    const faults = [
      server.faults.errorNext("LOADING"),
      server.faults.latency(1_000_000),
      server.faults.freeze(),
      server.faults.refuseConnects(),
    ];
    server.faults.clear();
    assert.deepEqual(faults.map(({ active }) => active), [false, false, false, false]);
    assert.equal(await redis.ping(), "PONG");
  });
});
