/** Text that is decoded while it arrives. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "../harness/properties.ts";
import { EncodingError } from "../../src/errors.ts";
import { LongText } from "../../src/resp/long_text.ts";
import { textOf } from "../../src/resp/strings.ts";
import { DecodeMode } from "../../src/resp/types.ts";
import { encode, Recorder } from "./recorder.ts";

/** Valid characters of all lengths, and bytes that are valid only beside others, or never. */
const part = fc.oneof(
  fc.constantFrom("a", "é", "€", "😀", "\ufffd", "\ufeff", "plain text").map(encode),
  fc.constantFrom([0x80], [0xbf], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xed, 0xa0], [0xf8], [0xff])
    .map((bytes) => Uint8Array.from(bytes)),
);
const valid = fc.constantFrom("a", "é", "€", "😀", "\ufffd", "\ufeff", "plain text").map(encode);

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((one) => [...one]));
}

describe("a long text", () => {
  for (const mode of ["text", "replace", "latin1"] as const) {
    it(`is what decoding it at once returns, in whatever chunks and pieces, as ${mode}`, () => {
      const parts = fc.oneof(fc.array(valid, { maxLength: 40 }), fc.array(part, { maxLength: 40 }));
      fc.assert(
        fc.property(
          parts,
          fc.integer({ min: 4, max: 40 }),
          fc.integer({ min: 1, max: 60 }),
          (all, size, step) => {
            const bytes = join(all);
            const text = new LongText(DecodeMode[mode], size);
            for (let at = 0; at < bytes.length; at += step) {
              text.add(bytes, at, Math.min(bytes.length, at + step), bytes.length);
            }
            assert.equal(text.length, bytes.length);
            assert.deepEqual(text.finish(), textOf(bytes, DecodeMode[mode]) ?? bytes);
          },
        ),
        { numRuns: 300 },
      );
    });
  }

  it("of a reply is the same in all chunks; if it is invalid, its bytes come with the error", () => {
    const long = encode("long: €😀 ".repeat(300_000));
    const head = encode(`*2\r\n$${long.length}\r\n`);
    const tail = encode("\r\n$2\r\nok\r\n");
    const chunks: Uint8Array[] = [head.subarray(0, 7), head.subarray(7)];
    for (let at = 0; at < long.length; at += 65_521) chunks.push(long.subarray(at, at + 65_521));
    chunks.push(tail.subarray(0, 1), tail.subarray(1));
    const text = new TextDecoder().decode(long);
    const recorder = new Recorder().write(...chunks, "+OK\r\n");
    assert.equal(recorder.decoder.partial, false);
    assert.equal((recorder.replies[0] as string[]).join() === `${text},ok`, true);
    assert.equal(recorder.replies[1], "OK");
    long[3_000_000] = 0xff;
    const broken = new Recorder().write(...chunks, "+OK\r\n");
    const [told, next] = broken.told.filter((one) => one !== "begin");
    assert.ok(typeof told === "object" && "error" in told && told.error instanceof EncodingError);
    assert.equal(Buffer.compare(told.error.bytes, long), 0);
    assert.deepEqual((told.error.reply as unknown[])[1], "ok");
    assert.deepEqual(next, { reply: "OK" });
  });
});
