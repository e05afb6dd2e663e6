/** Input that is not RESP or exceeds a limit, and bounded memory meanwhile. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolError } from "../../src/errors.ts";
import { ByteBuffer } from "../../src/resp/buffer.ts";
import { Decoder } from "../../src/resp/decoder.ts";
import type { DecoderLimits } from "../../src/resp/types.ts";
import { encode, Recorder, single } from "./recorder.ts";

function refused(recorder: Recorder, message: RegExp, ...pieces: (string | Uint8Array)[]): void {
  assert.throws(() => recorder.write(...pieces), (error) => {
    assert.ok(error instanceof ProtocolError);
    assert.equal(error.code, "PROTOCOL");
    assert.match(error.message, message);
    return true;
  });
  assert.throws(() => recorder.write("+OK\r\n"), /one before could not be read/);
}

const malformed: readonly (readonly [name: string, wire: string, message: RegExp])[] = [
  ["an unknown type", "x\r\n", /"x" does not start a RESP value/],
  ["an unknown type within", "*1\r\nx\r\n", /"x" does not start/],
  ["a part at the top", ";1\r\na\r\n", /";1?" does not start/],
  ["an end at the top", ".\r\n", /"\." does not start/],
  ["an end in an array of known length", "*2\r\n:1\r\n.\r\n", /nothing streamed is open/],
  ["an end in a streamed string", "$?\r\n.\r\n", /nothing streamed is open/],
  ["a part outside a streamed string", "*1\r\n;1\r\na\r\n", /no streamed string/],
  ["a value in a streamed string", "$?\r\n$1\r\na\r\n", /has a part that is none/],
  ["an integer in a streamed string", "$?\r\n:1\r\n", /has a part that is none/],
  ["an error in a streamed string", "$?\r\n-ERR\r\n", /has a part that is none/],
  ["an aggregate in a streamed string", "$?\r\n*1\r\n", /has a part that is none/],
  ["a streamed map that ends with a key", "%?\r\n+a\r\n.\r\n", /ends with a key/],
  ["a streamed push", ">?\r\n", /">\?" is not a length/],
  ["a line without CR", ":1\n", /":" is not the start of a line/],
  ["an integer that is none", ":1a\r\n", /":1a" is not an integer/],
  ["an empty integer", ":\r\n", /":" is not an integer/],
  ["a sign alone", ":-\r\n", /":-" is not an integer/],
  ["an integer beyond 64 bits", ":123456789012345678901\r\n", /is not an integer/],
  ["a double that is none", ",1.2.3\r\n", /",1\.2\.3" is not a double/],
  ["a hexadecimal double", ",0x10\r\n", /is not a double/],
  ["an empty double", ",\r\n", /is not a double/],
  ["a big number that is none", "(12e3\r\n", /is not a big number/],
  ["a boolean that is none", "#x\r\n", /"#x" is not a boolean/],
  ["a boolean too long", "#true\r\n", /is not a boolean/],
  ["a null with something in it", "_x\r\n", /"_x" is not a null/],
  ["an end with something in it", "*?\r\n.x\r\n", /"\.x" is not the end/],
  ["a negative length of a bulk", "$-2\r\n", /"\$-2" is not a length/],
  ["a negative length of an array", "*-10\r\n", /is not a length/],
  ["a null map", "%-1\r\n", /is not a length/],
  ["a null verbatim", "=-1\r\n", /is not a length/],
  ["a length that is none", "$abc\r\n", /"\$abc" is not a length/],
  ["an empty length", "*\r\n", /is not a length/],
  ["a length with an endless row of digits", `*${"0".repeat(30)}\r\n`, /is not a length/],
  ["too many elements", "*4294967296\r\n", /4294967296 elements/],
  ["a billion elements", "*1000000000\r\n", /1000000000 elements are announced; maxElements is 100000000/],
  ["a set with too many elements", "~100000001\r\n", /100000001 elements/],
  ["a map with too many pairs", "%50000001\r\n", /100000002 elements/],
  ["a push with too many elements", ">999999999\r\n", /999999999 elements/],
  ["a bulk with another end", "$2\r\nabXY", /does not end with CRLF/],
  ["a bulk that is longer than announced", "$2\r\nabc\r\n", /does not end with CRLF/],
  ["a verbatim without a format", "=3\r\nabc\r\n", /start with its format/],
  ["a push in a push", ">2\r\n+x\r\n>1\r\n+y\r\n", /a push stands within/],
  ["a push in an array in a push", ">2\r\n+x\r\n*1\r\n>1\r\n+y\r\n", /a push stands within/],
  ["a push in a streamed string", "$?\r\n>1\r\n+x\r\n", /a push stands within/],
];

describe("malformed replies", () => {
  for (const [name, wire, message] of malformed) {
    it(name, () => {
      refused(new Recorder(), message, wire);
      refused(new Recorder(), message, ...single(encode(wire)));
    });
  }

  it("an endless big number", () => {
    refused(new Recorder(), /"\(9{39}"\.\.\. is not a big number/, `(${"9".repeat(70_000)}\r\n`);
  });

  it("are shown shortened and escaped", () => {
    refused(
      new Recorder(),
      /^Cannot read the reply: "a\\x00\\x1b\\"\\\\a{35}"\.\.\. does not/,
      `a\0\x1b"\\${"a".repeat(100)}`,
    );
  });

  it("name a server that speaks HTTP, and one that speaks TLS", () => {
    refused(
      new Recorder(),
      /the server speaks HTTP.*"HTTP\/1\.1 400 Bad Request"/,
      "HTTP/1.1 400 Bad Request\r\nServer: x\r\n",
    );
    refused(new Recorder(), /the server speaks TLS/, Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40));
    refused(new Recorder(), /the server speaks TLS/, Uint8Array.of(0x16, 3, 3, 0, 2, 2, 40));
  });

  it("never show what a string holds", () => {
    for (const wire of ["$6\r\nsecretX", "+secret\n", "-secret\n", "=6\r\nsecret\r\n", "!6\r\nsecretXX"]) {
      assert.throws(() => new Recorder().write(wire), (error: Error) => !error.message.includes("secret"));
    }
  });
});

describe("a handler that throws", () => {
  it("ends the decoder, with what it threw", () => {
    const decoder = new Decoder({
      begin() {
        throw new RangeError("nobody waits");
      },
      reply: () => {},
      error: () => {},
      push: () => {},
    });
    assert.throws(() => decoder.write(encode(":1\r\n")), /nobody waits/);
    assert.throws(
      () => decoder.write(encode(":1\r\n")),
      /one before could not be read/,
    );
  });

  it("must not write to its own decoder", () => {
    const decoder: Decoder = new Decoder({
      begin: () => 0,
      reply: () => decoder.write(encode(":1\r\n")),
      error: () => {},
      push: () => {},
    });
    assert.throws(() => decoder.write(encode(":1\r\n")), /another is being read/);
  });
});

describe("limits", () => {
  const nested = (depth: number) => "*1\r\n".repeat(depth) + ":1\r\n";

  function depthOf(value: unknown): number {
    let depth = 0;
    for (; Array.isArray(value); value = value[0]) depth++;
    return depth;
  }

  it("maxDepth, 128 unless set", () => {
    assert.equal(depthOf(new Recorder().write(nested(128)).replies[0]), 128);
    refused(new Recorder(), /nested deeper than maxDepth, 128/, nested(129));
    refused(new Recorder(), /maxDepth, 128/, nested(100_000));
    refused(new Recorder(0, { maxDepth: 2 }), /maxDepth, 2/, "*1\r\n%1\r\n+a\r\n*1\r\n");
    assert.equal(depthOf(new Recorder(0, { maxDepth: 100_000 }).write(nested(100_000)).replies[0]), 100_000);
  });

  const cases: readonly (readonly [DecoderLimits, accepted: string, refused: string, RegExp])[] = [
    [{ maxLineLength: 6 }, "+abcde\r\n", "+abcdef\r\n", /line is longer than maxLineLength, 6/],
    [{ maxLineLength: 6 }, "-ERR x\r\n", "-ERR xy\r\n", /maxLineLength, 6/],
    [{ maxBulkLength: 5 }, "$5\r\nabcde\r\n", "$6\r\nabcdef\r\n", /6 bytes is announced; maxBulkLength is 5/],
    [{ maxBulkLength: 5 }, "!5\r\nERR x\r\n", "!6\r\n", /maxBulkLength is 5/],
    [{ maxBulkLength: 5 }, "=5\r\ntxt:x\r\n", "=6\r\n", /maxBulkLength is 5/],
    [
      { maxBulkLength: 5 },
      "$?\r\n;4\r\nabcd\r\n;1\r\ne\r\n;0\r\n",
      "$?\r\n;4\r\nabcd\r\n;2\r\n",
      /maxBulkLength is 5/,
    ],
  ];
  for (const [limits, good, bad, message] of cases) {
    it(`${JSON.stringify(limits)}: ${JSON.stringify(bad)}`, () => {
      assert.equal(new Recorder(0, limits).write(good).told.length, 2);
      assert.equal(new Recorder(0, limits).write(...single(encode(good))).told.length, 2);
      refused(new Recorder(0, limits), message, bad);
      refused(new Recorder(0, limits), message, ...single(encode(bad)));
    });
  }

  it("a line of 1 MiB and a bulk of 512 MiB unless set", () => {
    refused(new Recorder(), /maxLineLength, 1048576/, "+", "x".repeat(1_048_577), "\r\n");
    refused(new Recorder(), /5000000000 bytes is announced; maxBulkLength is 536870912/, "$5000000000\r\n");
    assert.ok(new Recorder().write("$536870912\r\nx").decoder.partial);
  });
});

describe("memory", () => {
  it("is never held for what is merely announced", () => {
    const buffer = new ByteBuffer();
    const chunk = new Uint8Array(100_000);
    let arrived = 0;
    for (let i = 0; i < 40; i++) {
      buffer.add(chunk, 0, chunk.length, 5_000_000_000);
      arrived += chunk.length;
      assert.ok(buffer.room <= arrived * 4, `${buffer.room} bytes for ${arrived}`);
    }
    assert.equal(buffer.take().length, arrived);
    buffer.add(chunk, 0, 60_000, 100_000);
    assert.equal(buffer.room, 100_000);
  });

  it("of a bulk of 5 GB is that of what came of it", () => {
    const before = process.memoryUsage().arrayBuffers;
    const recorder = new Recorder(0, { maxBulkLength: 8_000_000_000 }).write("$5000000000\r\n", "x");
    assert.ok(recorder.decoder.partial);
    assert.ok(process.memoryUsage().arrayBuffers - before < 100_000_000);
  });

  it("of a long text that is none is that of what came of it", () => {
    const before = process.memoryUsage().arrayBuffers;
    const recorder = new Recorder().write("$268435439\r\n", new Uint8Array(300_000).fill(0xff));
    assert.ok(recorder.decoder.partial);
    assert.ok(process.memoryUsage().arrayBuffers - before < 100_000_000);
  });

  it("of many announced elements is small", () => {
    const recorder = new Recorder().write("*100000000\r\n".repeat(100));
    assert.ok(recorder.decoder.partial);
  });

  it("and time grow with the reply, not faster", () => {
    const count = 1_000_000;
    const recorder = new Recorder().write(`*${count}\r\n`);
    const piece = ":1\r\n".repeat(10_000);
    for (let i = 0; i < count / 10_000; i++) recorder.write(piece);
    const [reply] = recorder.replies as [number[]];
    assert.equal(reply.length, count);
    assert.ok(reply.every((value) => value === 1));
  });
});
