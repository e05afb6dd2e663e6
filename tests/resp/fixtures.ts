/**
 * Every type of RESP2 and RESP3 as the server sends it, and what becomes of it.
 *
 * @module
 */
import { ReplyError } from "../../src/errors.ts";
import type { Reply } from "../../src/resp/types.ts";
import { encode, object } from "./recorder.ts";

/** The bytes on the wire, and their values in text and bytes mode. */
export interface Fixture {
  readonly name: string;
  readonly wire: string;
  /** The reply; an Error stands for an error reply. */
  readonly text: Reply;
  /** The reply in bytes mode, if it differs from `text`. */
  readonly bytes?: Reply;
}

const b = encode;
const long = "long ".repeat(600);

/** One a type, and its borders. */
export const fixtures: readonly Fixture[] = [
  { name: "simple OK", wire: "+OK\r\n", text: "OK" },
  { name: "simple, empty", wire: "+\r\n", text: "" },
  { name: "simple", wire: "+Background saving started\r\n", text: "Background saving started" },
  { name: "simple that starts like OK", wire: "+OKAY\r\n", text: "OKAY" },
  { name: "simple, not ASCII", wire: "+grün\r\n", text: "grün" },
  { name: "error", wire: "-WRONGTYPE Operation\r\n", text: new ReplyError("WRONGTYPE Operation") },
  { name: "integer", wire: ":1000\r\n", text: 1000 },
  { name: "integer 0", wire: ":0\r\n", text: 0 },
  { name: "integer, negative", wire: ":-42\r\n", text: -42 },
  { name: "integer with a plus", wire: ":+7\r\n", text: 7 },
  { name: "integer of 9 digits", wire: ":999999999\r\n", text: 999999999 },
  { name: "integer of 10 digits", wire: ":4294967296\r\n", text: 4294967296 },
  { name: "integer, the last that is a number", wire: ":9007199254740991\r\n", text: 9007199254740991 },
  { name: "integer, the first that is not", wire: ":9007199254740992\r\n", text: 9007199254740992n },
  { name: "integer, the lowest number", wire: ":-9007199254740991\r\n", text: -9007199254740991 },
  { name: "integer, the lowest", wire: ":-9223372036854775808\r\n", text: -9223372036854775808n },
  { name: "integer, the highest", wire: ":+9223372036854775807\r\n", text: 9223372036854775807n },
  { name: "bulk", wire: "$5\r\nhello\r\n", text: "hello", bytes: b("hello") },
  { name: "bulk, empty", wire: "$0\r\n\r\n", text: "", bytes: b("") },
  {
    name: "bulk with CRLF",
    wire: "$8\r\na\r\nb\r\n\r\n\r\n",
    text: "a\r\nb\r\n\r\n",
    bytes: b("a\r\nb\r\n\r\n"),
  },
  { name: "bulk, not ASCII", wire: "$6\r\n€né\r\n", text: "€né", bytes: b("€né") },
  { name: "bulk with a byte order mark", wire: "$4\r\n\ufeffa\r\n", text: "\ufeffa", bytes: b("\ufeffa") },
  { name: "bulk with U+FFFD", wire: "$4\r\n\ufffda\r\n", text: "\ufffda", bytes: b("\ufffda") },
  { name: "bulk, long", wire: `$3000\r\n${long}\r\n`, text: long, bytes: b(long) },
  { name: "bulk, null", wire: "$-1\r\n", text: null },
  { name: "array", wire: "*2\r\n$1\r\na\r\n:2\r\n", text: ["a", 2], bytes: [b("a"), 2] },
  { name: "array, empty", wire: "*0\r\n", text: [] },
  { name: "array, null", wire: "*-1\r\n", text: null },
  {
    name: "arrays within arrays",
    wire: "*4\r\n*0\r\n*2\r\n:1\r\n*1\r\n$-1\r\n*-1\r\n_\r\n",
    text: [[], [1, [null]], null, null],
  },
  {
    name: "array with an error",
    wire: "*2\r\n+OK\r\n-ERR no such key\r\n",
    text: ["OK", new ReplyError("ERR no such key")],
  },
  { name: "null", wire: "_\r\n", text: null },
  { name: "true", wire: "#t\r\n", text: true },
  { name: "false", wire: "#f\r\n", text: false },
  { name: "double", wire: ",1.23\r\n", text: 1.23 },
  { name: "double without a fraction", wire: ",10\r\n", text: 10 },
  { name: "double with an exponent", wire: ",-1.5e-7\r\n", text: -1.5e-7 },
  { name: "double, infinite", wire: ",inf\r\n", text: Infinity },
  { name: "double, infinite below", wire: ",-inf\r\n", text: -Infinity },
  { name: "double, none", wire: ",nan\r\n", text: NaN },
  {
    name: "big number",
    wire: "(3492890328409238509324850943850943825024385\r\n",
    text: 3492890328409238509324850943850943825024385n,
  },
  { name: "big number, small", wire: "(-7\r\n", text: -7n },
  {
    name: "bulk error",
    wire: "!21\r\nSYNTAX invalid syntax\r\n",
    text: new ReplyError("SYNTAX invalid syntax"),
  },
  { name: "verbatim", wire: "=15\r\ntxt:Some string\r\n", text: "Some string", bytes: b("Some string") },
  { name: "verbatim, empty", wire: "=4\r\nmkd:\r\n", text: "", bytes: b("") },
  { name: "map", wire: "%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", text: object({ a: 1, b: 2 }) },
  {
    name: "map with bulk keys",
    wire: "%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n*1\r\n+x\r\n",
    text: object({ a: 1, b: ["x"] }),
    bytes: new Map<Reply, Reply>([[b("a"), 1], [b("b"), ["x"]]]),
  },
  { name: "map, empty", wire: "%0\r\n", text: object({}), bytes: new Map() },
  {
    name: "map with a key that is no text",
    wire: "%2\r\n+a\r\n:1\r\n:2\r\n_\r\n",
    text: new Map<Reply, Reply>([["a", 1], [2, null]]),
  },
  { name: "set", wire: "~3\r\n:1\r\n:2\r\n+x\r\n", text: [1, 2, "x"] },
  { name: "set, empty", wire: "~0\r\n", text: [] },
  { name: "attribute before a reply", wire: "|1\r\n+ttl\r\n:3600\r\n:5\r\n", text: 5 },
  { name: "attribute, empty", wire: "|0\r\n+x\r\n", text: "x" },
  { name: "attribute before an error", wire: "|1\r\n+a\r\n:1\r\n-ERR x\r\n", text: new ReplyError("ERR x") },
  {
    name: "attributes within",
    wire:
      "*3\r\n:1\r\n|1\r\n+a\r\n*1\r\n:9\r\n:2\r\n|1\r\n+b\r\n+c\r\n%1\r\n|0\r\n+k\r\n|1\r\n+d\r\n_\r\n+v\r\n",
    text: [1, 2, object({ k: "v" })],
  },
  {
    name: "streamed string",
    wire: "$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n",
    text: "Hello",
    bytes: b("Hello"),
  },
  { name: "streamed string, empty", wire: "$?\r\n;0\r\n", text: "", bytes: b("") },
  {
    name: "streamed array",
    wire: "*?\r\n:1\r\n$?\r\n;1\r\nx\r\n;0\r\n*?\r\n.\r\n.\r\n",
    text: [1, "x", []],
    bytes: [1, b("x"), []],
  },
  { name: "streamed map", wire: "%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n", text: object({ a: 1, b: 2 }) },
  { name: "streamed set", wire: "~?\r\n+a\r\n.\r\n", text: ["a"] },
  { name: "array of 1,100", wire: `*1100\r\n${":1\r\n".repeat(1100)}`, text: Array(1100).fill(1) },
];
