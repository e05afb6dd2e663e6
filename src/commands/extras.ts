/**
 * The exports of `./commands` besides the commands: types, and parsers for texts of servers.
 *
 * @module
 */
export { Command, CommandFlag } from "./command.ts";
export type { CommandSpec, KeySpec, ReplyParser } from "./command.ts";
export { command } from "./raw.ts";
export { createScript, type Script, script, type ScriptOptions } from "./script.ts";
export type { AtMostOne, Entries, ExactlyOne, Many, Num, OneOrMany } from "./arguments.ts";
export type {
  BitfieldOperation,
  ClientFilter,
  ClientType,
  GeoDetail,
  GeoPlain,
  GeoShape,
  GeoUnit,
  HotkeyMetric,
  Places,
  Scores,
  SlotRanges,
  StreamReferences,
  TrimBound,
  TrimOptions,
  Vector,
  VectorQuery,
} from "./shapes.ts";
export type * from "./reply_types.ts";
export type { Arg, Attributed, Reply, ReplyObject } from "../resp/types.ts";
export { parseClientList, parseClusterNodes, parseInfo } from "./texts.ts";
export type { ClientInfo, ClusterNode, Info } from "./texts.ts";
export type { Executed, RedisError, RedisErrorOptions, ReplyError } from "../errors.ts";
