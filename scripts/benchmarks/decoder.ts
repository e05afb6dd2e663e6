/**
 * Measures the speed of decoding replies, against a naive decoder: `node scripts/benchmarks/decoder.ts [--only=TEXT]
 * [FILE...]`, also with Deno and Bun. Each FILE is another version of `src/resp/decoder.ts` to compare.
 *
 * @module
 */
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { Decoder } from "../../src/resp/decoder.ts";
import type { DecoderHandler } from "../../src/resp/types.ts";
import { compare, type Contender, runtime, warm } from "./micro.ts";
import { NaiveDecoder } from "./naive.ts";

type DecoderClass = new (handler: DecoderHandler) => { write(chunk: Uint8Array): void };

const CHUNK = 65_536;
const utf8 = new TextEncoder();

function chunks(reply: string, total: number, size = CHUNK): Uint8Array[] {
  const bytes = utf8.encode(reply.repeat(Math.max(1, Math.floor(total / utf8.encode(reply).length))));
  const cut: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) cut.push(bytes.slice(at, at + size));
  return cut;
}

const bulk = (text: string): string => `$${utf8.encode(text).length}\r\n${text}\r\n`;

function contender(Class: DecoderClass, input: readonly Uint8Array[], mode: number): Contender {
  let replies = 0;
  const decoder = new Class({
    begin: () => mode,
    reply: () => void replies++,
    error: (error) => {
      throw error;
    },
    push: () => {},
  });
  return () => {
    replies = 0;
    for (const chunk of input) decoder.write(chunk);
    return replies;
  };
}

const value16 = "value:0123456789";
const fields = Array.from({ length: 100 }, (_, i) => bulk(`field:${i}`) + bulk(value16)).join("");
const thousand = `*1000\r\n${bulk(value16).repeat(1000)}`;

const CASES: readonly (readonly [string, Uint8Array[], number])[] = [
  ["GET of 16 bytes, 64 KiB chunks", chunks(bulk(value16), 2 * CHUNK), 0],
  ["GET of 16 bytes, one a chunk", chunks(bulk(value16), 23 * 500, 23), 0],
  ["GET of 3 bytes, one a chunk", chunks(bulk("abc"), 9 * 500, 9), 0],
  ["GET of 100 bytes, 64 KiB chunks", chunks(bulk("x".repeat(100)), 2 * CHUNK), 0],
  ["GET of 100 bytes, one a chunk", chunks(bulk("x".repeat(100)), 108 * 500, 108), 0],
  ["GET of 400 bytes, 64 KiB chunks", chunks(bulk("x".repeat(400)), 2 * CHUNK), 0],
  ["GET of 16 bytes as bytes", chunks(bulk(value16), 2 * CHUNK), 1],
  ["OK, 64 KiB chunks", chunks("+OK\r\n", CHUNK), 0],
  ["nil, 64 KiB chunks", chunks("$-1\r\n", CHUNK), 0],
  ["null, 64 KiB chunks", chunks("_\r\n", CHUNK), 0],
  ["integers, 64 KiB chunks", chunks(":12345\r\n", CHUNK), 0],
  ["arrays of 1,000 x 16 bytes", chunks(thousand, 4 * CHUNK), 0],
  ["arrays of 1,000 x 16 as bytes", chunks(thousand, 4 * CHUNK), 1],
  ["arrays of 1,000 integers", chunks(`*1000\r\n${":12345\r\n".repeat(1000)}`, 2 * CHUNK), 0],
  [
    "arrays of 1,000 pairs",
    chunks(`*1000\r\n${`*2\r\n${bulk(value16)}${bulk("12.5")}`.repeat(1000)}`, 4 * CHUNK),
    0,
  ],
  ["HGETALL of 100 (RESP3 map)", chunks(`%100\r\n${fields}`, 2 * CHUNK), 0],
  ["HGETALL of 100 (RESP2 array)", chunks(`*200\r\n${fields}`, 2 * CHUNK), 0],
  ["1 MiB ASCII", chunks(bulk("x".repeat(1 << 20)), 2 << 20), 0],
  ["1 MiB as bytes", chunks(bulk("x".repeat(1 << 20)), 2 << 20), 1],
  ["1 KiB not ASCII", chunks(bulk("né".repeat(341) + "x"), 2 * CHUNK), 0],
  ["16 bytes not ASCII", chunks(bulk("naïve:01234567é"), 2 * CHUNK), 0],
];

const args = argv.slice(2);
const only = args.find((arg) => arg.startsWith("--only="))?.slice(7) ?? "";
const others: [string, DecoderClass][] = [];
for (const file of args.filter((arg) => !arg.startsWith("--"))) {
  others.push([file, (await import(pathToFileURL(file).href)).Decoder]);
}

console.log(`Replies decoded, ${runtime()}`);
const cases = CASES.filter(([title]) => title.includes(only)).map(([title, input, mode]) => ({
  title,
  contenders: {
    naive: contender(NaiveDecoder, input, mode),
    keywire: contender(Decoder, input, mode),
    ...Object.fromEntries(others.map(([name, Class]) => [name, contender(Class, input, mode)])),
  },
}));
warm(cases.map(({ contenders }) => contenders));
for (const { title, contenders } of cases) compare(title, contenders);
