/** Bytes that are read straight into the memory of a long string. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { DecodeMode, type Reply } from "../../src/resp/types.ts";
import { Dice } from "../harness/dice.ts";
import { encode, Recorder } from "./recorder.ts";

const SIZES = [0, 5, 16_383, 16_384, 60_000, 100_000, 1_048_575, 1_048_576, 1_048_577, 2_500_000];
const source = new Uint8Array(SIZES.at(-1)!);
for (let at = 0; at < source.length; at++) source[at] = 32 + ((at * 31) ^ (at >> 8)) % 64;

function same(reply: Reply | undefined, expected: Uint8Array): boolean {
  const bytes = typeof reply === "string" ? encode(reply) : reply;
  return bytes instanceof Uint8Array && Buffer.compare(bytes, expected) === 0;
}

/** A reply of strings, and its bytes. */
function draw(dice: Dice): { readonly strings: readonly Uint8Array[]; readonly wire: Uint8Array } {
  const strings = Array.from({ length: dice.between(1, 4) }, () => {
    const start = dice.below(32);
    return source.subarray(start, Math.min(source.length, start + dice.pick(SIZES)));
  });
  const parts = strings.flatMap((one) => [encode(`$${one.length}\r\n`), one, encode("\r\n")]);
  return { strings, wire: Buffer.concat([encode(`*${strings.length}\r\n`), ...parts]) };
}

describe("the memory that a decoder offers for the next bytes", () => {
  for (const mode of ["bytes", "text", "latin1"] as const) {
    it(`is right for any part of them, or for none (${mode})`, () => {
      const dice = new Dice(7);
      let used = 0;
      for (let round = 0; round < 12; round++) {
        const { strings, wire } = draw(dice);
        const { decoder, replies } = recorderOf(DecodeMode[mode]);
        for (let at = 0; at < wire.length;) {
          const into = dice.below(4) === 0 ? undefined : decoder.destination();
          const most = dice.pick([30, 70_000, 3_000_000]);
          if (into === undefined) {
            // It may have been asked for, and other bytes still come.
            if (dice.below(2) === 0) decoder.destination();
            const chunk = wire.slice(at, at + dice.between(1, most));
            decoder.write(chunk);
            chunk.fill(0xaa);
            at += chunk.length;
          } else {
            assert.ok(into.length <= 1_048_576, "one read would take long");
            const length = Math.min(into.length, dice.between(1, most));
            into.set(wire.subarray(at, at + length));
            decoder.write(into.subarray(0, length));
            at += length;
            used++;
          }
        }
        const [reply] = replies() as Reply[][];
        assert.equal(reply?.length, strings.length);
        strings.forEach((one, index) =>
          assert.ok(same(reply![index], one), `string ${index} of ${one.length}`)
        );
        assert.equal(decoder.partial, false);
        assert.equal(decoder.destination(), undefined);
        if (mode !== "bytes") continue;
        for (const one of reply as Uint8Array[]) assert.equal(one.buffer.byteLength, one.length);
      }
      assert.ok(used > 10, `${used} times`);
    });
  }

  it("is what a value of bytes has in the end, without a copy", () => {
    const { decoder, replies } = recorderOf(DecodeMode.bytes);
    const value = source.subarray(0, 300_000);
    decoder.write(Buffer.concat([encode(`$${value.length}\r\n`), value.subarray(0, 1_000)]));
    const into = decoder.destination()!;
    assert.equal(into.length, value.length - 1_000);
    into.set(value.subarray(1_000));
    decoder.write(into);
    decoder.write(encode("\r\n"));
    const [reply] = replies() as Uint8Array[];
    assert.ok(same(reply, value));
    assert.equal(reply!.buffer, into.buffer);
  });
});

function recorderOf(mode: number): { decoder: Recorder["decoder"]; replies(): Reply[] } {
  const recorder = new Recorder(mode);
  return { decoder: recorder.decoder, replies: () => recorder.replies };
}
