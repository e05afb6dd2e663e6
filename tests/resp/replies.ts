/**
 * Arbitrary replies as they are sent, with what they are as text and as bytes.
 *
 * @module
 */
import fc from "../harness/properties.ts";
import { ReplyError } from "../../src/errors.ts";
import type { Reply } from "../../src/resp/types.ts";
import { encode } from "./recorder.ts";

/** A reply. */
export interface Sample {
  readonly wire: Uint8Array;
  readonly text: Reply;
  readonly bytes: Reply;
}

function join(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const list = parts.map((part) => typeof part === "string" ? encode(part) : part);
  const joined = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of list) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function scalar(wire: string, value: Reply): Sample {
  return { wire: encode(wire), text: value, bytes: value };
}

/** Text of all kinds and lengths: mostly ASCII, some not, some longer than a window. */
const text = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 3, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.nat(1500).map((length) => "0123456789".repeat(150).slice(0, length)) },
  { weight: 1, arbitrary: fc.constantFrom("\ufeff", "\ufffd", "\0", "\r\n", "__proto__", "constructor") },
);
const line = fc.string({ maxLength: 20 }).map((value) => value.replace(/[\r\n]/g, "."));

const bulk = text.map((value): Sample => {
  const bytes = encode(value);
  return { wire: join([`$${bytes.length}\r\n`, bytes, "\r\n"]), text: value, bytes };
});
const verbatim = text.map((value): Sample => {
  const bytes = encode(value);
  return { wire: join([`=${bytes.length + 4}\r\ntxt:`, bytes, "\r\n"]), text: value, bytes };
});
const streamed = fc.tuple(text, fc.integer({ min: 1, max: 9 })).map(([value, step]): Sample => {
  const bytes = encode(value);
  const parts: (string | Uint8Array)[] = ["$?\r\n"];
  for (let at = 0; at < bytes.length; at += step) {
    const part = bytes.slice(at, at + step);
    parts.push(`;${part.length}\r\n`, part, "\r\n");
  }
  return { wire: join([...parts, ";0\r\n"]), text: value, bytes };
});
const safe = BigInt(Number.MAX_SAFE_INTEGER);
const integer = fc.oneof(fc.bigInt(-100n, 100n), fc.bigInt(-(1n << 63n), (1n << 63n) - 1n)).map((value) =>
  scalar(`:${value}\r\n`, value > safe || value < -safe ? value : Number(value))
);
const double = fc.double({ noNaN: true }).map((value) =>
  scalar(`,${String(value).replace("Infinity", "inf")}\r\n`, Object.is(value, -0) ? 0 : value)
);
const error = line.map((value) => {
  const reply = new ReplyError(`ERR ${value}`);
  return { error: reply, simple: scalar(`-ERR ${value}\r\n`, reply) };
});

const scalars = fc.oneof(
  { weight: 6, arbitrary: bulk },
  { weight: 3, arbitrary: integer },
  verbatim,
  streamed,
  double,
  line.map((value) => scalar(`+${value}\r\n`, value)),
  error.map(({ simple }) => simple),
  fc.bigInt().map((value) => scalar(`(${value}\r\n`, value)),
  fc.boolean().map((value) => scalar(`#${value ? "t" : "f"}\r\n`, value)),
  fc.constantFrom(
    scalar("_\r\n", null),
    scalar("$-1\r\n", null),
    scalar("*-1\r\n", null),
    scalar("+OK\r\n", "OK"),
  ),
);

function aggregate(type: string, samples: readonly Sample[], count: number, stream: boolean): Uint8Array {
  const wires = samples.map(({ wire }) => wire);
  return join(stream ? [`${type}?\r\n`, ...wires, ".\r\n"] : [`${type}${count}\r\n`, ...wires]);
}

function mapOf(entries: readonly (readonly [Reply, Reply])[], bytes: boolean): Reply {
  if (entries.every(([key]) => typeof key === "string") && !(bytes && entries.length === 0)) {
    return Object.fromEntries(entries as readonly (readonly [string, Reply])[]);
  }
  return new Map(entries);
}

/** Any reply, nested, streamed and with attributes that are to be skipped. */
export const reply: fc.Arbitrary<Sample> = fc.letrec<{ node: Sample; inner: Sample }>((tie) => {
  const elements = fc.array(tie("node"), { maxLength: 6 });
  const lists = fc.tuple(fc.constantFrom("*", "~"), elements, fc.boolean()).map((
    [type, list, stream],
  ): Sample => ({
    wire: aggregate(type, list, list.length, stream),
    text: list.map(({ text }) => text),
    bytes: list.map(({ bytes }) => bytes),
  }));
  // Keys that differ: what `deepEqual` makes of a Map with equal byte keys is not the same everywhere.
  const entries = fc.uniqueArray(fc.tuple(scalars, tie("node")), {
    maxLength: 5,
    selector: ([key]) => String(key.text),
  });
  const maps = fc.tuple(entries, fc.boolean()).map(
    ([entries, stream]): Sample => ({
      wire: aggregate("%", entries.flat(), entries.length, stream),
      text: mapOf(entries.map(([key, value]) => [key.text, value.text]), false),
      bytes: mapOf(entries.map(([key, value]) => [key.bytes, value.bytes]), true),
    }),
  );
  const attributed = fc.tuple(fc.array(fc.tuple(bulk, tie("node")), { maxLength: 2 }), tie("node")).map(
    ([entries, value]): Sample => ({
      ...value,
      wire: join([aggregate("|", entries.flat(), entries.length, false), value.wire]),
    }),
  );
  return {
    inner: fc.oneof({ weight: 3, arbitrary: lists }, { weight: 2, arbitrary: maps }, attributed),
    node: fc.oneof({ depthSize: "small", maxDepth: 6 }, { weight: 4, arbitrary: scalars }, {
      weight: 2,
      arbitrary: tie("inner"),
    }),
  };
}).node;
