/**
 * A peer that is gone without a word is noticed, whatever the limits of the commands that wait; one that only takes long
 * is left in peace.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis, type RedisOptions, type Transport } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { Raw } from "../harness/resp.ts";
import type { Answer, PeerConnection } from "../harness/scripted_peer.ts";
import { startServer } from "../harness/server.ts";
import { runtimeTransport } from "../../transports/runtime.ts";
import { Outcome, Simulated } from "./simulated.ts";

/** The transport, without what the system would notice by itself. */
function unwatched(inner: Transport, connected?: () => void): Transport {
  return {
    name: inner.name,
    connect: async (...given) => {
      const socket = await inner.connect(...given);
      connected?.();
      return new Proxy(socket, {
        get(target, key) {
          if (key === "noticesDeadPeer") return false;
          const found: unknown = Reflect.get(target, key);
          return typeof found === "function" ? found.bind(target) : found;
        },
      });
    },
  };
}

/** A peer that does not answer `silent` on its first connection; other connections are served, or asked. */
function setUp(
  silent: string,
  options: RedisOptions<never>,
  other: (command: readonly string[], connection: PeerConnection) => Answer | undefined = (_, connection) =>
    connection.serve(),
): { readonly simulated: Simulated; readonly redis: Redis } {
  const simulated = new Simulated({
    script: (command, connection) => {
      // What comes behind it on that connection is not answered, either.
      if (command[0] === silent && connection.id === 1) return new Promise<never>(() => {});
      return command[0] === "HELLO" ? connection.serve() : other(command, connection);
    },
  });
  const redis = new Redis(
    simulated.options({ closeGrace: 0, ...options, transport: unwatched(simulated.transport) }),
  );
  return { simulated, redis };
}

describe("a dead peer", () => {
  for (const timeout of [0, 60_000]) {
    it(`is noticed behind a command with a limit of ${timeout}: no more than two commands pay for it`, async () => {
      const { simulated, redis } = setUp("GET", {
        commandTimeout: 300,
        healthCheckInterval: 200,
        retry: false,
      });
      const slow = new Outcome(redis.with({ timeout }).get("slow"));
      const verdicts: string[] = [];
      for (let round = 0; round < 10; round++) {
        const get = new Outcome(redis.get("k"));
        await simulated.clock.advance(301);
        verdicts.push(get.verdict);
      }
      assert.equal(slow.verdict, "TimeoutError SOCKET_TIMEOUT unknown");
      assert.match(slow.error.message, /another connection shows that this one is dead/);
      assert.ok(verdicts.filter((verdict) => verdict !== "resolved").length <= 2, verdicts.join());
      await redis.close();
    });
  }

  it("is noticed with no limit at all, by healthCheckInterval: what comes later is served", async () => {
    const { simulated, redis } = setUp("GET", { commandTimeout: 0, healthCheckInterval: 2_000 });
    const read = new Outcome(redis.get("k"));
    const writes = new Outcome(redis.pipeline().incr("n").incr("n").exec({ settle: true }));
    await simulated.clock.advance(10_000);
    assert.equal(read.verdict, "TimeoutError SOCKET_TIMEOUT unknown");
    const executed = (writes.value as { executed?: string }[]).map((one) => one.executed);
    assert.deepEqual(executed, ["unknown", "unknown"]);
    const later = new Outcome(redis.incr("n"));
    await simulated.clock.settle();
    assert.equal(later.value, 1);
    await redis.close();
  });

  it("is noticed where nobody listens at its address any more", async () => {
    const { simulated, redis } = setUp("GET", {
      commandTimeout: 0,
      healthCheckInterval: 2_000,
      retry: false,
    });
    const read = new Outcome(redis.get("k"));
    await simulated.clock.settle();
    simulated.peer.onConnection = () => {
      throw new Error("gone");
    };
    await simulated.clock.advance(3_000);
    assert.equal(read.verdict, "TimeoutError SOCKET_TIMEOUT unknown");
    await redis.close();
  });

  it("is noticed while BLPOP waits without limit: the server has forgotten the connection", async () => {
    let known = true;
    const { simulated, redis } = setUp("BLPOP", { healthCheckInterval: 5_000 }, (command, connection) => {
      if (command.join(" ").startsWith("CLIENT LIST")) {
        return known ? `id=${command[3]} addr=127.0.0.1:1 flags=b qbuf=0 cmd=blpop\n` : "";
      }
      return connection.serve();
    });
    const popped = new Outcome(redis.blpop("jobs", 0));
    await simulated.clock.advance(60_000);
    assert.equal(popped.state, "pending");
    known = false;
    await simulated.clock.advance(6_000);
    assert.equal(popped.verdict, "TimeoutError SOCKET_TIMEOUT unknown");
    await redis.close();
  });

  it("is noticed while BLPOP waits without limit: the server has answered, and the answer never came", async () => {
    const { simulated, redis } = setUp(
      "BLPOP",
      { healthCheckInterval: 5_000 },
      (command, connection) =>
        command[1] === "LIST" ? `id=${command[3]} flags=N qbuf=0 cmd=blpop\n` : connection.serve(),
    );
    const popped = new Outcome(redis.blpop("jobs", 0));
    await simulated.clock.advance(6_000);
    assert.equal(popped.verdict, "TimeoutError SOCKET_TIMEOUT unknown");
    await redis.close();
  });
});

describe("a server that only takes long", () => {
  const limits = { commandTimeout: 300, healthCheckInterval: 200, retry: false } as const;

  /** A GET of 60 seconds is left alone for 30; then its reply comes. */
  async function leftAlone(
    { simulated, redis }: { readonly simulated: Simulated; readonly redis: Redis },
  ): Promise<void> {
    const slow = new Outcome(redis.with({ timeout: 60_000 }).get("slow"));
    await simulated.clock.advance(30_000);
    assert.equal(slow.state, "pending");
    simulated.peer.connections[0]!.send(new Raw("$2\r\nhi\r\n"));
    await simulated.clock.settle();
    assert.deepEqual([slow.state, slow.value], ["resolved", "hi"]);
    await redis.close();
  }

  it("answers nobody", () => leftAlone(setUp("GET", limits, () => undefined)));

  it("says BUSY to others", () => leftAlone(setUp("GET", limits, () => new Raw("-BUSY Redis is busy\r\n"))));

  it("blocks the command, or has read a part of it", async () => {
    for (const state of ["flags=b qbuf=0", "flags=N qbuf=17"]) {
      await leftAlone(setUp("GET", limits, ([, , , id]) => `id=${id} addr=x ${state} cmd=get\n`));
    }
  });

  const noPause = olderThan("7.0", "CLIENT PAUSE for writes");
  it("CLIENT PAUSE, on a real server: the write ends well", { skip: noPause }, async () => {
    await using server = await startServer();
    await using redis = new Redis(server.url, { commandTimeout: 300, retry: false });
    await redis.with({ timeout: 20_000 }).ping();
    try {
      await server.cli("CLIENT", "PAUSE", "2000", "WRITE");
      assert.equal(await redis.with({ timeout: 20_000 }).set("k", "v"), "OK");
    } finally {
      await server.cli("CLIENT", "UNPAUSE");
    }
  });

  it("a blocking command without a limit, on a real server: it waits on, and gets its element", async () => {
    await using server = await startServer();
    const asked = Promise.withResolvers<void>();
    let connects = 0;
    const transport = unwatched(runtimeTransport, () => ++connects === 4 && asked.resolve());
    await using redis = new Redis(server.url, { transport, healthCheckInterval: 1_000 });
    const popped = redis.blpop("jobs", 0);
    await asked.promise;
    await server.cli("RPUSH", "jobs", "one");
    assert.deepEqual(await popped, ["jobs", "one"]);
  });
});
