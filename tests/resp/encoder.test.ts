/** Commands as bytes: exact, in order, refused whole. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "../harness/properties.ts";
import { Encoder, type EncoderOptions } from "../../src/resp/encoder.ts";
import { packCommand, packCommands } from "../../src/resp/pack.ts";
import type { Arg } from "../../src/resp/types.ts";
import { encode } from "./recorder.ts";

const NO_HEAD = new Uint8Array(0);
const GET = encode("$3\r\nGET\r\n");

/** Returns the expected bytes of the encoder, by the simplest possible code. */
function reference(args: readonly Arg[]): Uint8Array {
  const parts = [encode(`*${args.length}\r\n`)];
  for (const arg of args) {
    const text = arg === Infinity ? "inf" : arg === -Infinity ? "-inf" : arg;
    const bytes = text instanceof Uint8Array ? text : encode(String(text));
    parts.push(encode(`$${bytes.length}\r\n`), Uint8Array.from(bytes), encode("\r\n"));
  }
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An encoder, and all it gave so far, each piece copied when it came. */
class Wire {
  readonly sent: Uint8Array[] = [];
  readonly pieces: Uint8Array[] = [];
  readonly encoder: Encoder;

  constructor(options?: EncoderOptions) {
    this.encoder = new Encoder((bytes) => this.add(bytes), options);
  }

  add(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.sent.push(bytes.slice());
  }

  /** Takes what waits; returns all bytes since the start. */
  flush(): Uint8Array {
    const view = this.encoder.take();
    this.add(view);
    this.encoder.give(view);
    return joined(this.sent);
  }
}

const samples: readonly Arg[] = [
  "",
  "a",
  "nine char",
  "ten  chars",
  "x".repeat(63),
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(99),
  "x".repeat(100),
  "x".repeat(16_384),
  "x".repeat(16_385),
  "x".repeat(70_000),
  "é",
  "é".repeat(5),
  "é".repeat(64),
  "é".repeat(99),
  "€".repeat(34),
  "€".repeat(16_384),
  "€".repeat(16_385),
  "😀".repeat(8192),
  "\0\r\n",
  0,
  -0,
  1,
  9,
  10,
  -1,
  -10,
  99_999,
  2_147_483_647,
  -2_147_483_648,
  2_147_483_648,
  1_763_688_554_000,
  Number.MAX_SAFE_INTEGER,
  1e21,
  1.5,
  -1e-7,
  Infinity,
  -Infinity,
  0n,
  -(1n << 63n),
  10n ** 200n,
  new Uint8Array(0),
  Uint8Array.of(0, 13, 10, 255),
  new Uint8Array(48).fill(1),
  new Uint8Array(49).fill(2),
  new Uint8Array(16_384).fill(3),
  new Uint8Array(16_385).fill(4),
  new Uint8Array(100_000).fill(5),
];

const refused: readonly (readonly [unknown, RegExp])[] = [
  [undefined, /it is undefined; strings, numbers, bigints and Uint8Array can be sent/],
  [null, /it is null/],
  [true, /it is a boolean/],
  [NaN, /it is NaN/],
  [Symbol("secret"), /it is a symbol/],
  [() => "secret", /it is a function/],
  [{ key: "secret" }, /it is an object \(Object\).*JSON\.stringify/],
  [["secret"], /it is an array.*spread/],
  [new Date(0), /it is an object \(Date\)/],
  [new ArrayBuffer(2), /\(ArrayBuffer\).*pass new Uint8Array\(buffer\)/],
  [new SharedArrayBuffer(2), /\(SharedArrayBuffer\).*pass new Uint8Array\(buffer\)/],
  [new DataView(new ArrayBuffer(2)), /\(DataView\).*pass new Uint8Array\(view\.buffer, view\.byteOffset/],
  [new Uint16Array(2), /\(Uint16Array\).*pass new Uint8Array\(view\.buffer/],
  [new Int8Array(2), /\(Int8Array\)/],
  [Object("boxed"), /\(String\)/],
  ["secret\ud800", /it is text with a lone surrogate.*toWellFormed/],
  [`a\udc00b${"x".repeat(70_000)}`, /it is text with a lone surrogate/],
];

describe("a command", () => {
  it("is encoded byte by byte as it should be, whatever its arguments", () => {
    for (const arg of samples) {
      const wire = new Wire();
      wire.encoder.command(NO_HEAD, 0, ["SET", "k", arg]);
      assert.deepEqual(wire.flush(), reference(["SET", "k", arg]));
    }
    const wire = new Wire();
    wire.encoder.command(NO_HEAD, 0, samples);
    assert.deepEqual(wire.flush(), reference(samples));
  });

  it("has the words of its head counted", () => {
    const wire = new Wire();
    wire.encoder.command(GET, 1, ["k"]);
    wire.encoder.command(encode("$6\r\nCONFIG\r\n$3\r\nGET\r\n"), 2, Array(8).fill("x"));
    wire.encoder.command(GET, 1, []);
    assert.deepEqual(
      wire.flush(),
      joined([
        reference(["GET", "k"]),
        reference(["CONFIG", "GET", ...Array(8).fill("x")]),
        reference(["GET"]),
      ]),
    );
    assert.throws(() => wire.encoder.command(NO_HEAD, 0, []), /without a name/);
  });

  it("may be longer than its arena, head included", () => {
    const wire = new Wire({ arenaSize: 8 });
    wire.encoder.command(GET, 1, ["some key", 12345, Uint8Array.of(1, 2, 3)]);
    assert.deepEqual(wire.flush(), reference(["GET", "some key", 12345, Uint8Array.of(1, 2, 3)]));
  });

  it("takes Uint8Arrays of another realm and of subclasses", async () => {
    const { runInNewContext } = await import("node:vm");
    const foreign = runInNewContext("Uint8Array.of(1, 2)");
    class Own extends Uint8Array {}
    assert.deepEqual(
      packCommand(["A", foreign, Own.of(3)]),
      reference(["A", Uint8Array.of(1, 2), Uint8Array.of(3)]),
    );
  });

  it("is like the reference for arbitrary arguments and arenas", () => {
    const arg: fc.Arbitrary<Arg> = fc.oneof(
      fc.string({ unit: "binary", maxLength: 150 }),
      fc.string({ maxLength: 150 }),
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 40 }),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.bigInt(),
      fc.uint8Array({ maxLength: 150 }),
    );
    const commands = fc.array(fc.tuple(fc.array(arg, { minLength: 1, maxLength: 12 }), fc.boolean()), {
      maxLength: 8,
    });
    const size = fc.integer({ min: 1, max: 400 });
    const options = fc.record({ arenaSize: size, firstSize: size, copyLimit: fc.nat(200) });
    fc.assert(
      fc.property(commands, options, (list, settings) => {
        const wire = new Wire(settings);
        const sent: (readonly Arg[])[] = [];
        for (const [args, flush] of list) {
          const whole = args.every((one) => typeof one !== "string" || one.isWellFormed());
          if (whole) {
            wire.encoder.command(NO_HEAD, 0, args);
            sent.push(args);
          } else assert.throws(() => wire.encoder.command(NO_HEAD, 0, args), /lone surrogate/);
          if (flush) wire.flush();
        }
        assert.deepEqual(wire.flush(), joined(sent.map(reference)));
      }),
      { numRuns: 60 },
    );
  });
});

describe("an argument that cannot be sent", () => {
  for (const [value, message] of refused) {
    it(`is refused by name and position: ${message.source}`, () => {
      const wire = new Wire();
      wire.encoder.command(GET, 1, ["a"]);
      const waiting = wire.encoder.length;
      const check = (error: unknown): boolean => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        assert.match(error.message, /^Cannot send argument 3 of GET: /);
        assert.ok(!error.message.includes("secret"));
        return true;
      };
      assert.throws(() => wire.encoder.command(GET, 1, ["k", "v", value as Arg]), check);
      // Also when something before it would have left the arena already.
      for (const big of ["x".repeat(20_000), new Uint8Array(20_000), "é".repeat(100)]) {
        assert.throws(() => wire.encoder.command(GET, 1, ["k", big, value as Arg]), check);
      }
      assert.equal(wire.encoder.length, waiting);
      assert.equal(wire.sent.length, 0);
      wire.encoder.command(GET, 1, ["b"]);
      assert.deepEqual(wire.flush(), joined([reference(["GET", "a"]), reference(["GET", "b"])]));
    });
  }

  it("is counted from the name where there is no head", () => {
    assert.throws(
      () => packCommand(["GET", undefined as never]),
      /^TypeError: Cannot send word 2 of the command: it is/,
    );
  });
});

describe("memory", () => {
  it("of big values is not copied, and they stand in their place", () => {
    const wire = new Wire();
    const big = new Uint8Array(20_000).fill(7);
    wire.encoder.command(GET, 1, ["a"]);
    wire.encoder.command(GET, 1, [big]);
    assert.equal(wire.pieces[1], big);
    assert.equal(wire.pieces.length, 2);
    assert.deepEqual(wire.flush(), joined([reference(["GET", "a"]), reference(["GET", big])]));
  });

  it("that was taken is not written to until it is given back, and then again", () => {
    const { encoder } = new Wire();
    encoder.command(GET, 1, ["first"]);
    const first = encoder.take();
    const before = first.slice();
    encoder.command(GET, 1, ["second"]);
    const second = encoder.take();
    encoder.command(GET, 1, ["third"]);
    assert.deepEqual(first, before);
    assert.notEqual(first.buffer, second.buffer);
    encoder.give(first);
    encoder.give(first);
    encoder.take();
    encoder.command(GET, 1, ["fourth"]);
    const fourth = encoder.take();
    assert.equal(fourth.buffer, first.buffer);
    assert.deepEqual(second, reference(["GET", "second"]));
    assert.deepEqual(fourth, reference(["GET", "fourth"]));
  });

  it("that was full comes to the sink, and can be given back as well", () => {
    const wire = new Wire({ arenaSize: 2_048 });
    for (let i = 0; i < 400; i++) wire.encoder.command(GET, 1, [`key:${i}`]);
    const memories = new Set(wire.pieces.map((piece) => piece.buffer));
    assert.equal(memories.size, wire.pieces.length);
    const spare = wire.pieces[0]!;
    wire.encoder.give(spare);
    for (let i = 400; i < 500; i++) wire.encoder.command(GET, 1, [`key:${i}`]);
    wire.flush();
    assert.ok(wire.pieces.slice(1).some((piece) => piece.buffer === spare.buffer));
    assert.deepEqual(
      joined(wire.sent),
      joined(Array.from({ length: 500 }, (_, i) => reference(["GET", `key:${i}`]))),
    );
  });

  it("that was given by somebody else is not taken", () => {
    const { encoder } = new Wire();
    const foreign = new Uint8Array(65_536);
    encoder.give(foreign);
    encoder.command(GET, 1, ["k"]);
    assert.notEqual(encoder.take().buffer, foreign.buffer);
  });

  it("that was with a socket that ended is not used again", () => {
    const { encoder } = new Wire();
    encoder.command(GET, 1, ["k"]);
    const lost = encoder.take();
    encoder.clear();
    encoder.give(lost);
    encoder.command(GET, 1, ["k"]);
    assert.notEqual(encoder.take().buffer, lost.buffer);
  });

  it("is none where nothing waits", () => {
    const { encoder } = new Wire();
    assert.equal(encoder.take().length, 0);
    encoder.command(GET, 1, ["k"]);
    assert.equal(encoder.length, reference(["GET", "k"]).length);
    encoder.clear();
    assert.equal(encoder.length, 0);
    assert.equal(encoder.take().length, 0);
  });
});

describe("packed bytes", () => {
  it("go out as they are, in their place", () => {
    for (const size of [0, 1, 100, 16_384, 16_385, 100_000]) {
      const wire = new Wire();
      const packed = new Uint8Array(size).fill(9);
      wire.encoder.raw(packed);
      wire.encoder.command(GET, 1, ["a"]);
      wire.encoder.raw(packed);
      wire.encoder.command(GET, 1, ["b"]);
      assert.deepEqual(
        wire.flush(),
        joined([packed, reference(["GET", "a"]), packed, reference(["GET", "b"])]),
      );
    }
  });

  it("are made of one command, or of several", () => {
    assert.deepEqual(packCommand(["SET", "k", 1]), reference(["SET", "k", 1]));
    assert.deepEqual(packCommand(samples), reference(samples));
    assert.deepEqual(
      packCommands([["MULTI"], ["INCR", "n"], ["EXEC"]]),
      joined([
        reference(["MULTI"]),
        reference(["INCR", "n"]),
        reference(["EXEC"]),
      ]),
    );
    assert.deepEqual(packCommands([]), new Uint8Array(0));
    assert.throws(() => packCommand([]), /without a name/);
  });
});

describe("the arenas of an encoder that is used no more", () => {
  const word: Arg[] = ["k"];

  it("go to one that comes later, and what is with the socket does not", () => {
    const first = new Encoder(() => {}, { firstSize: 65_536 });
    first.command(GET, 1, word);
    const lent = first.take();
    first.command(GET, 1, word);
    first.leave();
    assert.equal(first.length, 0);

    const later = [
      new Encoder(() => {}, { firstSize: 65_536 }),
      new Encoder(() => {}, { firstSize: 65_536 }),
    ];
    const views = later.map((encoder) => {
      encoder.command(GET, 1, ["other"]);
      return encoder.take();
    });
    assert.notEqual(views[0]!.buffer, views[1]!.buffer);
    for (const view of views) assert.notEqual(view.buffer, lent.buffer);
    assert.deepEqual(lent, reference(["GET", "k"]));
  });

  it("are not written to by the one that left them", () => {
    const first = new Encoder(() => {}, { firstSize: 65_536 });
    first.command(GET, 1, word);
    first.give(first.take());
    first.leave();
    const second = new Encoder(() => {}, { firstSize: 65_536 });
    second.command(GET, 1, ["second"]);
    const taken = second.take();
    first.command(GET, 1, ["first"]);
    assert.deepEqual(taken, reference(["GET", "second"]));
    assert.deepEqual(first.take(), reference(["GET", "first"]));
  });

  it("are used again", () => {
    const first = new Encoder(() => {}, { firstSize: 65_536 });
    first.command(GET, 1, word);
    const view = first.take();
    first.give(view);
    first.leave();
    const next = new Encoder(() => {}, { firstSize: 65_536 });
    next.command(GET, 1, word);
    assert.equal(next.take().buffer, view.buffer);
  });
});
