/**
 * Random arguments of all commands, as a server describes them in COMMAND DOCS: every form, and now and then a wrong one.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import type { RawClient } from "../harness/raw_client.ts";

interface Argument {
  readonly name: string;
  readonly type: string;
  readonly token?: string;
  readonly flags?: readonly string[];
  readonly arguments?: readonly Argument[];
}

interface Description {
  readonly group: string;
  readonly arguments?: readonly Argument[];
  readonly subcommands?: Readonly<Record<string, Description>>;
}

/** A command that can be rolled. */
export interface Described {
  /** Its name, and its subcommand. */
  readonly words: readonly string[];
  /** Its arguments. */
  readonly arguments: readonly Argument[];
  /** Its group. */
  readonly group: string;
}

/** Commands that wait, end the connection, change the whole server, or reply by chance. */
const NEVER =
  /^(multi|exec|discard|(un)?watch|[ps]?(un)?subscribe|client\|(unblock|no-touch|kill|pause|reply|list|info|id|no-evict|tracking|setname|unpause)|shutdown|debug|monitor|p?sync|replicaof|slaveof|cluster.*|save|bg.*|failover|config\|(rewrite|set|get|resetstat)|quit|module.*|migrate|memory\|.*|info|latency.*|slowlog.*|acl.*|auth|hello|restore.*|replconf|pf(selftest|debug)|wait|lolwut|time|lastsave|randomkey|reset|swapdb|script.*|function.*|role|xinfo\|.*|eval.*|fcall.*|object\|(freq|idletime|refcount)|command.*|select|keys|read(only|write)|flush.*|dump|[hsz]?scan|z.*lex.*)$/;

/** Reads the descriptions of a server, over a connection in RESP3. */
export async function describedCommands(client: RawClient): Promise<Described[]> {
  const docs = await client.call("COMMAND", "DOCS") as unknown as Record<string, Description>;
  return Object.entries(docs).flatMap(([name, one]) =>
    Object.entries(one.subcommands ?? { [name]: one }).map(([full, description]) => ({ full, description }))
  ).filter(({ full }) => !NEVER.test(full)).map(({ full, description }) => ({
    words: full.split("|"),
    arguments: description.arguments ?? [],
    group: description.group,
  })).sort((a, b) => a.words.join() < b.words.join() ? -1 : 1);
}

const TEXTS =
  "a b abc 10 -3 3.5 9223372036854775807 x_y \xc3\xa9 \xff\x00\x80 07 ohmytext mynewtext 1e5 0 -0 _1 foobar \x00"
    .split(" ").map((word) => word.replace("_", " "));
const FIELDS = [
  "f0",
  "f1",
  "f2",
  "f3",
  "f4",
  "1",
  "2",
  "-5",
  "100",
  "\xff\x01",
  "",
  "Palermo",
  "x".repeat(66),
];
const DOUBLES =
  "1 2.5 -1 0 -0 1e3 inf -inf 0.1 x 3.3 10 nan 1e400 0x10 1.7976931348623157e308 13.361389 38.115556 +5 100000 1e21 1e17"
    .split(" ");
const INTEGERS =
  "0 1 2 3 -1 -2 5 10 100 x 9223372036854775807 -9223372036854775808 9223372036854775808 +1 01 1.0 -0".split(
    " ",
  );
const SMALL = "0 1 2 3 -1 -2 5 10".split(" ");
const BOUNDS = "- + [f1 (f2 -inf +inf (1 2 0 5 ( [ x inf -1 (3.3 (nan".split(" ");
const IDS =
  "0 0-0 * $ > - + 1-1 2-1 3-0 5 7-* (1-1 9-9 x 18446744073709551615-18446744073709551615 (- 1- 01-02 1-x 4-1"
    .split(" ");
const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  id: IDS,
  "last-id": IDS,
  group: ["g", "g", "g", "h"],
  groupname: ["g"],
  consumer: ["c", "d"],
  consumername: ["c", "d"],
  min: BOUNDS,
  max: BOUNDS,
  cursor: ["0", "0-0", "x"],
  "min-idle-time": ["0", "0", "100000", "x", "-1"],
  timeout: ["0.001", "-1", "x", "inf"],
  encoding: ["u4", "i5", "u8", "i64", "u63", "u64", "i16", "x"],
  offset: ["0", "1", "#1", "3", "-1", "x", "100"],
  bit: ["0", "1", "2", "x"],
  operation: ["AND", "OR", "XOR", "NOT", "and", "NAND"],
  numkeys: ["1", "2", "3", "0", "x", "-1"],
  milliseconds: ["100000", "500000", "0", "-1", "x", "9223372036854775807"],
  seconds: ["100", "200", "0", "-1", "x", "9223372036854775807"],
  "unix-time-seconds": ["4000000000", "4100000000", "1", "x", "9223372036854775807"],
  "unix-time-milliseconds": ["4000000000000", "4100000000000", "1", "x", "9223372036854775807"],
  pattern: ["*", "k*", "f?", "[a-f]*", "k[^1]", "\\k1", "[", "a*b"],
  db: ["0", "1", "99", "x"],
  "destination-db": ["0", "1", "99", "x"],
  count: ["0", "1", "2", "3", "-1", "10", "x"],
};
/** Keys of all types; see `KEYS` for what they have. */
const PREFERRED: Readonly<Record<string, readonly string[]>> = {
  string: ["s0", "s1"],
  bitmap: ["s0", "s1"],
  list: ["l0", "l1"],
  set: ["e0", "e1"],
  "sorted-set": ["z0", "z1"],
  geo: ["z0", "z1"],
  hash: ["h0", "h1"],
  stream: ["x0", "x1"],
  hyperloglog: ["p0"],
};
const ALL_KEYS = Object.values(PREFERRED).flat();

/** Commands that make the keys. */
export const KEYS: readonly (readonly string[])[] = [
  "SET s0 ohmytext",
  "SET s1 10",
  "RPUSH l0 a b abc 10 b",
  "RPUSH l1 1 2 x",
  "SADD e0 1 2 100",
  "SADD e1 f0 f1 1",
  "ZADD z0 1 f0 2 f1 3.5 f2",
  "GEOADD z1 13.361389 38.115556 Palermo 15.087269 37.502669 f1",
  "HSET h0 f0 1 f1 2.5 f2 abc",
  "HSET h1 f0 x",
  "XADD x0 1-1 f0 v",
  "XADD x0 2-1 f0 v f1 w",
  "XADD x0 4-1 f2 v",
  "XGROUP CREATE x0 g 0",
  "XADD x1 3-0 a b",
  "PFADD p0 a b c",
].map((line) => line.split(" "));

function value(dice: Dice, { name, type }: Argument, key: () => string): string {
  const own = BY_NAME[name];
  if (own !== undefined && (dice.next() < 0.85 || /seconds|timeout/.test(name))) return dice.pick(own);
  switch (type) {
    case "key":
      return key();
    case "integer":
    case "unix-time":
      return dice.pick(dice.next() < 0.7 ? SMALL : INTEGERS);
    case "double":
      return dice.pick(DOUBLES);
    default:
      if (/^(start|stop|end)$/.test(name)) return dice.pick(dice.pick([SMALL, SMALL, BOUNDS, IDS]));
      return dice.pick(/^(field|member\d?)$/.test(name) ? FIELDS : TEXTS);
  }
}

function rollArgument(
  dice: Dice,
  argument: Argument,
  key: () => string,
  words: string[],
  chosen = false,
): void {
  const { flags = [], token, type, arguments: parts = [] } = argument;
  if (!chosen && flags.includes("optional") && dice.next() < 0.6) return;
  const times = flags.includes("multiple") && dice.oneIn(2) ? 1 + dice.below(3) : 1;
  const put = (): void => void words.push(dice.oneIn(3) ? token!.toLowerCase() : token!);
  for (let i = 0; i < times; i++) {
    if (token !== undefined && (i === 0 || type === "pure-token" || flags.includes("multiple_token"))) put();
    if (type === "oneof") rollArgument(dice, dice.pick(parts), key, words, true);
    else if (type === "block") { for (const part of parts) rollArgument(dice, part, key, words); }
    else if (type !== "pure-token") words.push(value(dice, argument, key));
  }
}

/** Rolls a command. */
export function rollDescribed(dice: Dice, commands: readonly Described[]): string[] {
  const { words: name, arguments: parts, group } = dice.pick(commands);
  const mine = PREFERRED[group] ?? ALL_KEYS;
  const key = (): string =>
    dice.next() < 0.85 ? dice.pick(mine) : dice.pick([...ALL_KEYS, "none", "new1", "new2", "", "\xff"]);
  const words = [...name];
  for (const part of parts) rollArgument(dice, part, key, words);
  // A time that is no argument of its place could make a command wait.
  if (/^b[lrz]/i.test(words[0]!)) return words;
  if (dice.next() < 0.06) {
    const at = 1 + dice.below(Math.max(1, words.length - 1));
    words.splice(
      at,
      dice.below(2),
      ...dice.oneIn(3) ? [] : [dice.pick([...INTEGERS, ...DOUBLES, ...IDS, "COUNT"])],
    );
  }
  for (let i = 1; i < words.length; i++) {
    if (/^block$/i.test(words[i]!)) words[i + 1] = dice.pick(["1", "-1", "x"]);
  }
  return words;
}
