/**
 * Commands that can be distinguished: each carries its number among its arguments, where the server's log
 * shows it.
 *
 * @module
 */
import type { Command } from "../../src/commands/command.ts";
import { command } from "../../src/commands/raw.ts";
import { script } from "../../src/commands/script.ts";
import type { Part } from "./scenario.ts";

/** A script that does what its arguments say. */
export const SCRIPT = "return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))";

/** A library with a function that does the same. */
export const LIBRARY = "#!lua name=simulated\n" +
  "redis.register_function('call', function(keys, args)\n" +
  "  return redis.call(args[1], keys[1], unpack(args, 2))\nend)";

/** The value that a command writes. */
export function valueOf({ id, size = 0 }: Part): string {
  return `${id}:${"v".repeat(size)};`;
}

/** The words of a command. */
export function wordsOf(part: Part): [string, ...(string | number)[]] {
  const { id, verb, key, ttl = 1_000 } = part;
  switch (verb) {
    case "set":
      return ["SET", key, valueOf(part)];
    case "setpx":
      return ["SET", key, valueOf(part), "PX", ttl];
    case "append":
      return ["APPEND", key, valueOf(part)];
    case "incr":
      return ["INCRBY", key, id];
    case "push":
      return ["RPUSH", key, valueOf(part)];
    case "del":
      // The number is a key that is not there, in the same slot.
      return ["DEL", key, tagOf(key) === "" ? `${id}:` : `${id}:{${tagOf(key)}}`];
    case "get":
      return ["GET", key];
    case "range":
      return ["GETRANGE", key, 0, id + 1_000_000_000];
    case "list":
      return ["LRANGE", key, 0, id + 1_000_000_000];
    case "publish":
      return ["PUBLISH", key, valueOf(part)];
    case "spublish":
      return ["SPUBLISH", key, valueOf(part)];
    case "xadd":
      return ["XADD", key, "*", "f", valueOf(part)];
  }
}

/** The command of a part, as a program sends it. */
export function commandOf(part: Part): Command {
  const [name, ...rest] = wordsOf(part);
  const { key, via } = part;
  if (via === undefined) return command(name, ...rest);
  const args = [name, ...rest.slice(1)];
  return via === "function"
    ? command("FCALL", "call", 1, key, ...args)
    : script(SCRIPT, { keys: [key], args, readOnly: !writes(part) });
}

/** Whether a command changes something. */
export function writes({ verb }: Part): boolean {
  return verb !== "get" && verb !== "range" && verb !== "list";
}

const NUMBERED: ReadonlyMap<string, number> = new Map([
  ["SET", 2],
  ["APPEND", 2],
  ["INCRBY", 2],
  ["RPUSH", 2],
  ["DEL", 2],
  ["GETRANGE", 3],
  ["LRANGE", 3],
  ["PUBLISH", 2],
  ["SPUBLISH", 2],
  ["XADD", 4],
]);

/** The number of a command that the server executed, with keys that begin with `prefix`; `undefined`: it has none. */
export function numberOf(name: string, args: readonly string[], prefix: string = ""): number | undefined {
  const place = NUMBERED.get(name);
  if (place === undefined) return undefined;
  // The number of DEL is a key.
  const word = args[place]!;
  const number = parseInt(name === "DEL" && word.startsWith(prefix) ? word.slice(prefix.length) : word, 10);
  return Number.isNaN(number) ? undefined : number >= 1_000_000_000 ? number - 1_000_000_000 : number;
}

const latin1 = new TextDecoder("latin1");

/** The numbers of commands in the bytes that a client sends, and lengths and times that look like them. */
export function numbersIn(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (const [, digits] of latin1.decode(bytes).matchAll(/(?:^|\n)(\d+)[:\r]/g)) {
    const number = Number(digits);
    found.push(number >= 1_000_000_000 ? number - 1_000_000_000 : number);
  }
  return found;
}

/** Returns the text in the braces of a key: keys with the same tag are in one slot. Empty without braces. */
export function tagOf(key: string): string {
  const open = key.indexOf("{");
  return open < 0 ? "" : key.slice(open + 1, -1);
}
