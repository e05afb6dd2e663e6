/**
 * Any command as a value.
 *
 * @module
 */
import type { Arg, Reply } from "../resp/types.ts";
import { Command } from "./command.ts";
import { lookupCommand } from "./table.ts";

/**
 * Any command there is, or will be, by its words: for lists of commands, with those that have no function yet and
 * those of modules among them. Its reply is not typed. (COMMAND itself is `commandInfo()`.)
 *
 * @example
 * ```ts
 * import { Redis } from "@keywire/redis";
 * import { command, get } from "@keywire/redis/commands";
 *
 * await using redis = new Redis();
 * await redis.pipeline([get("greeting"), command<string>("OBJECT", "ENCODING", "greeting")]).exec();
 * ```
 */
export function command<T = Reply>(name: string, ...args: Arg[]): Command<T> {
  const { spec, args: rest } = lookupCommand([name, ...args]);
  return new Command(spec, rest);
}
