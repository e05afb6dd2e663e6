import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { ByteBuffer } from "../../src/resp/buffer.ts";
import { Dice } from "../harness/dice.ts";

describe("a buffer of several chunks", () => {
  it("has the bytes of all chunks, whatever their sizes and the announced length", () => {
    const dice = new Dice(1);
    const source = new Uint8Array(1_500_000);
    for (let at = 0; at < source.length; at++) source[at] = (at * 31) ^ (at >> 8);
    for (const total of [0, 1, 63, 70_000, 1_400_000, 9_000_000, 9_437_184, 11_000_000]) {
      for (const bound of [total, Infinity]) {
        const buffer = new ByteBuffer();
        const expected = new Uint8Array(total);
        for (let at = 0; at < total;) {
          const start = dice.below(1_000);
          const length = Math.min(total - at, dice.between(1, dice.pick([100, 70_000, 1_400_000])));
          buffer.add(source, start, start + length, bound);
          expected.set(source.subarray(start, start + length), at);
          at += length;
          assert.ok(buffer.room <= Math.max(64, buffer.length * 4));
        }
        assert.ok(Buffer.compare(buffer.view(), expected) === 0, `${total} bytes, bound ${bound}`);
        const taken = buffer.take();
        assert.ok(Buffer.compare(taken, expected) === 0, `${total} bytes taken, bound ${bound}`);
        assert.equal(taken.buffer.byteLength, total, "the memory is its own");
        assert.equal(buffer.length, 0);
        buffer.add(source, 0, 10, 10);
        assert.deepEqual(buffer.take(), source.slice(0, 10));
      }
    }
  });

  it("moves a bounded number of bytes for each chunk", () => {
    // The work for a chunk is what is written into new memory.
    const written: number[] = [];
    const { set } = Uint8Array.prototype;
    const chunk = new Uint8Array(65_536);
    Uint8Array.prototype.set = function (from: ArrayLike<number>, at?: number) {
      written[written.length - 1]! += from.length;
      set.call(this, from, at);
    };
    try {
      for (const chunks of [150, 160, 300, 1_023]) {
        const buffer = new ByteBuffer();
        for (let count = 0; count < chunks; count++) {
          written.push(0);
          buffer.add(chunk, 0, chunk.length, chunks * chunk.length);
        }
        written.push(0);
        buffer.view();
      }
    } finally {
      Uint8Array.prototype.set = set;
    }
    assert.ok(Math.max(...written) <= 4_194_304, `${Math.max(...written)} bytes`);
  });
});
