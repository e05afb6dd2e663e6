/**
 * Sends the same random commands to two servers and compares every reply, types included.
 *
 * @module
 */
import { Dice, GRAMMAR, mutate, rollCommand } from "../harness/command_dice.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { Double, encodeCommand, ErrorReply, NullArray, Push, Simple, type Wire } from "../harness/resp.ts";

/** A command whose replies differ. */
export interface Difference {
  /** The seed of the round. */
  readonly seed: number;
  /** The command. */
  readonly command: readonly string[];
  /** The reply of the real server. */
  readonly expected: string;
  /** The reply of the other server. */
  readonly actual: string;
  /** Earlier commands of the round that name the same keys. */
  readonly before: readonly string[];
}

/** Replies in no order, which are compared sorted. */
const UNORDERED =
  /^(SMEMBERS|SINTER|SUNION|SDIFF|KEYS|HKEYS|HVALS|HGETALL|HSCAN|SSCAN|ZSCAN|SCAN|SORT|SORT_RO|CONFIG)$/;
/** Replies that depend on the clock: numbers that are near to each other are equal. */
const TIMES = /^(TTL|PTTL|EXPIRETIME|PEXPIRETIME)$/;

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** A reply as a text that shows its types. */
function show(value: Wire, unordered = false): string {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return JSON.stringify(latin1(value));
  if (value instanceof Simple) return `+${value.text}`;
  if (value instanceof ErrorReply) return `-${value.message}`;
  if (value instanceof NullArray) return "*null";
  if (value instanceof Double) return `,${value.value}`;
  if (value instanceof Push) return `>${show(value.values)}`;
  if (value instanceof Map) {
    const pairs = [...value].map(([key, one]) => `${show(key)}: ${show(one, unordered)}`);
    return `{${(unordered ? pairs.sort() : pairs).join(", ")}}`;
  }
  if (value instanceof Set) return `~[${[...value].map((one) => show(one)).sort().join(", ")}]`;
  if (Array.isArray(value)) {
    const items = value.map((one) => show(one, unordered));
    return `[${(unordered ? items.sort() : items).join(", ")}]`;
  }
  return `:${value}`;
}

async function ask(client: RawClient, command: readonly string[]): Promise<Wire> {
  return await client.send(encodeCommand(command));
}

function shown(command: readonly string[], reply: Wire): string {
  const name = command[0]!.toUpperCase();
  if (TIMES.test(name) && typeof reply === "number" && reply > 0) return ":positive";
  if (TIMES.test(name) && typeof reply === "bigint" && reply > 0) return ":positive";
  if (name === "HELLO" && (reply instanceof Map || Array.isArray(reply))) {
    return show(reply).replace(/id"?(: |, ):\d+/, "id");
  }
  if (name === "EXEC" && Array.isArray(reply)) {
    return `[${reply.map((one) => show(one, true)).join(", ")}]`.replace(/:id: :\d+/, "id");
  }
  return show(reply, UNORDERED.test(name) || command.some((word) => /^nosort$/i.test(word)));
}

/** Replies that differ by chance, by the clock, or by the commands that only one of both has: only errors are compared. */
function isRandom([name = "", ...words]: readonly string[]): boolean {
  return (/^COMMAND$/i.test(name) && words.length === 0) ||
    /^(TIME|RANDOMKEY|SPOP|SRANDMEMBER|HRANDFIELD|ZRANDMEMBER|LASTSAVE|SLOWLOG)$/i.test(name) ||
    /^OBJECT$/i.test(name) && /^IDLETIME$/i.test(words[0] ?? "") ||
    /^ACL$/i.test(name) && /^(GENPASS|CAT|LOG)$/i.test(words[0] ?? "") && words[1] !== "x" ||
    /^COMMAND$/i.test(name) && /^(LIST|INFO|COUNT|DOCS)$/i.test(words[0] ?? "");
}

/** Ranges by name among members of different scores have no meaning: the reply depends on how the set is stored. */
async function isUndefined(clients: readonly RawClient[], command: readonly string[]): Promise<boolean> {
  const name = command[0]!.toUpperCase();
  if (!/LEX/.test(name) && !command.some((word) => /^BYLEX$/i.test(word))) return false;
  const words = ["ZRANGE", command[name === "ZRANGESTORE" ? 2 : 1] ?? "", "0", "-1", "WITHSCORES"];
  // Both are asked, as the question is queued within MULTI.
  const [found] = await Promise.all(clients.map((one) => ask(one, words)));
  if (!Array.isArray(found)) return false;
  const scores = found.flat().filter((_, index) => index % 2 === 1).map((one) => show(one as Wire));
  return new Set(scores).size > 1;
}

/** Differences that the guide lists: the round ends, as data may differ from there on. */
function isListed([name = "", ...words]: readonly string[], expected: string, actual: string): boolean {
  // A HyperLogLog that other commands have damaged.
  if (/^PF/i.test(name) && /:\d{17,}|-INVALIDOBJ|HyperLogLog/.test(expected + actual)) return true;
  // The rules of a user: Redis finds categories that come near to them.
  const plain = (text: string): string => text.replace(/ [+-]@?[a-z|-]+(?=[ ")])/g, "");
  if (/^ACL$/i.test(name) && plain(expected) === plain(actual)) return true;
  // Whether a small number is shared depends on how it was made.
  if (/^OBJECT$/i.test(name) && /^REFCOUNT$/i.test(words[0] ?? "")) return true;
  // A cursor that the server has not given.
  if (/SCAN$/i.test(name) && words[/^SCAN$/i.test(name) ? 0 : 1] !== "0") return true;
  // Times beyond 2^53 milliseconds.
  return TIMES.test(name.toUpperCase()) && /9223\d{12}/.test(expected);
}

/** The properties of a run. */
export interface Run {
  /** The clients: of the real server, and of the other. */
  readonly clients: readonly [RawClient, RawClient];
  /** The group of commands. */
  readonly group: string;
  /** The number of commands. */
  readonly commands: number;
  /** The first seed. */
  readonly seed: number;
  /** The number of differences after which it ends. */
  readonly most: number;
}

const ROUND = 200;

/** Brings both servers and connections to their beginnings. */
async function begin(clients: readonly RawClient[], protocol: string): Promise<void> {
  const words = [["RESET"], ["HELLO", protocol], ["FLUSHALL"], ["FUNCTION", "FLUSH"], [
    "ACL",
    "DELUSER",
    "u0",
    "u1",
    "u2",
    "u3",
  ]];
  for (const each of words) await Promise.all(clients.map((one) => ask(one, each)));
}

/** Does rounds of commands; each begins with empty servers, and ends at the first difference. */
export async function findDifferences(run: Run): Promise<{
  /** Differences that are not listed in the guide. */
  readonly found: readonly Difference[];
  /** The number of replies that were compared. */
  readonly compared: number;
  /** The number of rounds that ended with a difference that is listed. */
  readonly listed: number;
}> {
  const found: Difference[] = [];
  let compared = 0;
  let listed = 0;
  const groups = Object.keys(GRAMMAR);
  for (let done = 0, seed = run.seed; done < run.commands && found.length < run.most; done += ROUND, seed++) {
    const dice = new Dice(seed);
    await begin(run.clients, dice.next() < 0.5 ? "2" : "3");
    const history: string[][] = [];
    for (let i = 0; i < ROUND; i++) {
      const own = dice.next() < 0.85;
      const other = run.group === "logs" ? "keys" : dice.pick(["keys", "strings", ...groups]);
      let command = rollCommand(dice, own ? run.group : other);
      if (dice.next() < 0.15) command = mutate(dice, command);
      if (await isUndefined(run.clients, command)) continue;
      const replies = await Promise.all(run.clients.map((one) => ask(one, command)));
      const [expected, actual] = replies.map((reply) => shown(command, reply)) as [string, string];
      // Keys that have expired are counted until they are looked at.
      const stale = /^(DBSIZE|EXEC)$/i.test(command[0]!) && history.some((one) => one.includes("PXAT"));
      const random = (stale || isRandom(command)) && expected[0] !== "-" && actual[0] !== "-";
      if (random && /^SPOP$/i.test(command[0]!)) break;
      if (expected !== actual && !random) {
        if (isListed(command, expected, actual)) {
          listed++;
          break;
        }
        const keys = command.filter((word) => /^k\d$/.test(word));
        const before = history.filter((one) =>
          keys.length === 0 || /^(MULTI|EXEC|DISCARD|SELECT|CONFIG|HELLO|RESET)$/i.test(one[0]!) ||
          one.some((word) => keys.includes(word))
        ).slice(-20).map((one) => one.map((word) => JSON.stringify(word)).join(" "));
        found.push({ seed, command, expected, actual, before });
        break;
      }
      if (!random) compared++;
      history.push(command);
    }
  }
  return { found, compared, listed };
}

/** A difference as lines for people. */
export function describeDifference({ seed, command, expected, actual, before }: Difference): string {
  const line = command.map((word) => JSON.stringify(word)).join(" ");
  return [
    `seed ${seed}: ${line}`,
    `  real: ${expected}`,
    `  mine: ${actual}`,
    ...before.map((one) => `    ${one}`),
  ].join("\n");
}
