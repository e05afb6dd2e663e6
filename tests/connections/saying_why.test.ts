/** Errors of those who had no connection say why there was none. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  BlockingConnectionPool,
  Connection,
  ConnectionError,
  Redis,
  type RedisOptions,
  TimeoutError,
} from "../../mod.ts";
import { Outcome, Simulated } from "./simulated.ts";

describe("a command whose time is up before it has a connection", () => {
  const calls: Readonly<Record<string, (redis: Redis) => Promise<unknown>>> = {
    GET: (redis) => redis.get("k"),
    BLPOP: (redis) => redis.blpop("k", 1),
    "a pipeline": (redis) => redis.pipeline().get("k").exec(),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`says what the server said: ${name}`, async () => {
      const simulated = new Simulated({
        onConnection: () => {
          throw new ConnectionError("the door is shut", { code: "CONNECT", executed: "no" });
        },
      });
      const options: RedisOptions<never> = {
        multiplex: false,
        retry: { attempts: 1_000, backoff: "constant:30" },
        commandTimeout: 100,
      };
      await using redis = new Redis(simulated.options(options));
      const outcome = new Outcome(call(redis));
      await simulated.clock.advance(100);
      const { error } = outcome;
      const late = name === "a pipeline" ? error.cause : error;
      assert.ok(late instanceof TimeoutError, String(late));
      assert.deepEqual([late.code, late.executed], ["COMMAND_TIMEOUT", "no"]);
      assert.match(late.message, new RegExp(`^${name} waited 100 ms for a connection to .*the door is shut`));
      assert.ok(late.cause instanceof ConnectionError);
    });
  }

  it("says that all are in use", async () => {
    const simulated = new Simulated();
    await using pool = new BlockingConnectionPool(simulated.options({ maxConnections: 2 }));
    await using redis = new Redis({ pool, multiplex: false });
    using _first = await pool.acquire();
    using _second = await pool.acquire();
    const outcome = new Outcome(redis.with({ timeout: 50 }).get("k"));
    await simulated.clock.advance(50);
    assert.match(outcome.error.message, /^GET waited 50 ms for a connection to .*: all 2 stayed in use$/);
  });

  it("says that there was none yet", async () => {
    const simulated = new Simulated({ onConnection: () => new Promise(() => {}) });
    await using redis = new Redis(simulated.options({ multiplex: false }));
    const outcome = new Outcome(redis.with({ timeout: 50 }).get("k"));
    await simulated.clock.advance(50);
    assert.match(
      outcome.error.message,
      /^GET waited 50 ms for a connection to .*: there was no connection yet$/,
    );
  });
});

describe("a connection", () => {
  it("that has not been connected says so", async () => {
    const connection = new Connection(new Simulated().options());
    await assert.rejects(connection.send(["PING"]), {
      code: "CLOSED",
      executed: "no",
      message: /^Cannot send PING: .* is not connected yet; await connect\(\) first$/,
    });
  });

  it("whose transport fails with something else than an error fails with an error", async () => {
    const transport = { name: "broken", connect: () => Promise.reject("a string") };
    const connection = new Connection({ host: "h", transport });
    await assert.rejects(connection.connect(), (error: ConnectionError) => {
      assert.ok(error instanceof ConnectionError);
      assert.deepEqual([error.executed, error.message.startsWith("Cannot connect to h:6379")], ["no", true]);
      return true;
    });
  });
});
