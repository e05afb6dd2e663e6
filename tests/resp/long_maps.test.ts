/** Maps of more elements than are added at once. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PART, toMap } from "../../src/resp/maps.ts";
import { DecodeMode, type Reply } from "../../src/resp/types.ts";
import { Dice } from "../harness/dice.ts";
import { encode, Recorder } from "./recorder.ts";

const PAIRS = PART / 2;
/** RESP of a value, and the value in the mode. */
type Written = readonly [wire: string, value: Reply];

function text(words: string, mode: number): Written {
  return [`$${words.length}\r\n${words}\r\n`, mode === DecodeMode.bytes ? encode(words) : words];
}

/** Draws a key: usually text, also integers as text, the same ones again, and `__proto__`. */
function key(dice: Dice, mode: number, other: boolean): Written {
  if (other && dice.below(200) === 0) return [":5\r\n", 5];
  const words = dice.pick([`field:${dice.below(9_999)}`, `field:${dice.below(9)}`, `${dice.below(999)}`]);
  return text(dice.below(999) === 0 ? "__proto__" : words, mode);
}

function value(dice: Dice, mode: number, depth = 0): Written {
  const kind = depth > 1 ? 9 : dice.below(60);
  if (kind === 0) return ["*0\r\n", []];
  if (kind === 1) {
    const [[wire, one], [key, two]] = [value(dice, mode, depth + 1), text("k", mode)];
    return [`*2\r\n${wire}%1\r\n${key}:1\r\n`, [one, toMap([two, 1], mode)]];
  }
  return kind === 2 ? ["_\r\n", null] : kind < 5 ? [`:${kind}\r\n`, kind] : text(`value ${kind}`, mode);
}

/** The fields in their order, as `deepEqual` ignores it. */
function listed(reply: Reply): unknown {
  return reply instanceof Map ? [...reply] : [Object.getPrototypeOf(reply), Object.entries(reply as object)];
}

describe("a long map", () => {
  for (const mode of ["text", "bytes", "resp2"] as const) {
    it(`is what one call would make of its keys and values, in whatever chunks (${mode})`, () => {
      const dice = new Dice(3);
      const bits = DecodeMode[mode];
      const sizes = [1, PAIRS - 1, PAIRS, PAIRS + 1, 2 * PAIRS, 2 * PAIRS + 1, 3_000];
      for (const size of mode === "resp2" ? [3_000] : sizes) {
        const other = dice.below(2) === 0;
        const flat: Reply[] = [];
        const wires: string[] = [];
        for (let index = 0; index < size; index++) {
          for (const [wire, one] of [key(dice, bits, other), value(dice, bits)]) {
            flat.push(one);
            wires.push(wire);
            if (dice.below(300) === 0) wires.push(">2\r\n+pubsub\r\n:1\r\n");
          }
        }
        const inner = `%${size}\r\n${wires.join("")}`;
        const wire = encode(`*3\r\n:1\r\n${inner}+after\r\n`);
        const recorder = new Recorder(bits);
        for (let at = 0; at < wire.length;) {
          const end = at + dice.between(1, dice.pick([40, 9_000, 99_000]));
          recorder.write(wire.subarray(at, end));
          at = end;
        }
        const [reply] = recorder.replies as Reply[][];
        const [before, map, after] = reply!;
        assert.deepEqual([before, after], [1, "after"]);
        if (mode === "resp2") {
          assert.equal((map as Reply[]).length, flat.length);
          continue;
        }
        const expected = toMap(flat, bits);
        assert.deepEqual(listed(map!), listed(expected));
        assert.equal(recorder.decoder.partial, false);
      }
    });
  }

  it("is an error reply's neighbour as before, and ends with its reply", () => {
    const fields = Array.from({ length: 5_000 }, (_, index) => `$5\r\n${10_000 + index}\r\n:${index}\r\n`)
      .join("");
    const recorder = new Recorder().write(
      `%5000\r\n${fields}`,
      "-ERR no\r\n",
      `%5000\r\n${fields}`,
      "+OK\r\n",
    );
    const [first, second, last] = recorder.replies;
    assert.equal(Object.keys(first as object).length, 5_000);
    assert.deepEqual(first, second);
    assert.equal(last, "OK");
  });
});
