/**
 * MULTI, EXEC, WATCH.
 *
 * @module
 */
import { call } from "../dispatch.ts";
import { unwatch, watch } from "../keyspace.ts";
import type { CommandGroup } from "../registry.ts";
import { BLOCKED, err, ErrorReply, NULL_ARRAY, OK, type ReplyValue } from "../reply.ts";
import type { Session } from "../state.ts";

function discard(session: Session): void {
  session.multi = undefined;
  session.dirtyExec = session.dirtyCas = false;
  unwatch(session);
}

function exec(session: Session): ReplyValue {
  const { multi, server } = session;
  if (multi === undefined) throw err("EXEC without MULTI");
  // Keys that have expired since they were watched count as changed.
  const stale = session.watched.some(({ db, key, expired }) => {
    const entry = db.keys.get(key);
    return !expired && entry !== undefined && entry.expireAt !== 0 && entry.expireAt <= server.now;
  });
  if (session.dirtyExec) {
    discard(session);
    throw new ErrorReply("EXECABORT Transaction discarded because of previous errors.");
  }
  if (session.dirtyCas || stale) {
    discard(session);
    return NULL_ARRAY;
  }
  discard(session);
  const { noBlock } = session;
  session.noBlock = session.nested = true;
  try {
    return multi.map(({ command, args }) => {
      const reply = call(session, command, args);
      return reply === BLOCKED ? NULL_ARRAY : reply;
    });
  } finally {
    session.noBlock = noBlock;
    session.nested = false;
  }
}

/** Transactions. */
export const transactions: CommandGroup = {
  multi(session) {
    if (session.multi !== undefined) throw err("MULTI calls can not be nested");
    session.multi = [];
    session.dirtyExec = false;
    return OK;
  },
  exec,
  discard(session) {
    if (session.multi === undefined) throw err("DISCARD without MULTI");
    discard(session);
    return OK;
  },
  watch(session, args) {
    if (session.multi !== undefined) throw err("WATCH inside MULTI is not allowed");
    if (session.dirtyCas) return OK;
    for (const key of args.slice(1)) watch(session, key);
    return OK;
  },
  unwatch(session) {
    unwatch(session);
    session.dirtyCas = false;
    return OK;
  },
};
