/**
 * DUMP and RESTORE.
 *
 * @module
 */
import type { Value } from "../database.ts";
import { changedWith, created } from "../keyspace.ts";
import { integer, integerIn } from "../numbers.ts";
import { checkPayload } from "../rdb/payload.ts";
import { dumpValue, type Parts, readPayload } from "../rdb/values.ts";
import type { CommandGroup } from "../registry.ts";
import { err, ErrorReply, OK, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { Hash } from "../types/hash.ts";
import { List } from "../types/list.ts";
import { SortedSet } from "../types/sorted_set.ts";
import { setField } from "./hashes.ts";
import { makeSet } from "./sets.ts";
import { setScore } from "./sorted_sets.ts";

function build(session: Session, parts: Parts): Value {
  switch (parts.type) {
    case "string":
      return parts.text;
    case "list": {
      const list = new List();
      for (const item of parts.items) list.push(item, false);
      return list;
    }
    case "set":
      return makeSet(session, parts.items);
    case "hash": {
      const hash = new Hash();
      for (const [field, value, expireAt] of parts.pairs) {
        setField(session, hash, field, value);
        if (expireAt !== undefined) hash.expire(field, expireAt);
      }
      return hash;
    }
    case "zset": {
      const set = new SortedSet();
      for (const [member, score] of parts.scores) setScore(session, set, member, score);
      return set;
    }
    case "stream":
      return parts.stream;
  }
}

function restore(session: Session, args: string[]): ReplyValue {
  const [, key, ttlText, payload] = args as [string, string, string, string];
  const { db, server } = session;
  let [replace, absolute] = [false, false];
  for (let i = 4; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (word === "REPLACE") replace = true;
    else if (word === "ABSTTL") absolute = true;
    else if (word === "IDLETIME" && i + 1 < args.length) {
      integerIn(args[++i]!, 0, Infinity, "Invalid IDLETIME value, must be >= 0");
    } else if (word === "FREQ" && i + 1 < args.length) {
      integerIn(args[++i]!, 0, 255, "Invalid FREQ value, must be >= 0 and <= 255");
    } else throw SYNTAX;
  }
  if (!replace && db.find(key) !== undefined) throw new ErrorReply("BUSYKEY Target key name already exists.");
  const ttl = integer(ttlText);
  if (ttl < 0) throw err("Invalid TTL value, must be >= 0");
  if (!checkPayload(payload)) throw err("DUMP payload version or checksum are wrong");
  const parts = readPayload(payload);
  if (parts === undefined) throw err("Bad data format");
  db.delete(key);
  const at = ttl === 0 ? 0 : absolute ? ttl : server.now + ttl;
  if (at !== 0 && at <= server.now) return OK;
  const value = build(session, parts);
  db.set(key, value);
  if (typeof value === "object" && value.type === "hash") db.watchFields(key, value.nextExpiry());
  if (at !== 0) db.expire(key, at);
  created(session, key);
  session.effects = [["RESTORE", key, String(at), payload, "ABSTTL", "REPLACE"]];
  changedWith(session, key, "g", "restore");
  return OK;
}

/** DUMP and RESTORE. */
export const dumping: CommandGroup = {
  dump(session, args) {
    const entry = session.db.find(args[1]!);
    return entry === undefined ? null : dumpValue(entry.value);
  },
  restore,
  "restore-asking": restore,
};
