/**
 * HyperLogLog.
 *
 * @module
 */
import {
  addElement,
  cacheCount,
  cachedCount,
  checkHeader,
  countElements,
  emptyLog,
  type HyperLogLog,
  readLog,
  writeLog,
} from "../hyperloglog.ts";
import { changed, changedWith } from "../keyspace.ts";
import type { CommandGroup } from "../registry.ts";
import { err, OK, type ReplyValue } from "../reply.ts";
import type { Session } from "../state.ts";
import { Bytes } from "../types/bytes.ts";
import { stringEntry } from "./strings.ts";

/** The string of a key as bytes, which it is from now on. */
function bytesAt(session: Session, key: string): Bytes | undefined {
  const entry = stringEntry(session, key);
  if (entry === undefined) return undefined;
  if (!(entry.value instanceof Bytes)) {
    if (!(entry.value as string).startsWith("HYLL")) readLog(new Bytes(entry.value as string));
    session.db.keep(key);
    entry.value = new Bytes(entry.value as string);
  }
  return entry.value as Bytes;
}

function read(session: Session, key: string): HyperLogLog | undefined {
  const value = bytesAt(session, key);
  return value && readLog(value);
}

function store(session: Session, key: string, log: HyperLogLog): void {
  session.db.set(key, writeLog(log, session.server.config.number("hll-sparse-max-bytes")), true);
}

function pfadd(session: Session, args: string[]): ReplyValue {
  const key = args[1]!;
  const value = bytesAt(session, key);
  if (value !== undefined && args.length === 2) {
    checkHeader(value);
    return 0;
  }
  const log = value === undefined ? emptyLog() : readLog(value);
  const { sparse } = log;
  let grew = value === undefined;
  session.db.keep(key);
  const dense = sparse ? undefined : value?.view;
  for (let i = 2; i < args.length; i++) if (addElement(log, args[i]!, dense)) grew = true;
  if (!grew) return 0;
  if (sparse) {
    const before = value?.view.slice(8, 15);
    store(session, key, log);
    // The old count stays, marked as stale.
    if (before !== undefined) (session.db.find(key)!.value as Bytes).view.set(before, 8);
  } else cacheCount(value!, undefined);
  changedWith(session, key, "$", "pfadd");
  return 1;
}

function pfcount(session: Session, args: string[]): ReplyValue {
  if (args.length > 2) {
    const union = emptyLog();
    for (const key of args.slice(1)) merge(union, read(session, key));
    return countElements(union);
  }
  const value = bytesAt(session, args[1]!);
  if (value === undefined) return 0;
  checkHeader(value);
  const cached = cachedCount(value);
  if (cached !== undefined) return cached;
  const log = readLog(value);
  const count = countElements(log);
  session.db.keep(args[1]!);
  cacheCount(value, count);
  changed(session, args[1]!);
  return count;
}

function merge(into: HyperLogLog, from: HyperLogLog | undefined): void {
  if (from === undefined) return;
  if (!from.sparse) into.sparse = false;
  for (const [index, value] of from.registers.entries()) {
    if (value > into.registers[index]!) into.registers[index] = value;
  }
}

function pfdebug(session: Session, args: string[]): ReplyValue {
  const [, word, key] = args as [string, string, string];
  const log = read(session, key);
  if (log === undefined) throw err("The specified key does not exist");
  const { sparse } = log;
  const makeDense = (): void => {
    if (sparse) store(session, key, { registers: log.registers, sparse: false });
  };
  switch (word.toLowerCase()) {
    case "getreg":
      makeDense();
      return [...log.registers];
    case "encoding":
      return sparse ? "sparse" : "dense";
    case "todense":
      makeDense();
      return sparse ? 1 : 0;
    default:
      throw err(`Unknown PFDEBUG subcommand '${word}'`);
  }
}

/** HyperLogLog. */
export const hyperLogLogs: CommandGroup = {
  pfadd,
  pfcount,
  pfmerge(session, args) {
    const into = emptyLog();
    for (const key of args.slice(1)) merge(into, read(session, key));
    session.server.counts = false;
    const count = bytesAt(session, args[1]!)?.view.slice(8, 15);
    store(session, args[1]!, into);
    // The old count stays, marked as stale.
    if (count !== undefined) (session.db.peek(args[1]!)!.value as Bytes).view.set(count, 8);
    changedWith(session, args[1]!, "$", "pfadd");
    return OK;
  },
  pfdebug,
  pfselftest: () => OK,
};
