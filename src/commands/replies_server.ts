/**
 * The parsers of replies of the server's own commands: cluster, functions, ACL, logs, statistics.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";
import type { ReplyParser } from "./command.ts";
import { double, fieldPairs, list, named, namedList, places, struct, text } from "./replies.ts";

const slotNode: ReplyParser = (reply) => {
  const [host, port, id, metadata] = reply as Reply[];
  return { host, port, id, metadata: named(metadata ?? []) };
};
/** CLUSTER SLOTS. */
export const slotRanges: ReplyParser = /* @__PURE__ */ list((reply) => {
  const [start, end, ...nodes] = reply as Reply[];
  return { start, end, nodes: nodes.map((node) => slotNode(node)) };
});
/** CLUSTER SHARDS. */
export const shards: ReplyParser = /* @__PURE__ */ list(/* @__PURE__ */ struct({ nodes: namedList }));
/** CLUSTER SLOT-STATS: `[slot, statistics]`. */
export const slotStats: ReplyParser = /* @__PURE__ */ list((reply) => {
  const [slot, statistics] = reply as Reply[];
  return [slot, named(statistics!)];
});

/** ACL GETUSER. */
export const aclUser: ReplyParser = /* @__PURE__ */ struct({ selectors: namedList });
/** ACL LOG. */
export const aclLogReply: ReplyParser = /* @__PURE__ */ list(
  /* @__PURE__ */ struct({ "age-seconds": double }),
);
/** SLOWLOG GET, COMMANDLOG GET. */
export const logEntries: ReplyParser = /* @__PURE__ */ list(/* @__PURE__ */ places(
  "id time value command client name",
));
/** FUNCTION LIST. */
export const libraries: ReplyParser = /* @__PURE__ */ list(/* @__PURE__ */ struct({ functions: namedList }));
/** FUNCTION STATS. */
export const functionStatsReply: ReplyParser = /* @__PURE__ */ struct({
  running_script: named,
  engines: /* @__PURE__ */ struct({ "*": named }),
});
/** MEMORY STATS: numbers, by name, nested by database. */
export const memoryStatsReply: ReplyParser = /* @__PURE__ */ struct({
  "*": (value, bytes) =>
    typeof value === "object" && !(value instanceof Uint8Array)
      ? memoryStatsReply(value, bytes)
      : double(value),
});
/** LATENCY HISTOGRAM, by command. */
export const histograms: ReplyParser = /* @__PURE__ */ struct({
  "*": /* @__PURE__ */ struct({
    histogram_usec: (reply) =>
      (fieldPairs(reply) as [Reply, Reply][]).map(([usec, calls]) => [Number(usec), calls]),
  }),
});
/** COMMAND DOCS, by command. */
export const commandDocsReply: ReplyParser = /* @__PURE__ */ struct({
  "*": /* @__PURE__ */ struct({
    arguments: (reply) => docArguments(reply),
    subcommands: (reply) => commandDocsReply(reply),
  }),
});
const docArguments: ReplyParser = /* @__PURE__ */ list(/* @__PURE__ */ struct({
  arguments: (reply) => docArguments(reply),
}));
/** COMMAND INFO: lists with their places, but the key specifications by name. */
export const commandInfoReply: ReplyParser = /* @__PURE__ */ list((reply) => {
  if (!Array.isArray(reply)) return reply;
  const made: unknown[] = [...reply];
  if (reply.length > 8) made[8] = keySpecs(reply[8]!);
  if (reply.length > 9) made[9] = commandInfoReply(reply[9]!);
  return made;
});
const search: ReplyParser = /* @__PURE__ */ struct({ spec: named });
const keySpecs: ReplyParser = /* @__PURE__ */ list(
  /* @__PURE__ */ struct({ begin_search: search, find_keys: search }),
);
/** COMMAND GETKEYSANDFLAGS: the flags as texts. */
export const keyFlags: ReplyParser = /* @__PURE__ */ list((reply) => {
  const [key, flags] = reply as Reply[];
  return [key, (flags as Reply[]).map(text)];
});
/** HOTKEYS GET. */
export const hotkeysReply: ReplyParser = /* @__PURE__ */ list(
  /* @__PURE__ */ struct({ "by-cpu-time-us": fieldPairs, "by-net-bytes": fieldPairs }),
);
