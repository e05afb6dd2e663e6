/**
 * MULTI, EXEC, WATCH.
 *
 * @module
 */
import { denied, onDenied } from "../acl/check.ts";
import { call, showMonitors } from "../dispatch.ts";
import { unwatch, watch } from "../keyspace.ts";
import type { CommandGroup } from "../registry.ts";
import { BLOCKED, err, ErrorReply, NULL_ARRAY, OK, PartedReply, type ReplyValue, SENT } from "../reply.ts";
import type { Command, Session } from "../state.ts";

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
  unwatch(session);
  const { noBlock } = session;
  const reply = new PartedReply(multi.length);
  const shown = session.replies === "on";
  session.noBlock = session.nested = true;
  session.parted = reply;
  try {
    for (const { command, args } of multi) {
      const one = allowed(session, command, args) ?? call(session, command, args);
      if (one !== SENT && session.replies === "on") session.send(one === BLOCKED ? NULL_ARRAY : one);
      showMonitors(server);
    }
  } finally {
    session.noBlock = noBlock;
    session.nested = false;
    session.parted = undefined;
    discard(session);
  }
  return shown ? reply : SENT;
}

const REASONS = {
  command: "no permission to execute the command or subcommand",
  key: "no permission to touch the specified keys",
  channel: "no permission to access one of the channels used as arguments",
  auth: "no permission",
};

/** Looks at the permissions of a queued command again. Returns the error if they were taken away. */
function allowed(session: Session, command: Command, args: string[]): ErrorReply | undefined {
  const denial = session.user.unrestricted ? undefined : denied(session.user, command, args);
  if (denial === undefined) return undefined;
  onDenied.report(session, denial);
  return new ErrorReply(
    `NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ${
      REASONS[denial.reason]
    }`,
  );
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
