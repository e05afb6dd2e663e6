/**
 * MIGRATE: keys go to another node of the same cluster.
 *
 * @module
 */
import { cloneEntry, type Entry } from "../../database.ts";
import { readMigration, UNREACHABLE } from "../../commands/migrate.ts";
import { after } from "../../dispatch.ts";
import { changed, notify } from "../../keyspace.ts";
import { dumpValue } from "../../rdb/values.ts";
import { err, OK, type ReplyValue, Simple } from "../../reply.ts";
import type { Session } from "../../state.ts";
import type { ClusterMember } from "./member.ts";
import { membershipOf } from "./membership.ts";

/** MIGRATE. */
export function migrate(session: Session, args: string[]): ReplyValue {
  const { keys, copy, replace } = readMigration(args);
  const { bus, member } = membershipOf(session);
  const found = keys.filter((key) => session.db.find(key) !== undefined);
  if (found.length === 0) return new Simple("NOKEY");
  const target = bus.network.find(args[1]!, Number(args[2]));
  if (target === undefined || !bus.network.reaches(member, target)) {
    throw UNREACHABLE;
  }
  session.effects = [];
  let refused: ReplyValue | undefined;
  for (const key of found) {
    if (!replace && target.state.databases[0]!.peek(key) !== undefined) {
      refused = err("Target instance replied with error: BUSYKEY Target key name already exists.");
      continue;
    }
    receive(target, key, session.db.peek(key)!);
    if (copy) continue;
    release(session, key);
    session.effects.push(["DEL", key]);
  }
  return refused ?? OK;
}

/** Moves a key from one node to another. Returns whether it was there. */
export function handOver(source: ClusterMember, target: ClusterMember, key: string): boolean {
  const { state } = source;
  state.now = state.time.now();
  const session = state.open(undefined);
  const entry = session.db.peek(key);
  if (entry === undefined) return false;
  receive(target, key, entry);
  release(session, key);
  state.replication.append(0, ["DEL", key]);
  after(state);
  return true;
}

function release(session: Session, key: string): void {
  session.db.delete(key);
  changed(session, key);
  notify(session.server, session.db, "g", "del", key);
}

/** The target gets a key; its replicas get it, too. */
function receive(target: ClusterMember, key: string, entry: Entry): void {
  const { state } = target;
  state.now = state.time.now();
  const session = state.open(undefined);
  session.db.put(key, cloneEntry(entry));
  changed(session, key);
  notify(state, session.db, "g", "restore", key);
  state.blocking.signal(session.db, key);
  const payload = dumpValue(entry.value);
  state.replication.append(0, ["RESTORE", key, String(entry.expireAt), payload, "ABSTTL", "REPLACE"], entry);
  after(state);
}
