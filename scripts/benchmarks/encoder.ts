/**
 * Measures the speed of encoding commands, against a naive encoder: `node scripts/benchmarks/encoder.ts [--only=TEXT]
 * [FILE...]`, also with Deno and Bun. Each FILE is another version of `src/resp/encoder.ts` to compare.
 *
 * @module
 */
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { Encoder } from "../../src/resp/encoder.ts";
import type { Arg } from "../../src/resp/types.ts";
import { compare, type Contender, runtime, warm } from "./micro.ts";
import { naiveEncode } from "./naive.ts";

const utf8 = new TextEncoder();
const words = (...names: string[]): Uint8Array =>
  utf8.encode(names.map((name) => `$${name.length}\r\n${name}\r\n`).join(""));

/** The number of commands before each flush. */
const BATCH = 100;
let sink = 0;

function contender(
  Class: typeof Encoder,
  name: string,
  argsOf: (i: number) => Arg[],
  batch: number,
): Contender {
  const lists = Array.from({ length: batch }, (_, i) => argsOf(i));
  const head = words(name);
  const encoder = new Class((bytes) => {
    sink += bytes.length;
    encoder.give(bytes);
  });
  return () => {
    for (let i = 0; i < lists.length; i++) encoder.command(head, 1, lists[i]!);
    const view = encoder.take();
    sink += view.length;
    encoder.give(view);
    return lists.length;
  };
}

function naive(name: string, argsOf: (i: number) => Arg[], batch: number): Contender {
  const lists = Array.from({ length: batch }, (_, i) => [name, ...argsOf(i)]);
  return () => {
    for (const args of lists) sink += naiveEncode(args).length;
    return lists.length;
  };
}

const value = (length: number): string => "v".repeat(length);
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

const CASES: readonly (readonly [title: string, name: string, (i: number) => Arg[], batch?: number])[] = [
  ["GET key", "GET", (i) => [`key:${i}`]],
  ["GET key, one a flush", "GET", (i) => [`key:${i}`], 1],
  ["SET key, 16 characters", "SET", (i) => [`key:${i}`, value(16)]],
  ["SET key, 40 characters", "SET", (i) => [`key:${i}`, value(40)]],
  ["SET key, 64 characters", "SET", (i) => [`key:${i}`, value(64)]],
  ["SET key, 100 characters", "SET", (i) => [`key:${i}`, value(100)]],
  ["SET key, 1,000 characters", "SET", (i) => [`key:${i}`, value(1000)], 20],
  ["SET key, 10,000 characters", "SET", (i) => [`key:${i}`, value(10_000)], 4],
  ["SET key, 100,000 characters", "SET", (i) => [`key:${i}`, value(100_000)], 4],
  ["SET key, 16 not ASCII", "SET", (i) => [`key:${i}`, "naïve:01234567é"]],
  ["SET key, 1,000 not ASCII", "SET", (i) => [`key:${i}`, "né".repeat(500)], 20],
  ["SET key, 16 bytes", "SET", (i) => [`key:${i}`, bytes(16)]],
  ["SET key, 100 bytes", "SET", (i) => [`key:${i}`, bytes(100)]],
  ["SET key, 1,000 bytes", "SET", (i) => [`key:${i}`, bytes(1000)], 20],
  ["SET key, 100,000 bytes", "SET", (i) => [`key:${i}`, bytes(100_000)], 4],
  ["EXPIRE key, integer", "EXPIRE", (i) => [`key:${i}`, 3600 + i]],
  ["ZADD key, double, member", "ZADD", (i) => [`key:${i}`, i + 0.5, `member:${i}`]],
  ["ZADD key, milliseconds, member", "ZADD", (i) => [`key:${i}`, 1_763_688_554_000 + i, `member:${i}`]],
  ["MSET of 100 pairs", "MSET", (i) => Array.from({ length: 200 }, (_, j) => `value:${i}:${j}`), 4],
];

const args = argv.slice(2);
const only = args.find((arg) => arg.startsWith("--only="))?.slice(7) ?? "";
const others: [string, typeof Encoder][] = [];
for (const file of args.filter((arg) => !arg.startsWith("--"))) {
  others.push([file, (await import(pathToFileURL(file).href)).Encoder]);
}

console.log(`Commands encoded, ${runtime()}`);
const cases = CASES.filter(([title]) => title.includes(only)).map(([title, name, argsOf, batch = BATCH]) => ({
  title,
  contenders: {
    naive: naive(name, argsOf, batch),
    keywire: contender(Encoder, name, argsOf, batch),
    ...Object.fromEntries(others.map(([file, Class]) => [file, contender(Class, name, argsOf, batch)])),
  },
}));
warm(cases.map(({ contenders }) => contenders));
for (const { title, contenders } of cases) compare(title, contenders);
if (sink < 0) console.log(sink);
