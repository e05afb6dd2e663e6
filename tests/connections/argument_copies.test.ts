/** Commands that are sent again carry the bytes that they were called with, whatever their caller did to those since. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { copyArguments } from "../../src/connection/argument_copies.ts";
import { Pending } from "../../src/connection/pending.ts";
import type { Arg } from "../../src/resp/types.ts";
import { Raw } from "../harness/resp.ts";
import { Outcome, Simulated } from "./simulated.ts";

/** Around all limits: of a loop, of a shared block, of copying. */
const SIZES = [0, 1, 31, 32, 33, 255, 256, 500, 1_020, 1_022, 1_023, 1_024, 1_025, 4_000, 16_383, 16_384];

/** Calls of RPUSH with one to three byte arguments of all sizes, and text and numbers between them. */
function calls(count: number): { args: (string | number | Uint8Array)[]; text: string[] }[] {
  return Array.from({ length: count }, (_, call) => {
    const args = Array.from({ length: 1 + call % 5 }, (_, at) => {
      if ((call + at) % 4 === 1) return at % 2 === 0 ? `text ${call}` : call;
      const size = SIZES[(call * 7 + at * 3) % SIZES.length]!;
      return new Uint8Array(size).fill(97 + (call + at) % 26);
    });
    const text = args.map((arg) => arg instanceof Uint8Array ? new TextDecoder().decode(arg) : String(arg));
    return { args, text };
  });
}

function spoil(args: readonly Arg[], how: number): void {
  for (const arg of args) {
    if (!(arg instanceof Uint8Array)) continue;
    arg.fill(33);
    if (how % 3 === 0 && arg.length > 0) structuredClone(arg, { transfer: [arg.buffer as ArrayBuffer] });
  }
}

describe("byte arguments of a command that is sent again", () => {
  for (const count of [1, 2, 100, 700]) {
    it(`after a refusal: ${count} at once`, async () => {
      const simulated = new Simulated();
      const refused = new Set<string>();
      const received = new Map<string, string[]>();
      simulated.peer.script = ([name, key, ...values], connection) => {
        if (name !== "RPUSH") return connection.serve();
        if (!refused.has(key!)) {
          refused.add(key!);
          return new Raw("-LOADING Redis is loading the dataset in memory\r\n");
        }
        received.set(key!, values);
        return connection.serve();
      };
      await using redis = new Redis(simulated.options({ commandTimeout: 0 }));
      const all = calls(count);
      const outcomes = all.map(({ args }, at) => {
        const outcome = new Outcome(redis.rpush(`k${at}`, ...args as [Arg]));
        spoil(args, at);
        return outcome;
      });
      await simulated.clock.advance(60_000);
      for (const [at, { text }] of all.entries()) {
        assert.equal(outcomes[at]!.state, "resolved", String(outcomes[at]!.error));
        assert.deepEqual(received.get(`k${at}`), text);
      }
    });

    it(`after a loss: ${count} at once`, async () => {
      const simulated = new Simulated();
      const received = new Map<string, string[]>();
      let lost = false;
      simulated.peer.script = ([name, key, ...values], connection) => {
        if (name !== "RPUSH") return connection.serve();
        if (!lost) {
          lost = true;
          void connection.close();
          return undefined;
        }
        if (connection.closed) return undefined;
        received.set(key!, values);
        return connection.serve();
      };
      await using redis = new Redis(
        simulated.options({ commandTimeout: 0, retry: { attempts: 9, unsafe: true } }),
      );
      await redis.connect();
      const all = calls(count);
      const outcomes = all.map(({ args }, at) => {
        const outcome = new Outcome(redis.rpush(`k${at}`, ...args as [Arg]));
        spoil(args, at);
        return outcome;
      });
      await simulated.clock.advance(60_000);
      for (const [at, { text }] of all.entries()) {
        assert.equal(outcomes[at]!.state, "resolved", String(outcomes[at]!.error));
        assert.deepEqual(received.get(`k${at}`), text);
      }
    });
  }

  it("above 16 KiB are not copied, and stay the same object", () => {
    const [small, big, empty] = [new Uint8Array(16_384).fill(1), new Uint8Array(16_385), new Uint8Array(0)];
    const args = [small, "text", big, 7, empty];
    const spec = { name: "RPUSH", head: new Uint8Array(0), words: 1, flags: 0 };
    const pending = new Pending({ spec, args, parse: undefined }, 0, 0);
    pending.sender = { recover: () => false };
    copyArguments(pending);
    small.fill(2);
    const restored = pending.copies!.restore(args, pending.copiesStart);
    assert.deepEqual(restored[0], new Uint8Array(16_384).fill(1));
    assert.equal(restored[2], big);
    assert.deepEqual([restored[1], restored[3], restored[4]], ["text", 7, empty]);
  });
});
