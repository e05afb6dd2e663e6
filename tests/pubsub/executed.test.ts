import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis, type RedisError, TimeoutError } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";

/** Calls that wait for a subscription, with at most this many milliseconds. */
const CALLS: Readonly<Record<string, (redis: Redis) => Promise<unknown>>> = {
  "subscribe()": (redis) => redis.subscribe("news", () => {}),
  "subscribe() to several": (redis) => redis.subscribe(["a", "b", "c"], () => {}),
  "psubscribe()": (redis) => redis.psubscribe("new?", () => {}),
  "ssubscribe()": (redis) => redis.ssubscribe("news", () => {}),
  "an iterator": (redis) => redis.subscription("news", { patterns: ["s*"] }).next(),
  "an iterator that pauses": (redis) => redis.subscription("news", { policy: "pause" }).next(),
  "ready of an iterator": (redis) => redis.subscription("news").ready,
};

interface Failure {
  readonly code: string;
  readonly executed: string;
  readonly message: string;
  readonly cause: Error | undefined;
}

/** Returns the error of a call whose time limit of 500 ms has expired. */
async function failure(
  peer: ScriptedPeer,
  clock: SimulatedClock,
  protocol: 2 | 3,
  run: (redis: Redis) => Promise<unknown>,
): Promise<Failure> {
  const redis = new Redis({
    transport: peer.transport({ clock }),
    clock,
    protocol,
    libName: false,
    // So that there is a handshake over RESP2, too.
    clientName: "one",
    connectTimeout: 200,
    reconnect: { backoff: "constant:10" },
  });
  const failed = run(redis.with({ timeout: 500 })).then(() => assert.fail("it succeeded"), (error) => error);
  await clock.advance(600);
  const error = await failed as RedisError;
  assert.ok(error instanceof TimeoutError);
  const closed = redis.close();
  await clock.advance(20_000);
  await closed;
  return error as unknown as Failure;
}

describe("a subscription whose time is up", () => {
  for (const protocol of [2, 3] as const) {
    for (const [name, run] of Object.entries(CALLS)) {
      it(`says that it was not sent, and why: ${name}, RESP${protocol}`, async () => {
        const refusing = new ScriptedPeer({
          onConnection: () => {
            throw new Error("out of order");
          },
        });
        const refused = await failure(refusing, new SimulatedClock(), protocol, run);
        assert.deepEqual([refused.code, refused.executed], ["COMMAND_TIMEOUT", "no"]);
        assert.match(refused.message, /SUBSCRIBE waited 500 ms for a connection to .*out of order/);
        assert.match(refused.cause!.message, /out of order/);
        const mute = new ScriptedPeer({ script: () => undefined });
        const silent = await failure(mute, new SimulatedClock(), protocol, run);
        assert.deepEqual([silent.code, silent.executed], ["COMMAND_TIMEOUT", "no"]);
        assert.match(silent.message, /no reply to the handshake within 200 ms/);
      });

      it(`says that it may have run, once it was sent: ${name}, RESP${protocol}`, async () => {
        const unconfirmed = new ScriptedPeer({
          script: (command, connection) =>
            /SUBSCRIBE$/.test(command[0]!) ? new Promise(() => {}) : connection.serve(),
        });
        const late = await failure(unconfirmed, new SimulatedClock(), protocol, run);
        assert.deepEqual([late.code, late.executed], ["COMMAND_TIMEOUT", "unknown"]);
        // Also when the connection was lost then, and there is none at the end.
        const lost = new ScriptedPeer({
          script: (command, connection) => {
            if (!/SUBSCRIBE$/.test(command[0]!)) return connection.serve();
            lost.onConnection = () => {
              throw new Error("out of order");
            };
            connection.reset();
            return undefined;
          },
        });
        const again = await failure(lost, new SimulatedClock(), protocol, run);
        assert.deepEqual([again.code, again.executed], ["COMMAND_TIMEOUT", "unknown"]);
      });
    }
  }
});
