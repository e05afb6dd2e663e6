/**
 * The parsers of replies: each makes the same typed value of what RESP2 and RESP3 send, as text or as bytes.
 * They are never called with an error. Commands whose reply needs nothing done have none.
 *
 * @module
 */
import { beginObject, finishObject, setField } from "../resp/objects.ts";
import type { Reply } from "../resp/types.ts";
import type { ReplyParser } from "./command.ts";

const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** Returns text or bytes as text. */
export function text(value: Reply): string {
  return typeof value === "string" ? value : value instanceof Uint8Array ? utf8.decode(value) : String(value);
}

/** A double: RESP3 sends it as such, RESP2 as a string. */
export function double(reply: Reply): Reply {
  if (typeof reply === "number" || reply === null) return reply;
  if (reply instanceof Error) return reply;
  const written = text(reply);
  const value = Number(written);
  // Servers write infinity in several ways, of which JavaScript reads one.
  return Number.isNaN(value) && /^[+-]?inf/i.test(written)
    ? (written[0] === "-" ? -Infinity : Infinity)
    : value;
}

/** A yes or no: RESP3 sends a boolean, RESP2 1 or 0. */
export function bool(reply: Reply): boolean {
  return reply === true || reply === 1;
}

/** A list, each member made by `parse`; null stays null. */
export function list(parse: ReplyParser): ReplyParser {
  return (reply, bytes) => Array.isArray(reply) ? reply.map((member) => parse(member, bytes)) : reply;
}

/** `[name, value]` of a flat list, a list of pairs, a map or an object. */
export function entriesOf(reply: Reply): [Reply, Reply][] {
  if (reply instanceof Map) return [...reply];
  if (!Array.isArray(reply)) return Object.entries((reply ?? {}) as Record<string, Reply>);
  if (Array.isArray(reply[0])) return reply as [Reply, Reply][];
  const found: [Reply, Reply][] = [];
  for (let i = 0; i + 1 < reply.length; i += 2) found.push([reply[i]!, reply[i + 1]!]);
  return found;
}

/** `[name, value]` pairs, each value made by `parse`. */
export function pairsOf(parse?: ReplyParser): ReplyParser {
  return (reply, bytes) =>
    reply === null
      ? null
      : entriesOf(reply).map(([name, value]) => [name, parse ? parse(value, bytes) : value]);
}

/** `[[field, value], ...]`. */
export const fieldPairs: ReplyParser = /* @__PURE__ */ pairsOf();

const scoredPairs = /* @__PURE__ */ pairsOf(double);

/** `[[member, score], ...]`, which is what RESP3 sends: then the reply itself. */
export const scored: ReplyParser = (reply, bytes) =>
  Array.isArray(reply) && reply.every(isScored) ? reply : scoredPairs(reply, bytes);

function isScored(pair: Reply): boolean {
  return Array.isArray(pair) && pair.length === 2 && typeof pair[1] === "number";
}

/** `[[member, score], ...]` with the greatest score first, of a map that may have lost its order. */
export const ranked: ReplyParser = (reply, bytes) =>
  (scored(reply, bytes) as [Reply, number][] | null)?.sort((a, b) => b[1] - a[1]) ?? null;

/** Scores, and nulls for members that there are not. */
export const doubles: ReplyParser = /* @__PURE__ */ list(double);

/** Data whose names are the users': a plain object for text, a `Map` for bytes. */
export function dict(parse?: ReplyParser): ReplyParser {
  return (reply, bytes) => {
    if (reply === null) return null;
    if (!Array.isArray(reply)) {
      if (!parse && reply instanceof Map === !!bytes) return reply;
    } else if (
      reply[0] instanceof Uint8Array || Array.isArray(reply[0]) && reply[0][0] instanceof Uint8Array
    ) {
      bytes = true;
    }
    const entries = entriesOf(reply);
    if (bytes) return new Map(entries.map(([name, value]) => [name, parse ? parse(value, bytes) : value]));
    const made = beginObject<unknown>(entries.length);
    for (const [name, value] of entries) setField(made, text(name), parse ? parse(value, bytes) : value);
    return finishObject(made);
  };
}

/** Fields and values. */
export const record: ReplyParser = /* @__PURE__ */ dict();

/** Parsers for some members of a {@linkcode struct}; `"*"` for all others. */
export interface Members {
  readonly [name: string]: ReplyParser;
}

/** A reply whose names are the server's: a plain object, its names text for clients of bytes too. */
export function struct(members?: Members): ReplyParser {
  return (reply, bytes) => {
    if (reply === null) return null;
    const entries = entriesOf(reply);
    const made = beginObject<unknown>(entries.length);
    for (const [key, value] of entries) {
      const name = text(key);
      const parse = members && Object.hasOwn(members, name) ? members[name] : members?.["*"];
      setField(made, name, parse ? parse(value, bytes) : value);
    }
    return finishObject(made);
  };
}

/** An object by the server's names. */
export const named: ReplyParser = /* @__PURE__ */ struct();

/** A list of objects by the server's names. */
export const namedList: ReplyParser = /* @__PURE__ */ list(named);

/** Objects by name. */
export const namedByName: ReplyParser = /* @__PURE__ */ struct({ "*": named });

/** An object of a list whose members have their places: `places` gives them names. */
export function places(names: string, ...parsers: readonly (ReplyParser | undefined)[]): ReplyParser {
  const keys = names.split(" ");
  return (reply, bytes) => {
    if (!Array.isArray(reply)) return reply;
    const made: Record<string, unknown> = {};
    keys.forEach((key, i) => made[key] = parsers[i] ? parsers[i]!(reply[i]!, bytes) : reply[i]);
    return made;
  };
}

/** Text or null. */
export const textOrNull: ReplyParser = (reply) => reply === null ? null : text(reply);

/** A list of texts, for clients of bytes too. */
export const texts: ReplyParser = /* @__PURE__ */ list(text);
