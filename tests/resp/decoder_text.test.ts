/** Text: windows and their borders, invalid bytes, byte order marks, the other modes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EncodingError } from "../../src/errors.ts";
import { TextReader } from "../../src/resp/text_reader.ts";
import { DecodeMode } from "../../src/resp/types.ts";
import { cut, encode, Recorder, single } from "./recorder.ts";

function join(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) => typeof part === "string" ? encode(part) : part);
  return new Uint8Array(bytes.flatMap((part) => [...part]));
}

function bulk(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? encode(value) : value;
  return join(`$${bytes.length}\r\n`, bytes, "\r\n");
}

function array(values: readonly (string | Uint8Array)[]): Uint8Array {
  return join(`*${values.length}\r\n`, ...values.map(bulk));
}

describe("windows", () => {
  // A character of two, three, four bytes at each place around the end of a window of 1,024 bytes.
  for (const character of ["é", "€", "😀", "\ufffd", "\ufeff"]) {
    it(`whose border cuts ${JSON.stringify(character)}`, () => {
      for (let before = 1000; before < 1030; before++) {
        const filler = Array.from({ length: 10 }, () => "x".repeat(90));
        const rest = "y".repeat(before - 970);
        const values = [...filler, rest, character, "z", `${character}a`, "tail"];
        assert.deepEqual(new Recorder().write(array(values)).replies, [values], `${before}`);
      }
    });
  }

  it("are as long as strings may be that are cut from them", () => {
    for (let length = 500; length < 525; length++) {
      const values = ["x".repeat(length), "y".repeat(length), `${"z".repeat(length - 2)}é`, "a"];
      assert.deepEqual(new Recorder().write(array(values)).replies, [values]);
    }
    for (let length = 1015; length < 1035; length++) {
      const values = ["x".repeat(length), "y"];
      assert.deepEqual(new Recorder().write(array(values)).replies, [values]);
    }
  });

  it("are tried again behind text that is not ASCII", () => {
    const values = Array.from({ length: 3000 }, (_, i) => i % 1000 < 30 ? `né${i}` : `value:${i}`);
    assert.deepEqual(new Recorder().write(array(values)).replies, [values]);
    const reader = new TextReader();
    const ascii = encode("x".repeat(200_000));
    const other = encode("é".repeat(2000));
    reader.reset();
    for (let at = 0; at < 4000; at += 10) reader.read(other, at, at + 10, other.length, 0);
    assert.equal(reader.last, 0);
    reader.reset();
    reader.read(ascii, 0, 10, ascii.length, 0);
    assert.equal(reader.last - reader.first, 1024);
  });

  it("bound what a kept string can hold, and are let go at the end of a chunk", () => {
    const reader = new TextReader();
    const chunk = encode("x".repeat(65_536));
    for (let at = 0; at + 300 < chunk.length; at += 300) {
      reader.read(chunk, at, at + 256, chunk.length, 0);
      assert.ok(reader.window.length <= 1024);
      assert.equal(reader.window.length, reader.last - reader.first);
    }
    reader.reset();
    assert.equal(reader.window, "");
  });

  it("never reach from one chunk into the next", () => {
    const first = array(["a".repeat(20), "b".repeat(20)]);
    const second = array(["c".repeat(20), "d".repeat(20)]);
    const recorder = new Recorder().write(first, second);
    assert.deepEqual(recorder.replies, [["a".repeat(20), "b".repeat(20)], ["c".repeat(20), "d".repeat(20)]]);
  });

  it("serve short strings, too", () => {
    for (let length = 0; length < 60; length++) {
      const text = "0123456789".repeat(6).slice(0, length);
      assert.deepEqual(new Recorder().write(bulk(text)).replies, [text]);
      const other = `${text}é`;
      assert.deepEqual(new Recorder().write(bulk(other), bulk(other)).replies, [other, other]);
    }
  });
});

/** Bytes that are no UTF-8; as a WHATWG decoder replaces them, and each byte a character. */
const invalid: readonly (readonly [string, number[], replaced: string, latin1: string])[] = [
  ["a lone continuation byte", [0x80], "\ufffd", "\x80"],
  ["a lead byte alone", [0xc3], "\ufffd", "Ã"],
  ["a lead byte before ASCII", [0xc3, 0x61], "\ufffda", "Ãa"],
  ["a character cut short", [0xe2, 0x82], "\ufffd", "â\x82"],
  ["an overlong form", [0xc0, 0xaf], "\ufffd\ufffd", "À¯"],
  ["a surrogate", [0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd", "í\xa0\x80"],
  ["a byte that never occurs", [0x61, 0xff, 0x62], "a\ufffdb", "aÿb"],
];

describe("invalid UTF-8", () => {
  for (const [name, codes, replaced, latin1] of invalid) {
    const bytes = Uint8Array.from(codes);
    for (const around of ["", "x".repeat(30), "x".repeat(400)]) {
      const value = join(around, bytes, around);
      it(`${name} between ${around.length} characters`, () => {
        for (const sent of [[bulk(value)], single(bulk(value)), cut(bulk(value), [around.length + 6])]) {
          const recorder = new Recorder().write(...sent, bulk("next"));
          const [, told, ...rest] = recorder.told;
          assert.ok(typeof told === "object" && "error" in told && told.error instanceof EncodingError);
          assert.deepEqual(told.error.bytes, value);
          assert.equal(told.error.code, "ENCODING");
          assert.deepEqual(rest, ["begin", { reply: "next" }]);
          const as = (mode: number) => new Recorder(mode).write(...sent).replies;
          assert.deepEqual(as(DecodeMode.replace), [around + replaced + around]);
          assert.deepEqual(as(DecodeMode.latin1), [around + latin1 + around]);
          assert.deepEqual(as(DecodeMode.bytes), [value]);
        }
      });
    }
  }

  it("within an aggregate refuses the whole, once, with the first of the values", () => {
    const bad = Uint8Array.of(0xff);
    const worse = Uint8Array.of(0xfe, 0xfe);
    const wire = join("*3\r\n*1\r\n", bulk(bad), bulk(worse), ":1\r\n", bulk("next"));
    for (const pieces of [[wire], single(wire)]) {
      const [, told, ...rest] = new Recorder().write(...pieces).told;
      assert.ok(typeof told === "object" && "error" in told && told.error instanceof EncodingError);
      assert.deepEqual(told.error.bytes, bad);
      assert.deepEqual(told.error.reply, [[bad], worse, 1]);
      assert.deepEqual(rest, ["begin", { reply: "next" }]);
    }
  });

  it("in a simple string refuses it, or is replaced for clients of bytes", () => {
    const wire = join("+", Uint8Array.of(0xff), "\r\n");
    assert.ok("error" in (new Recorder().write(wire).told[1] as object));
    assert.deepEqual(new Recorder(DecodeMode.bytes).write(wire).replies, ["\ufffd"]);
  });

  it("in an error reply, a skipped attribute or the kind of a push is replaced", () => {
    const wire = join(
      "|1\r\n+k\r\n",
      bulk(Uint8Array.of(0xff)),
      "-ERR ",
      Uint8Array.of(0xff),
      "\r\n:1\r\n>1\r\n+",
      Uint8Array.of(0xff),
      "\r\n",
    );
    const { told } = new Recorder().write(wire);
    assert.match((told[1] as { error: Error }).error.message, /^ERR \ufffd$/);
    assert.deepEqual(told.slice(2), ["begin", { reply: 1 }, { push: ["\ufffd"] }]);
  });
});

describe("latin1", () => {
  it("is each byte a character, all 256 of them, at any length", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const text = String.fromCharCode(...all);
    assert.deepEqual(new Recorder(DecodeMode.latin1).write(bulk(all)).replies, [text]);
    const long = new Uint8Array(20_000).fill(0xe9);
    assert.deepEqual(new Recorder(DecodeMode.latin1).write(bulk(long)).replies, ["é".repeat(20_000)]);
  });
});

describe("a string that is too long for a text of the runtime", () => {
  it("is the error of its own reply, with the bytes; what follows is read", () => {
    const { decode } = TextDecoder.prototype;
    // As V8 does from 512 MiB on, which no test should need.
    TextDecoder.prototype.decode = function (this: TextDecoder, ...given: Parameters<typeof decode>) {
      if ((given[0] as Uint8Array).byteLength > 50_000) {
        throw new RangeError("Cannot create a string longer than ...");
      }
      return decode.apply(this, given);
    };
    try {
      const long = new Uint8Array(60_000).fill(65);
      for (const mode of [DecodeMode.text, DecodeMode.replace, DecodeMode.latin1]) {
        for (const size of [70_000, 7_000]) {
          const recorder = new Recorder(mode);
          const wire = join("*2\r\n:1\r\n", bulk(long), "+next\r\n");
          for (let at = 0; at < wire.length; at += size) recorder.write(wire.slice(at, at + size));
          const told = recorder.told.filter((one) => one !== "begin") as {
            error?: EncodingError;
            reply?: unknown;
          }[];
          assert.ok(told[0]!.error instanceof EncodingError);
          assert.deepEqual(told[0]!.error.bytes, long);
          assert.deepEqual(told[1], { reply: "next" });
        }
      }
    } finally {
      TextDecoder.prototype.decode = decode;
    }
  });
});
