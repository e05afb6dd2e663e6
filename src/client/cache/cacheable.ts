/**
 * Decides which commands can be cached.
 *
 * @module
 */
import { type Command, CommandFlag, type CommandSpec } from "../../commands/command.ts";
import { isKnownCommand } from "../../commands/table.ts";

/** Read-only commands with keys whose replies change although no key does, or depend on more than their keys. */
const DENIED: ReadonlySet<string> = new Set([
  // Chance.
  "RANDOMKEY",
  "SRANDMEMBER",
  "HRANDFIELD",
  "ZRANDMEMBER",
  "VRANDMEMBER",
  "VSIM",
  // Time.
  "TTL",
  "PTTL",
  "HTTL",
  "HPTTL",
  "OBJECT FREQ",
  "OBJECT IDLETIME",
  "XINFO CONSUMERS",
  "XINFO GROUPS",
  "XINFO STREAM",
  "XPENDING",
  "XREAD",
  // How the server keeps it, which it may change by itself.
  "OBJECT ENCODING",
  "OBJECT REFCOUNT",
  "MEMORY USAGE",
  "VINFO",
  // Cursors.
  "SCAN",
  "SSCAN",
  "HSCAN",
  "ZSCAN",
  "CLUSTERSCAN",
  // Scripts can read any key, SORT reads keys that no argument names, and TOUCH has a side effect.
  "EVAL_RO",
  "EVALSHA_RO",
  "FCALL_RO",
  "SORT_RO",
  "TOUCH",
]);

/** The effect of a command on the cache. */
export const CacheClass = {
  /** Answered from the cache. */
  read: 1,
  /** No effect. */
  pass: 2,
  /** Evicts the keys of the command. */
  write: 3,
  /** Clears the cache. */
  flush: 4,
  /** Evicts all keys that an argument names, because the command is not in the table. */
  unknown: 5,
} as const;

const FLUSHES: ReadonlySet<string> = new Set(["FLUSHALL", "FLUSHDB", "SWAPDB"]);
const classes: WeakMap<CommandSpec, number> = new WeakMap();

/** The class of a command, by its spec. */
export function classOf({ spec }: Command): number {
  let found = classes.get(spec);
  if (found === undefined) classes.set(spec, found = judge(spec));
  return found;
}

function judge({ name, flags, keys }: CommandSpec): number {
  if (FLUSHES.has(name)) return CacheClass.flush;
  if (keys.length === 0) return isKnownCommand(name) ? CacheClass.pass : CacheClass.unknown;
  if ((flags & CommandFlag.readonly) === 0) return CacheClass.write;
  const special = CommandFlag.blocking | CommandFlag.stateful | CommandFlag.binary;
  return (flags & special) !== 0 || DENIED.has(name) ? CacheClass.pass : CacheClass.read;
}
