/**
 * A socket that ends in the same turn in which it opened, or in which a reply of the handshake arrived: Deno reports that
 * in a microtask. The end may come between any two steps of the handshake, and each connect still settles.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection, ConnectionPool, type SocketHandlers, type Transport } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { Outcome } from "./simulated.ts";

/** More microtasks than a step of the handshake takes. */
const TURNS = 40;

const HELLO = new TextEncoder().encode("%1\r\n$5\r\nproto\r\n:3\r\n");
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
        handlers.close(new Error("reset"));
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
});
