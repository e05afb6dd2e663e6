/**
 * The parsers of replies of single groups of commands: scans, streams, places, blocking pops.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";
import type { ReplyParser } from "./command.ts";
import {
  bool,
  dict,
  double,
  doubles,
  entriesOf,
  fieldPairs,
  list,
  named,
  places,
  ranked,
  record,
  scored,
  struct,
  text,
  textOrNull,
  texts,
} from "./replies.ts";

/** SCAN: `{ cursor, keys }`. */
export const scanKeys: ReplyParser = /* @__PURE__ */ places("cursor keys", text);
/** SSCAN and others without values: `{ cursor, members }`. */
export const scanMembers: ReplyParser = /* @__PURE__ */ places("cursor members", text);
/** HSCAN: `{ cursor, entries }`. */
export const scanFields: ReplyParser = /* @__PURE__ */ places("cursor entries", text, fieldPairs);
/** ZSCAN: `{ cursor, entries }`. */
export const scanScores: ReplyParser = /* @__PURE__ */ places("cursor entries", text, scored);

/** BZPOPMIN: `[key, member, score]`. */
export const keyMemberScore: ReplyParser = (reply) =>
  Array.isArray(reply) ? [reply[0], reply[1], double(reply[2]!)] : reply;
/** ZMPOP: `[key, [[member, score], ...]]`. */
export const keyScored: ReplyParser = (reply) => Array.isArray(reply) ? [reply[0], scored(reply[1]!)] : reply;
/** ZRANK with `withScore`: `[rank, score]`. */
export const rankScore: ReplyParser = (reply) => Array.isArray(reply) ? [reply[0], double(reply[1]!)] : reply;
/** TIME: `[seconds, microseconds]`. */
export const timeReply: ReplyParser = (reply) => (reply as Reply[]).map((part) => Number(text(part)));

/** GEOPOS: `[longitude, latitude]` or null, each. */
export const positions: ReplyParser = /* @__PURE__ */ list(doubles);

/** Returns the parser of GEOSEARCH for the requested details; none for plain members. */
export function geo(
  options: { withCoord?: boolean; withDist?: boolean; withHash?: boolean } | undefined,
): ReplyParser | undefined {
  if (!(options?.withCoord || options?.withDist || options?.withHash)) return undefined;
  const { withCoord, withDist, withHash } = options;
  return list((reply) => {
    const [member, ...rest] = reply as Reply[];
    const match: Record<string, unknown> = { member };
    if (withDist) match.distance = double(rest.shift()!);
    if (withHash) match.hash = rest.shift();
    if (withCoord) match.coordinates = doubles(rest.shift()!);
    return match;
  });
}

/** The most names and values of an entry for which `plainFields` is faster than an object made of pairs. */
const FEW = 32;
/** The last digit. */
const NINE = 57;

/** Returns the fields of an entry as an object, unless it might lose a name or the order of names; few entries do. */
function plainFields(flat: readonly Reply[]): Record<string, Reply> | undefined {
  const { length } = flat;
  if (length > FEW || length % 2 === 1) return undefined;
  const fields: Record<string, Reply> = {};
  for (let at = 0; at < length; at += 2) {
    const name = flat[at]!;
    // Objects sort names that are integers. For `__proto__` an assignment makes no field.
    if (typeof name !== "string" || name.charCodeAt(0) <= NINE || name in fields) return undefined;
    fields[name] = flat[at + 1]!;
  }
  return fields;
}

/** An entry of a stream: `{ id, fields }`, and `pairs` where `fields` would lose something; null stays null. */
export const streamEntry: ReplyParser = (reply, bytes) => {
  if (!Array.isArray(reply)) return reply;
  const flat = (reply[1] ?? []) as Reply[];
  const id = text(reply[0]!);
  if (!bytes && reply.length === 2 && Array.isArray(flat)) {
    const fields = plainFields(flat);
    if (fields !== undefined) return { id, fields };
  }
  const fields = record(flat, bytes) as object;
  // XREADGROUP with `claim` returns the idle time and the earlier deliveries of each entry.
  const claim = reply.length > 2 ? { idle: reply[2], deliveries: reply[3] } : undefined;
  // A `Map` by bytes keeps all. Objects hold a name once, and names like `10` in the order of numbers.
  if (fields instanceof Map) return { id, fields, ...claim };
  const names = Object.keys(fields);
  const whole = names.length * 2 === flat.length && names.every((name, at) => name === flat[at * 2]);
  return whole ? { id, fields, ...claim } : { id, fields, pairs: fieldPairs(flat), ...claim };
};
/** Entries of a stream; null (claimed, but deleted) ones are left out, as later servers do. */
export const streamEntries: ReplyParser = (reply, bytes) =>
  (reply as Reply[]).filter((one) => one !== null).map((one) => streamEntry(one, bytes));
/** XREAD: entries by stream. */
export const streamsReply: ReplyParser = /* @__PURE__ */ dict(streamEntries);
/** XAUTOCLAIM. */
export const autoclaimed: ReplyParser = (reply, bytes) =>
  claimed(reply, streamEntries(part(reply, 1), bytes));
/** XAUTOCLAIM with `justId`. */
export const autoclaimedIds: ReplyParser = (reply) => claimed(reply, texts(part(reply, 1)));

function part(reply: Reply, at: number): Reply {
  return (reply as Reply[])[at] ?? [];
}
function claimed(reply: Reply, found: unknown): unknown {
  return { next: text(part(reply, 0)), entries: found, deleted: texts(part(reply, 2)) };
}

/** XPENDING without a range. */
export const pendingSummary: ReplyParser = /* @__PURE__ */ places(
  "count min max consumers",
  undefined,
  textOrNull,
  textOrNull,
  (reply) =>
    (reply as Reply[] ?? []).map((one) => (one as Reply[]).map(text)).map(([who, n]) => [who, Number(n)]),
);
/** XPENDING with a range. */
export const pendingEntries: ReplyParser = /* @__PURE__ */ list(
  /* @__PURE__ */ places("id consumer idle deliveries", text),
);

const streamMembers = {
  "first-entry": streamEntry,
  "last-entry": streamEntry,
  entries: streamEntries,
  groups: (reply: Reply, bytes?: boolean) =>
    Array.isArray(reply) ? reply.map((group) => fullGroup(group, bytes)) : reply,
  "last-generated-id": text,
  "max-deleted-entry-id": text,
  "recorded-first-entry-id": text,
};
const fullGroup: ReplyParser = /* @__PURE__ */ struct({ consumers: /* @__PURE__ */ list(named) });
/** XINFO STREAM. */
export const streamInfo: ReplyParser = /* @__PURE__ */ struct(streamMembers);

/** LCS with `idx`. */
export const lcsMatches: ReplyParser = named;

/** VEMB, VLINKS: doubles, nested. */
export const deepDoubles: ReplyParser = (reply, bytes) =>
  Array.isArray(reply) ? reply.map((one) => deepDoubles(one, bytes)) : double(reply);
/** VLINKS with `withScores`: pairs by level. */
export const levelsScored: ReplyParser = /* @__PURE__ */ list(scored);
/** Booleans, each. */
export const bools: ReplyParser = /* @__PURE__ */ list(bool);
/** VEMB with `raw`. */
export const rawVector: ReplyParser = /* @__PURE__ */ places(
  "quantization data norm range",
  text,
  undefined,
  double,
  double,
);

/** Returns the parser of VSIM for the requested details; none for plain elements. Maps may be out of order. */
export function similar(
  options: { withScores?: boolean; withAttribs?: boolean } | undefined,
): ReplyParser | undefined {
  if (!options?.withAttribs) return options?.withScores ? ranked : undefined;
  if (!options.withScores) return fieldPairs;
  return (reply) => {
    // RESP2 sends three behind one another, RESP3 a map of pairs.
    const list = Array.isArray(reply)
      ? Array.from({ length: reply.length / 3 }, (_, i) => reply.slice(3 * i, 3 * i + 3))
      : entriesOf(reply).map(([element, pair]) => [element, ...pair as Reply[]]);
    return list.map(([element, score, attributes]) => [element, double(score!), attributes])
      .sort((a, b) => (b[1] as number) - (a[1] as number));
  };
}
