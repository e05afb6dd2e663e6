/**
 * A socket that ends in the same turn in which it opened, or in which a reply of the handshake arrived: Deno reports that
 * in a microtask. The end may come between any two steps of the handshake, and each connect still settles.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect } from "../../core.ts";
import {
  Connection,
  ConnectionError,
  ConnectionPool,
  Redis,
  type SocketHandlers,
  type Transport,
} from "../../mod.ts";
import { ping } from "../../src/commands/mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { Outcome } from "./simulated.ts";

/** More microtasks than a step of the handshake takes. */
const TURNS = 40;

const HELLO = new TextEncoder().encode("%1\r\n$5\r\nproto\r\n:3\r\n");
const HELLO_AND_NAME = new TextEncoder().encode("%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n");
const NO_HELLO = new TextEncoder().encode("-ERR unknown command\r\n");

/** Sockets that reply `replies`, one for each write, and end `turns` microtasks after the last of them, or after the opening. */
function ending(turns: number, replies: readonly Uint8Array[] = []): Transport {
  return {
    name: "ending",
    connect(_endpoint, _options, handlers: SocketHandlers) {
      let over = false;
      const end = (): void => {
        if (over) return;
        over = true;
        handlers.close(new ConnectionError("reset", { code: "LOST" }));
      };
      const endSoon = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) await undefined;
        end();
      };
      const left = [...replies];
      if (left.length === 0) void endSoon();
      return Promise.resolve({
        write(): void {
          const reply = left.shift();
          if (reply === undefined || over) return;
          queueMicrotask(() => {
            handlers.data(reply);
            if (left.length === 0) void endSoon();
          });
        },
        pause() {},
        resume() {},
        ref() {},
        unref() {},
        close: () => Promise.resolve(end()),
        destroy: end,
      });
    },
  };
}

const SCRIPTS: Record<string, readonly Uint8Array[]> = {
  "opened": [],
  "replied to HELLO": [HELLO],
  "refused HELLO": [NO_HELLO],
};

describe("A socket that ends in the turn in which it", () => {
  for (const [what, replies] of Object.entries(SCRIPTS)) {
    it(`${what}: the connect settles`, async () => {
      for (let turns = 0; turns < TURNS; turns++) {
        const clock = new SimulatedClock();
        const transport = ending(turns, replies);
        const options = {
          transport,
          clock,
          connectTimeout: 1_000,
          retry: false,
          password: "secret",
        } as const;
        const connection = new Connection(options);
        const pool = new ConnectionPool(options);
        const outcomes = [new Outcome(connection.connect()), new Outcome(pool.acquire())];
        await clock.advance(1_500);
        assert.deepEqual(
          outcomes.filter(({ state }) => state === "pending").length,
          0,
          `a connect hangs where the socket ends ${turns} microtasks later`,
        );
        assert.equal(pool.stats().connecting, 0);
        connection.disconnect();
        await pool.close();
      }
    });
  }

  it("replied to HELLO: a command behind the connect settles", async () => {
    for (let turns = 0; turns < TURNS; turns++) {
      const clock = new SimulatedClock();
      const options = { clock, commandTimeout: 0, libName: false } as const;
      const first = ending(turns, [HELLO]);
      const next = new ScriptedPeer({ clock }).transport({ clock });
      let sockets = 0;
      /** The first socket ends, those that follow stay. */
      const transport: Transport = {
        name: "first ends",
        connect: (...args) => (sockets++ === 0 ? first : next).connect(...args),
      };
      const connection = new Connection({ ...options, retry: false, transport: ending(turns, [HELLO]) });
      const alone = connection.connect().then(() => connection.send(["PING"]));
      const core = connect({ clock, commandTimeout: 0, transport: ending(turns, [HELLO_AND_NAME]) });
      const redis = new Redis({ ...options, transport });
      const outcomes = [
        new Outcome(alone),
        new Outcome(core.then((client) => client.execute(ping()))),
        new Outcome(redis.get("k")),
      ];
      await clock.advance(1_500);
      const states = outcomes.map(({ state }) => state);
      assert.deepEqual(states, ["rejected", "rejected", "resolved"], `${turns} microtasks later`);
      await redis.close();
    }
  });
});
