/**
 * HyperLogLog.
 *
 * @module
 */
import {
  addElement,
  countElements,
  emptyLog,
  type HyperLogLog,
  NO_LOG,
  readLog,
  writeLog,
} from "../hyperloglog.ts";
import { changedWith } from "../keyspace.ts";
import type { CommandGroup } from "../registry.ts";
import { ErrorReply, OK, type ReplyValue } from "../reply.ts";
import type { Session } from "../state.ts";
import { stringEntry } from "./strings.ts";

function read(session: Session, key: string): HyperLogLog | undefined {
  const value = stringEntry(session, key)?.value;
  return value === undefined ? undefined : readLog(String(value));
}

function store(session: Session, key: string, log: HyperLogLog): void {
  session.db.set(key, writeLog(log, session.server.config.number("hll-sparse-max-bytes")), true);
}

function pfcount(session: Session, args: string[]): ReplyValue {
  if (args.length === 2) {
    const log = read(session, args[1]!);
    return log === undefined ? 0 : countElements(log);
  }
  const union = emptyLog();
  for (const key of args.slice(1)) merge(union, read(session, key));
  return countElements(union);
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
  if (log === undefined) throw NO_LOG;
  switch (word.toLowerCase()) {
    case "getreg":
      if (log.sparse) {
        log.sparse = false;
        store(session, key, log);
      }
      return [...log.registers];
    case "encoding":
      return log.sparse ? "sparse" : "dense";
    case "todense": {
      const { sparse } = log;
      log.sparse = false;
      store(session, key, log);
      return sparse ? 1 : 0;
    }
    default:
      throw new ErrorReply(`ERR Unknown PFDEBUG subcommand '${word}'`);
  }
}

/** HyperLogLog. */
export const hyperLogLogs: CommandGroup = {
  pfadd(session, args) {
    const key = args[1]!;
    const old = read(session, key);
    const log = old ?? emptyLog();
    let grew = old === undefined;
    for (const element of args.slice(2)) if (addElement(log, element)) grew = true;
    if (!grew) return 0;
    store(session, key, log);
    changedWith(session, key, "$", "pfadd");
    return 1;
  },
  pfcount,
  pfmerge(session, args) {
    const into = emptyLog();
    for (const key of args.slice(1)) merge(into, read(session, key));
    store(session, args[1]!, into);
    changedWith(session, args[1]!, "$", "pfadd");
    return OK;
  },
  pfdebug,
  pfselftest: () => OK,
};
