import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ConnectionPool,
  type PipelineError,
  Redis,
  type RedisError,
  type RedisOptions,
} from "../../mod.ts";
import { ErrorReply } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";

/** A peer that closes instead of answering the command that comes as number `at` by this name, once. */
function cuttingPeer(name: string, at: number): ScriptedPeer {
  let seen = 0;
  return new ScriptedPeer({
    script: (command, connection) => {
      if (command[0] !== name || ++seen !== at) return connection.serve();
      connection.serve();
      connection.close();
      return undefined;
    },
  });
}

function client(peer: ScriptedPeer, options: RedisOptions<ConnectionPool> = {}): Redis {
  return new Redis(
    { transport: peer.transport(), reconnect: { backoff: "constant:1" }, ...options } as RedisOptions<
      ConnectionPool
    >,
  );
}

const failure = (promise: Promise<unknown>): Promise<PipelineError> =>
  promise.then(() => assert.fail("it must not resolve"), (error) => error);
const executed = (result: unknown): unknown =>
  result instanceof Error ? (result as RedisError).executed : result;

describe("pipelines: what is known after a loss", () => {
  it("says of each command whether it may have run, and repeats none", async () => {
    const peer = cuttingPeer("INCR", 3);
    await using redis = client(peer);
    const error = await failure(redis.pipeline().incr("n").incr("n").incr("n").incr("n").incr("n").exec());
    assert.deepEqual([error.index, error.executed], [2, "unknown"]);
    assert.deepEqual(error.results.map(executed), [1, 2, "unknown", "unknown", "unknown"]);
    assert.equal(await redis.get("n"), "3");
    assert.equal(peer.executed("INCR"), 3);
  });

  it("does not send later what stood behind what was lost", async () => {
    const peer = cuttingPeer("INCR", 100);
    await using redis = client(peer);
    const pipeline = redis.pipeline();
    for (let index = 0; index < 20_000; index++) pipeline.incr("n");
    const { results } = await failure(pipeline.exec());
    const kinds = results.map(executed);
    assert.deepEqual(kinds.slice(0, 99), Array.from({ length: 99 }, (_, index) => index + 1));
    const firstNo = kinds.indexOf("no");
    assert.ok(firstNo > 99 && kinds.slice(99, firstNo).every((one) => one === "unknown"));
    assert.ok(kinds.slice(firstNo).every((one) => one === "no"));
    assert.equal(await redis.get("n"), "100");
  });

  it("repeats what was lost when all is read-only", async () => {
    const peer = cuttingPeer("GET", 5);
    await using redis = client(peer);
    await redis.set("a", "x");
    const pipeline = redis.pipeline();
    for (let index = 0; index < 20; index++) pipeline.get("a");
    const results: unknown[] = await pipeline.exec();
    assert.deepEqual(results, Array.from({ length: 20 }, () => "x"));
  });

  it("repeats nothing where the client says so", async () => {
    const peer = cuttingPeer("GET", 1);
    await using redis = client(peer);
    const { results } = await failure(redis.with({ retry: false }).pipeline().get("a").get("a").exec());
    assert.deepEqual(results.map(executed), ["unknown", "unknown"]);
  });

  it("repeats what may have run only on request", async () => {
    const peer = cuttingPeer("INCR", 2);
    await using redis = client(peer, { retry: { unsafe: true, backoff: "constant:1" } });
    assert.deepEqual(await redis.pipeline().incr("n").incr("n").exec(), [1, 3]);
  });

  it("waits as a whole while there is no connection, in its place", async () => {
    const peer = new ScriptedPeer();
    let refused = 0;
    peer.onConnection = () => {
      if (++refused <= 2) throw new Error("not yet");
    };
    await using redis = client(peer);
    const [results, later] = await Promise.all([
      redis.pipeline().set("a", 1).incr("a").exec(),
      redis.get("a"),
    ]);
    assert.deepEqual([results, later], [["OK", 2], "2"]);
    assert.equal(refused, 3);
  });

  it("says no when its time runs out before there is a connection", async () => {
    const peer = new ScriptedPeer();
    peer.onConnection = () => {
      throw new Error("never");
    };
    await using redis = client(peer, { commandTimeout: 50 });
    const error = await failure(redis.pipeline().set("a", 1).incr("a").exec());
    assert.deepEqual([error.code, error.executed], ["COMMAND_TIMEOUT", "no"]);
    assert.equal(peer.received.length, 0);
  });
});

describe("pipelines: a link that is cut at any byte", () => {
  for (const kind of ["pipeline", "multi"] as const) {
    it(`settles each command of a ${kind} once, and runs none twice`, async () => {
      const run = async (
        cut?: number,
      ): Promise<{ peer: ScriptedPeer; before: number; results: unknown[] }> => {
        const peer = new ScriptedPeer({
          // The server in memory knows no transactions: it runs them as they come, and answers all at EXEC.
          script: (command, connection) => {
            if (kind === "pipeline") return connection.serve();
            if (command[0] === "MULTI") return "OK";
            if (command[0] === "EXEC") {
              return Array.from({ length: 4 }, () => connection.serve(["INCR", "n"]) as never);
            }
            return command[0] === "INCR" ? "QUEUED" : connection.serve();
          },
        });
        await using redis = client(peer);
        await redis.connect();
        const before = peer.last.bytesSent;
        if (cut !== undefined) peer.last.cutAfter({ toClient: before + cut });
        const batch = kind === "pipeline" ? redis.pipeline() : redis.multi();
        const results: unknown[] = await batch.incr("n").incr("n").incr("n").incr("n").exec({ settle: true });
        return { peer, before, results };
      };
      const whole = await run();
      assert.deepEqual(whole.results, [1, 2, 3, 4]);
      const bytes = whole.peer.connections[0]!.bytesSent - whole.before;
      for (let cut = 1; cut < bytes; cut++) {
        const { peer, results } = await run(cut);
        const kinds = results.map(executed);
        const answered = kinds.filter((one) => typeof one === "number");
        assert.deepEqual(
          kinds,
          [...answered, ...kinds.slice(answered.length).map(() => "unknown")],
          `byte ${cut}`,
        );
        assert.deepEqual(answered, [1, 2, 3, 4].slice(0, answered.length));
        const ran = peer.executed("INCR");
        assert.ok(ran >= answered.length && ran <= 4, `${ran} ran at byte ${cut}`);
      }
    });
  }
});

describe("pipelines: replies that say not now", () => {
  const loading = new ErrorReply("LOADING Redis is loading the dataset in memory");

  it("repeats all of it, in order, when all of it was refused", async () => {
    let refusals = 3;
    const peer = new ScriptedPeer({
      script: (command, connection) => command[0] === "INCR" && refusals-- > 0 ? loading : connection.serve(),
    });
    await using redis = client(peer, { retry: { backoff: "constant:1" } });
    assert.deepEqual(await redis.pipeline().incr("n").incr("n").incr("n").exec(), [1, 2, 3]);
    assert.equal(peer.executed("INCR"), 3);
  });

  it("goes on with the rest when that was refused from some place on", async () => {
    let calls = 0;
    const peer = new ScriptedPeer({
      script: (command, connection) => {
        if (command[0] !== "INCR") return connection.serve();
        calls++;
        return calls === 2 || calls === 3 ? loading : connection.serve();
      },
    });
    await using redis = client(peer, { retry: { backoff: "constant:1" } });
    assert.deepEqual(await redis.pipeline().incr("n").incr("n").incr("n").exec(), [1, 2, 3]);
  });

  it("repeats none behind which others have run", async () => {
    let calls = 0;
    const peer = new ScriptedPeer({
      script: (command, connection) => command[0] === "INCR" && ++calls === 1 ? loading : connection.serve(),
    });
    await using redis = client(peer, { retry: { backoff: "constant:1" } });
    const [refused, first, second] = await redis.pipeline().incr("n").incr("n").incr("n").exec({
      settle: true,
    });
    assert.equal((refused as unknown as RedisError).code, "LOADING");
    assert.deepEqual([first, second], [1, 2]);
  });
});

describe("pipelines: limits of the caller", () => {
  it("ends with the signal's reason; what comes late is dropped", async () => {
    const reason = new Error("enough");
    const answers: ((value: string) => void)[] = [];
    const peer = new ScriptedPeer({
      script: (command, connection) =>
        command[0] === "ECHO" && command[1] === "late"
          ? new Promise((resolve) => answers.push(resolve))
          : connection.serve(),
    });
    await using redis = client(peer);
    const controller = new AbortController();
    const limited = redis.with({ signal: controller.signal });
    const promise = limited.pipeline().echo("late").echo("b").exec();
    await peer.whenReceived("ECHO");
    controller.abort(reason);
    assert.equal(await failure(promise), reason);
    const next = redis.echo("next");
    answers[0]!("late");
    assert.equal(await next, "next");
    assert.equal(await failure(limited.pipeline().echo("c").exec()), reason);
  });

  it("refuses when the client is closed", async () => {
    const redis = client(new ScriptedPeer());
    await redis.close();
    const error = await failure(redis.pipeline().get("a").exec());
    assert.deepEqual([error.code, error.executed], ["CLOSED", "no"]);
  });

  it("fails at once when nobody comes back, and closes", async () => {
    const peer = new ScriptedPeer();
    peer.onConnection = () => {
      throw new Error("never");
    };
    const redis = client(peer, { commandTimeout: 0 });
    const promise = failure(redis.pipeline().incr("a").exec());
    await peer.whenConnected();
    await redis.close();
    const error = await promise;
    assert.deepEqual([error.code, error.executed], ["CLOSED", "no"]);
  });
});
