/**
 * Any command as a value.
 *
 * @module
 */
import type { Arg, Reply } from "../resp/types.ts";
import { Command } from "./command.ts";
import { lookupCommand } from "./table.ts";

/**
 * Returns a command by its words, for commands without a function, such as those of modules. The reply is untyped.
 * (COMMAND itself is `commandInfo()`.)
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
