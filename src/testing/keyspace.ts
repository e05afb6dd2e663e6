/**
 * The effects of a changed key: watchers, trackers, notifications, waiting clients, expiry.
 *
 * @module
 */
import type { Database } from "./database.ts";
import type { ServerState, Session } from "./state.ts";
import type { Alarm } from "./time.ts";

/** The letters of `notify-keyspace-events`. */
export type EventClass = "g" | "$" | "l" | "s" | "h" | "z" | "x" | "e" | "t" | "m" | "d" | "n";

function watchKey(db: Database, key: string): string {
  return `${db.index}:${key}`;
}

/** A client watches a key. */
export function watch(session: Session, key: string): void {
  const { db, server } = session;
  if (session.watched.some((one) => one.db === db && one.key === key)) return;
  const entry = db.keys.get(key);
  const expired = entry !== undefined && entry.expireAt !== 0 && entry.expireAt <= server.now;
  session.watched.push({ db, key, expired });
  const name = watchKey(db, key);
  const set = server.watchers.get(name);
  if (set === undefined) server.watchers.set(name, new Set([session]));
  else set.add(session);
}

/** A client watches nothing any more. */
export function unwatch(session: Session): void {
  const { watchers } = session.server;
  for (const { db, key } of session.watched.splice(0)) {
    const name = watchKey(db, key);
    const set = watchers.get(name);
    set?.delete(session);
    if (set?.size === 0) watchers.delete(name);
  }
}

function touchWatchers(server: ServerState, db: Database, key: string): void {
  for (const session of server.watchers.get(watchKey(db, key)) ?? []) session.dirtyCas = true;
}

/** Called when a command has changed a key: counts the change and notifies clients. */
export function changed(session: Session, key: string, db: Database = session.db): void {
  changedIn(session.server, db, key, session.script ? session : undefined);
}

/** The same, where no client did it, or the session of a script. */
export function changedIn(server: ServerState, db: Database, key: string, script?: Session): void {
  server.dirty++;
  if (server.watchers.size > 0) touchWatchers(server, db, key);
  if (server.tracking.trackers.size > 0) server.tracking.changed(key, server.current, script);
  for (const listen of server.onChange) listen(db, key);
}

/** A key may be another, as its database was swapped. As in Redis, clients that track it are not told. */
export function swapped(server: ServerState, db: Database, key: string): void {
  touchWatchers(server, db, key);
  for (const listen of server.onChange) listen(db, key);
}

/** Called when the test has changed a key: notifies clients, and counts no change. */
export function changedOutside(server: ServerState, db: Database, key: string): void {
  touchWatchers(server, db, key);
  server.tracking.changed(key, undefined);
  server.blocking.signal(db, key);
  for (const listen of server.onChange) listen(db, key);
}

/** A key was changed and an event goes to who listens. */
export function changedWith(session: Session, key: string, kind: EventClass, event: string): void {
  changed(session, key);
  notify(session.server, session.db, kind, event, key);
}

/** Publishes an event of a key, if it is wanted. */
export function notify(
  server: ServerState,
  db: Database,
  kind: EventClass,
  event: string,
  key: string,
): void {
  const wanted = server.config.text("notify-keyspace-events");
  if (wanted === "") return;
  if (!wanted.includes(kind) && !(wanted.includes("A") && kind !== "m" && kind !== "n")) return;
  if (wanted.includes("K")) server.pubsub.publish(`__keyspace@${db.index}__:${key}`, event);
  if (wanted.includes("E")) server.pubsub.publish(`__keyevent@${db.index}__:${event}`, key);
}

/** Takes a key out as a command does; returns whether it was there. */
export function remove(session: Session, key: string): boolean {
  if (!session.db.delete(key)) return false;
  changedWith(session, key, "g", "del");
  return true;
}

/** Removes a key that has become empty. The change itself was reported before. */
export function removeEmpty(session: Session, key: string): void {
  session.db.delete(key);
  notify(session.server, session.db, "g", "del", key);
}

/** Called when a key was added: marks it for waiting clients. */
export function created(session: Session, key: string): void {
  session.server.blocking.signal(session.db, key);
}

/** All keys of some databases go away. */
export function flush(server: ServerState, databases: readonly Database[]): number {
  let count = 0;
  for (const db of databases) {
    if (server.watchers.size > 0) {
      for (const [name, sessions] of server.watchers) {
        const split = name.indexOf(":");
        if (Number(name.slice(0, split)) !== db.index || !db.keys.has(name.slice(split + 1))) continue;
        for (const session of sessions) session.dirtyCas = true;
      }
    }
    // Clients that wait in XREADGROUP must learn that their group is gone.
    for (const key of db.keys.keys()) server.blocking.signal(db, key);
    count += db.size;
    db.clear();
  }
  server.tracking.flushed();
  return count;
}

/** Lets keys expire: on access, and when their time has come. */
export function enableExpiry(server: ServerState): void {
  let alarm: Alarm | undefined;
  server.onMissed = (db, key) => notify(server, db, "m", "keymiss", key);
  server.onAdded = (db, key) => notify(server, db, "n", "new", key);
  server.onExpired = (db, key) => {
    server.stats.expired++;
    notify(server, db, "x", "expired", key);
    server.replication.append(db.index, ["DEL", key]);
    if (server.tracking.trackers.size > 0) server.tracking.changed(key, undefined);
    if (server.watchers.size > 0) {
      for (const session of server.watchers.get(watchKey(db, key)) ?? []) {
        // A key that had expired when it was watched counts as deleted then.
        if (!session.watched.some((one) => one.db === db && one.key === key && one.expired)) {
          session.dirtyCas = true;
        }
      }
    }
    server.blocking.signal(db, key);
    for (const listen of server.onChange) listen(db, key);
  };
  const arm = (at: number): void => {
    if (alarm !== undefined && !alarm.done && alarm.at <= at) return;
    server.time.cancel(alarm);
    alarm = server.time.set(at, cycle);
  };
  const cycle = (): void => {
    const before = server.now;
    server.now = server.time.now();
    if (server.activeExpire && server.expires) {
      for (const db of server.databases) {
        for (const key of db.due()) expireOne(db, key);
      }
    }
    server.tracking.flush();
    server.blocking.settle();
    server.blocking.resume();
    let next = Infinity;
    for (const db of server.databases) next = Math.min(next, db.nextExpiry() ?? Infinity);
    // Expired keys that were kept (active expiry is off, or this is a replica) are checked again later.
    if (next !== Infinity) arm(Math.max(next, server.now + (next <= server.now ? 100 : 0)));
    server.now = Math.max(before, server.now);
  };
  const expireOne = (db: Database, key: string): void => {
    const entry = db.peek(key);
    if (entry === undefined || typeof entry.value === "string" || entry.value.type !== "hash") return;
    if (expireFields(server, db, key)) db.watchFields(key, entry.value.nextExpiry());
  };
  server.onExpiresAt = (_, at) => arm(at);
}

/** Takes the fields of a hash out whose time has come. Returns whether the hash is still there. */
export function expireFields(server: ServerState, db: Database, key: string): boolean {
  const value = db.peek(key)?.value;
  if (value === undefined || typeof value === "string" || value.type !== "hash") return false;
  if (value.expires === undefined || !server.expires) return true;
  const gone = [...value.expires].filter(([, at]) => at <= server.now).map(([field]) => field);
  if (gone.length === 0) return true;
  db.keep(key);
  for (const field of gone) value.delete(field);
  server.replication.append(db.index, ["HDEL", key, ...gone]);
  notify(server, db, "h", "hexpired", key);
  if (server.watchers.size > 0) touchWatchers(server, db, key);
  if (server.tracking.trackers.size > 0) server.tracking.changed(key, undefined);
  if (value.fields.size > 0) return true;
  db.delete(key);
  notify(server, db, "g", "del", key);
  return false;
}
