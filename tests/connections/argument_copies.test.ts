/** Commands that are sent again carry the bytes that they were called with, whatever their caller did to those since. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import fc from "../harness/properties.ts";
import { Encoder } from "../../src/resp/encoder.ts";
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
    const encoder = new Encoder(() => {});
    encoder.command(spec.head, spec.words, args);
    copyArguments(pending, encoder);
    small.fill(2);
    const { args: kept } = pending.command;
    assert.deepEqual(kept[0], new Uint8Array(16_384).fill(1));
    assert.equal(kept[2], big);
    assert.deepEqual([kept[1], kept[3], kept[4]], ["text", 7, empty]);
  });

  it("are those that were sent, whatever else shares the arena, and whenever it is used again", () => {
    const size = fc.oneof(fc.nat(40), fc.constantFrom(0, 9, 10, 99, 100, 500));
    const arg = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      size.map((length) => new Uint8Array(length).fill(65)),
      fc.constantFrom<Arg>("", "text", "\u00e9\r\n$9\r\n", 7, -1, 0.5, 10n, "x".repeat(300)),
    );
    const command = fc.record({ args: fc.array(arg, { maxLength: 4 }), take: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 25 }),
        fc.integer({ min: 60, max: 2_000 }),
        (commands, arenaSize) => {
          const views: Uint8Array[] = [];
          const encoder: Encoder = new Encoder((view) => void views.push(view), {
            arenaSize,
            firstSize: 50,
            copyLimit: 200,
          });
          const head = new TextEncoder().encode("$5\r\nRPUSH\r\n");
          const all = commands.map(({ args, take }) => {
            const given = args.map((one) => one instanceof Uint8Array ? one.slice() : one);
            const pending = new Pending(
              { spec: { name: "", head, words: 1, flags: 0 }, args: given, parse: undefined },
              0,
              0,
            );
            pending.sender = { recover: () => false };
            encoder.command(head, 1, given);
            if (encoder.copied) copyArguments(pending, encoder);
            encoder.copied = false;
            for (const one of given) if (one instanceof Uint8Array && one.length <= 200) one.fill(33);
            if (take) views.push(encoder.take());
            // The socket has sent them: their memory is used again.
            for (const view of views.splice(0)) {
              encoder.give(view);
              if (!(given as readonly unknown[]).includes(view)) view.fill(33);
            }
            return pending;
          });
          all.forEach(({ command, copies, copiesStart }, index) => {
            const restored = copies?.restore(command.args, copiesStart, head.length) ?? command.args;
            assert.deepEqual(restored, commands[index]!.args);
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});
