/** Every type, whole and cut at every byte. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ReplyError } from "../../src/errors.ts";
import { DecodeMode, type Reply } from "../../src/resp/types.ts";
import { fixtures } from "./fixtures.ts";
import { encode, object, Recorder, single, type Told } from "./recorder.ts";

function expected(value: Reply): Told[] {
  return ["begin", value instanceof ReplyError ? { error: value } : { reply: value }];
}

for (const mode of ["text", "bytes", "replace"] as const) {
  describe(`replies in mode ${mode}`, () => {
    for (const { name, wire, text, bytes } of fixtures) {
      it(name, () => {
        const value = mode === "bytes" && bytes !== undefined ? bytes : text;
        const sent = encode(wire);
        // A second reply shows that the first one was read to its end and no further.
        const next = encode(":7\r\n");
        const want = [...expected(value), ...expected(7)];
        assert.deepEqual(new Recorder(DecodeMode[mode]).write(encode(`${wire}:7\r\n`)).told, want);

        const step = Math.max(1, Math.floor(sent.length / 300));
        for (let at = 1; at < sent.length; at += step) {
          const recorder = new Recorder(DecodeMode[mode]).write(sent.slice(0, at));
          assert.ok(recorder.decoder.partial, `cut at ${at}`);
          recorder.write(sent.slice(at));
          assert.ok(!recorder.decoder.partial, `cut at ${at}`);
          assert.deepEqual(recorder.write(next).told, want, `cut at ${at}`);
        }
        assert.deepEqual(new Recorder(DecodeMode[mode]).write(...single(sent), ...single(next)).told, want);
      });
    }
  });
}

describe("attributes, where they are asked for", () => {
  const mode = DecodeMode.attributes;

  it("go with a reply, an element, a key, an aggregate", () => {
    const wire = "|1\r\n+a\r\n:1\r\n*3\r\n|1\r\n+b\r\n:2\r\n*1\r\n|1\r\n+c\r\n:3\r\n+x\r\n:5\r\n" +
      "|1\r\n+d\r\n:4\r\n$1\r\ny\r\n";
    const want = {
      attributes: object({ a: 1 }),
      value: [
        { attributes: object({ b: 2 }), value: [{ attributes: object({ c: 3 }), value: "x" }] },
        5,
        { attributes: object({ d: 4 }), value: "y" },
      ],
    };
    assert.deepEqual(new Recorder(mode).write(wire).replies, [want]);
    assert.deepEqual(new Recorder(mode).write(...single(encode(wire))).replies, [want]);
  });

  it("leave the next reply alone", () => {
    assert.deepEqual(new Recorder(mode).write("|1\r\n+a\r\n:1\r\n-ERR x\r\n:1\r\n$1\r\nx\r\n").replies, [
      1,
      "x",
    ]);
    assert.deepEqual(new Recorder(mode).write("*?\r\n:1\r\n|1\r\n+a\r\n:1\r\n.\r\n:2\r\n").replies, [[1], 2]);
  });

  it("survive a push that comes between", () => {
    const { told } = new Recorder(mode).write("|1\r\n+a\r\n:1\r\n>1\r\n+p\r\n:1\r\n");
    assert.deepEqual(told, ["begin", { push: ["p"] }, { reply: { attributes: object({ a: 1 }), value: 1 } }]);
  });
});

describe("pushes", () => {
  const push = ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n*1\r\n$2\r\nhi\r\n";
  const values = ["message", encode("c"), [encode("hi")]];

  it("are told apart from replies, whether one is pending or not", () => {
    const wire = encode(`${push}+OK\r\n${push}$1\r\nx\r\n${push}`);
    const want = [{ push: values }, "begin", { reply: "OK" }, { push: values }, "begin", { reply: "x" }, {
      push: values,
    }];
    assert.deepEqual(new Recorder().write(wire).told, want);
    assert.deepEqual(new Recorder().write(...single(wire)).told, want);
    for (let at = 1; at < wire.length; at++) {
      assert.deepEqual(new Recorder().write(wire.slice(0, at), wire.slice(at)).told, want, `cut at ${at}`);
    }
  });

  it("may stand between the elements of a reply, at any depth", () => {
    const wire = encode(`*2\r\n${push}+a\r\n${push}%1\r\n${push}+k\r\n*1\r\n${push}:7\r\n+OK\r\n`);
    const pushed = { push: values };
    const want = [
      "begin",
      pushed,
      pushed,
      pushed,
      pushed,
      { reply: ["a", object({ k: [7] })] },
      "begin",
      { reply: "OK" },
    ];
    assert.deepEqual(new Recorder().write(wire).told, want);
    assert.deepEqual(new Recorder().write(...single(wire)).told, want);
    for (let at = 1; at < wire.length; at++) {
      assert.deepEqual(new Recorder().write(wire.slice(0, at), wire.slice(at)).told, want, `cut at ${at}`);
    }
  });

  it("have a kind that is text, whatever comes behind", () => {
    assert.deepEqual(new Recorder(DecodeMode.bytes).write(">1\r\n$1\r\nx\r\n").told, [{ push: ["x"] }]);
    const invalid = Uint8Array.of(...encode(">2\r\n+y\r\n$1\r\n"), 0xff, 13, 10);
    assert.deepEqual(new Recorder().write(invalid).told, [{ push: ["y", Uint8Array.of(0xff)] }]);
  });

  it("are called partial while they are", () => {
    const recorder = new Recorder().write(">2\r\n");
    assert.ok(recorder.decoder.partial);
    recorder.write("+x\r\n:1\r\n");
    assert.ok(!recorder.decoder.partial);
  });
});

describe("keys that mean something to JavaScript", () => {
  it("are keys like any other", () => {
    const [reply] =
      new Recorder().write("%2\r\n$9\r\n__proto__\r\n%1\r\n+x\r\n:1\r\n$11\r\nconstructor\r\n:2\r\n").replies;
    assert.deepEqual(Object.keys(reply as object), ["__proto__", "constructor"]);
    assert.equal(Object.getPrototypeOf(reply), Object.prototype);
    assert.equal(({} as { x?: number }).x, undefined);
  });
});

describe("values as bytes", () => {
  it("have memory of their own", () => {
    const [values] = new Recorder(DecodeMode.bytes).write(
      `*4\r\n$3\r\nabc\r\n$100\r\n${"x".repeat(100)}\r\n=7\r\ntxt:abc\r\n$?\r\n;2\r\nhi\r\n;0\r\n`,
    ).replies as [Uint8Array[]];
    const memory = new Set(values!.map((value) => value.buffer));
    assert.equal(memory.size, 4);
    for (const value of values!) assert.ok(value.buffer.byteLength <= value.length + 4);
  });

  it("are never one and the same, not even when empty", () => {
    const wire = encode("*2\r\n$0\r\n\r\n$0\r\n\r\n");
    for (const pieces of [[wire], single(wire)]) {
      const [values] = new Recorder(DecodeMode.bytes).write(...pieces).replies as [Uint8Array[]];
      assert.equal(new Set(values).size, 2);
    }
  });

  it("are plain Uint8Arrays, also out of chunks of another kind", () => {
    class Chunk extends Uint8Array {
      override slice(): never {
        throw new Error("not to be called");
      }
    }
    const recorder = new Recorder(DecodeMode.bytes);
    recorder.decoder.write(new Chunk(encode(`$40\r\n${"x".repeat(40)}\r\n`)));
    assert.deepEqual(recorder.replies, [encode("x".repeat(40))]);
  });
});
