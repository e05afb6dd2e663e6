/**
 * OBJECT, MEMORY and DEBUG.
 *
 * @module
 */
import { encodingOf, memoryOf } from "../encoding.ts";
import { integer, parseDouble } from "../numbers.ts";
import { pause } from "../pause.ts";
import type { CommandGroup } from "../registry.ts";
import {
  Double,
  err,
  MapReply,
  NO_KEY,
  NOT_FLOAT,
  OK,
  type ReplyValue,
  Simple,
  SYNTAX,
  Verbatim,
} from "../reply.ts";
import type { Session } from "../state.ts";
import { slowLogOf } from "../slow_log.ts";
import { waitFor } from "../waiting.ts";

function usesFrequency(session: Session): boolean {
  return session.server.config.text("maxmemory-policy").includes("lfu");
}

function memoryStats(session: Session): ReplyValue {
  const { databases } = session.server;
  let [keys, bytes] = [0, 0];
  const flat: ReplyValue[] = [];
  for (const db of databases) {
    if (db.size === 0) continue;
    keys += db.size;
    for (const { key, value } of db.keys.nodes()) bytes += memoryOf(key, value);
    flat.push(
      `db.${db.index}`,
      new MapReply(["overhead.hashtable.main", db.size * 48, "overhead.hashtable.expires", db.volatile * 48]),
    );
  }
  return new MapReply([
    "peak.allocated",
    1_000_000 + bytes,
    "total.allocated",
    1_000_000 + bytes,
    "startup.allocated",
    1_000_000,
    "replication.backlog",
    0,
    ...flat,
    "overhead.total",
    1_000_000,
    "keys.count",
    keys,
    "keys.bytes-per-key",
    keys === 0 ? 0 : Math.floor(bytes / keys),
    "dataset.bytes",
    bytes,
    "dataset.percentage",
    new Double(bytes === 0 ? 0 : 100),
    "peak.percentage",
    new Double(100),
  ]);
}

function debug(session: Session, args: string[]): ReplyValue {
  const { server } = session;
  switch (args[1]!.toLowerCase()) {
    case "sleep": {
      const seconds = parseDouble(args[2] ?? "");
      if (seconds === undefined) throw NOT_FLOAT;
      const until = server.now + Math.ceil(seconds * 1000);
      slowLogOf(server).record(session, session.lastCommand!, args, Math.floor(Math.max(0, seconds) * 1e6));
      if (seconds <= 0 || session.noBlock) return OK;
      pause(server, until, false);
      return waitFor(session, [], until, () => undefined, OK);
    }
    case "set-active-expire":
      server.activeExpire = args[2] !== "0";
      return OK;
    case "object": {
      const entry = session.db.peek(args[2] ?? "");
      if (entry === undefined) throw NO_KEY;
      const idle = Math.floor((server.now - entry.usedAt) / 1000);
      return new Simple(
        `Value at:0x7f0000000000 refcount:1 encoding:${encodingOf(entry)} serializedlength:${
          memoryOf("", entry)
        } lru:0 lru_seconds_idle:${idle}`,
      );
    }
    case "jmap":
    case "reload":
    case "loadaof":
    case "change-repl-id":
    case "quicklist-packed-threshold":
    case "set-disable-deny-scripts":
    case "replicate":
    case "flushall":
    case "dict-resizing":
      return OK;
    case "protocol":
      return protocolSample(args[2]?.toLowerCase() ?? "");
    default:
      throw err(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try DEBUG HELP.`);
  }
}

function protocolSample(kind: string): ReplyValue {
  switch (kind) {
    case "string":
      return "Hello World";
    case "integer":
      return 12345;
    case "double":
      return new Double(3.141);
    case "null":
      return null;
    case "array":
      return [0, 1, 2];
    case "true":
      return true;
    case "false":
      return false;
    case "verbatim":
      return new Verbatim("This is a verbatim\nstring");
    default:
      throw err(
        "Wrong protocol type name. Please use one of the following: string|integer|double|null|array|set|map|attrib|push|verbatim|true|false",
      );
  }
}

/** OBJECT and the like. */
export const objects: CommandGroup = {
  "object|encoding"(session, args) {
    const entry = session.db.peek(args[2]!);
    return entry === undefined ? null : encodingOf(entry);
  },
  "object|refcount"(session, args) {
    const entry = session.db.peek(args[2]!);
    if (entry === undefined) return null;
    // Small numbers are shared.
    return encodingOf(entry) === "int" && /^\d{1,4}$/.test(String(entry.value)) ? 2147483647 : 1;
  },
  "object|idletime"(session, args) {
    const entry = session.db.peek(args[2]!);
    if (entry === undefined) return null;
    if (usesFrequency(session)) {
      throw err(
        "An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
      );
    }
    return Math.floor((session.server.now - entry.usedAt) / 1000);
  },
  "object|freq"(session, args) {
    const entry = session.db.peek(args[2]!);
    if (entry === undefined) return null;
    if (!usesFrequency(session)) {
      throw err(
        "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
      );
    }
    return entry.frequency;
  },
  "memory|usage"(session, args) {
    for (let i = 3; i < args.length; i += 2) {
      if (args[i]!.toUpperCase() !== "SAMPLES" || i + 1 >= args.length || integer(args[i + 1]!) < 0) {
        throw SYNTAX;
      }
    }
    const entry = session.db.peek(args[2]!);
    return entry === undefined ? null : memoryOf(args[2]!, entry);
  },
  "memory|stats": memoryStats,
  "memory|doctor": () => new Verbatim("There is nothing to report.\n"),
  "memory|malloc-stats": () => new Verbatim("Stats not supported for the current allocator"),
  "memory|purge": () => OK,
  debug,
};
