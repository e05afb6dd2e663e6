/** Memory for big values: used again once it has been given back, and never before. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteBuffer } from "../../src/resp/buffer.ts";
import { Encoder } from "../../src/resp/encoder.ts";
import { borrow, giveBack } from "../../src/resp/scratch.ts";
import { DecodeMode } from "../../src/resp/types.ts";
import { encode, Recorder } from "./recorder.ts";

const SET = encode("$3\r\nSET\r\n");
const decoder = new TextDecoder();

/** Whatever other tests of this process have left is taken out first. */
function emptied(): void {
  while (borrow(16_384).length > 16_384);
}

describe("borrowed memory", () => {
  it("is what was given back, the smallest that is big enough", () => {
    emptied();
    const [big, small] = [new Uint8Array(300_000), new Uint8Array(100_000)];
    giveBack(big);
    giveBack(small);
    assert.equal(borrow(90_000), small);
    assert.equal(borrow(90_000), big);
    assert.notEqual(borrow(90_000), big);
  });

  it("is not kept beyond two pieces, nor of more than 4 MiB, nor of little", () => {
    emptied();
    const pieces = [20_000, 40_000, 30_000, 5_000_000, 1000].map((size) => new Uint8Array(size));
    for (const piece of pieces) giveBack(piece);
    assert.equal(borrow(20_000), pieces[2]);
    assert.equal(borrow(20_000), pieces[1]);
    assert.equal(borrow(20_000).length, 20_000);
    assert.equal(borrow(1000).length, 1000);
  });
});

describe("a long text to be sent", () => {
  it("stands in borrowed memory until it is given back, and others elsewhere", () => {
    emptied();
    const pieces: Uint8Array[] = [];
    const encoder = new Encoder((bytes) => pieces.push(bytes));
    const [first, second] = ["a".repeat(50_000), "b".repeat(50_000)];
    encoder.command(SET, 1, ["k", first]);
    const one = pieces.at(-1)!;
    encoder.command(SET, 1, ["k", second]);
    const two = pieces.at(-1)!;
    assert.notEqual(one.buffer, two.buffer);
    assert.ok(decoder.decode(one) === first);
    encoder.give(one);
    encoder.command(SET, 1, ["k", second]);
    assert.equal(pieces.at(-1)!.buffer, one.buffer);
    assert.ok(decoder.decode(two) === second);
  });

  for (
    const [kind, text] of [["of two bytes", "\u00e9"], ["of three bytes", "\u65e5"], ["of four", "\u{1f600}"]]
  ) {
    for (const times of [20_000, 600_000]) {
      it(`is whole where its characters are ${kind}, ${times} of them behind others`, () => {
        const pieces: Uint8Array[] = [];
        const encoder = new Encoder((bytes) => pieces.push(bytes.slice()));
        const value = "plain".repeat(100) + text!.repeat(times);
        encoder.command(SET, 1, ["k", value]);
        const { length } = encode(value);
        assert.ok(decoder.decode(pieces.at(-1)) === value);
        assert.ok(decoder.decode(pieces.at(-2)).endsWith(`$${length}\r\n`));
      });
    }
  }
});

describe("a long reply in several chunks", () => {
  const value = "0123456789".repeat(20_000);
  const wire = encode(`$${value.length}\r\n${value}\r\n`);

  it("is right while another connection is in the middle of one", () => {
    const other = encode(`$${value.length}\r\n${value.replaceAll("0", "x")}\r\n`);
    const [one, two] = [new Recorder(), new Recorder()];
    for (let at = 0; at < wire.length; at += 30_000) {
      one.write(wire.subarray(at, at + 30_000));
      two.write(other.subarray(at, at + 30_000));
    }
    assert.ok(one.replies[0] === value);
    assert.ok(two.replies[0] === value.replaceAll("0", "x"));
  });

  it("as bytes is in memory of its own", () => {
    const recorder = new Recorder(DecodeMode.bytes);
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < wire.length; at += 30_000) recorder.write(wire.subarray(at, at + 30_000));
    }
    const [first, second] = recorder.replies as Uint8Array[];
    assert.equal(first!.buffer.byteLength, value.length);
    assert.notEqual(first!.buffer, second!.buffer);
    assert.ok(decoder.decode(first) === value);
  });

  it("can be looked at until the buffer is cleared", () => {
    const buffer = new ByteBuffer();
    buffer.add(wire, 0, 40_000, wire.length);
    buffer.add(wire, 40_000, wire.length, wire.length);
    assert.deepEqual(buffer.view(), wire);
    buffer.clear();
    assert.equal(buffer.length, 0);
    assert.equal(buffer.room, 0);
  });
});
