/** Arbitrary replies, in arbitrary chunks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "../harness/properties.ts";
import { ProtocolError, ReplyError } from "../../src/errors.ts";
import { DecodeMode } from "../../src/resp/types.ts";
import { cut, encode, Recorder, type Told } from "./recorder.ts";
import { reply } from "./replies.ts";

const push = encode(">2\r\n+p\r\n$1\r\nx\r\n");
const pushed: Told = { push: ["p", encode("x")] };

describe("arbitrary replies", () => {
  for (const mode of ["text", "bytes"] as const) {
    it(`arrive as they were sent, in whatever pieces, as ${mode}`, () => {
      const samples = fc.array(fc.tuple(reply, fc.boolean()), { minLength: 1, maxLength: 6 });
      const places = fc.array(fc.nat(10_000), { maxLength: 30 });
      fc.assert(
        fc.property(samples, places, (sent, at) => {
          const want: Told[] = [];
          const wire: number[] = [];
          for (const [sample, withPush] of sent) {
            if (withPush) {
              wire.push(...push);
              want.push(pushed);
            }
            wire.push(...sample.wire);
            const value = sample[mode];
            want.push("begin", value instanceof ReplyError ? { error: value } : { reply: value });
          }
          const bytes = Uint8Array.from(wire);
          const recorder = new Recorder(DecodeMode[mode]).write(...cut(bytes, at));
          assert.deepEqual(recorder.told, want);
          assert.equal(recorder.decoder.partial, false);
          assert.deepEqual(new Recorder(DecodeMode[mode]).write(bytes).told, want);
        }),
        { numRuns: 200 },
      );
    });
  }
});

describe("arbitrary bytes", () => {
  it("are refused with a ProtocolError, or accepted, alike in whatever pieces", () => {
    // Bytes that often look like RESP.
    const byte = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...encode("$*:+-_#,(!=%~|>;.?0123\r\n")) },
      fc.nat(255),
    );
    const token = fc.oneof(
      fc.array(byte, { maxLength: 6 }),
      fc.constantFrom(
        "\r\n",
        "*2\r\n",
        "$1\r\n",
        "%1\r\n",
        "|1\r\n",
        "$?\r\n",
        ";1\r\n",
        ">1\r\n",
        "x\r\n",
        ":1\r\n",
        ".\r\n",
      )
        .map((text) => [...encode(text)]),
    );
    const outcome = (pieces: readonly Uint8Array[]): readonly Told[] => {
      const recorder = new Recorder();
      try {
        recorder.write(...pieces);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
      // A reply that fails may have begun or not, as far as it was read.
      return recorder.told.filter((told) => told !== "begin");
    };
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 20 }),
        fc.array(fc.nat(200), { maxLength: 10 }),
        (tokens, places) => {
          const bytes = Uint8Array.from(tokens.flat());
          assert.deepEqual(outcome(cut(bytes, places)), outcome([bytes]));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
