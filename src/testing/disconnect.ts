/**
 * A client has gone: everything lets go of it.
 *
 * @module
 */
import { after } from "./dispatch.ts";
import { unwatch } from "./keyspace.ts";
import type { Session } from "./state.ts";

/** Takes a client out of everything but its connection: subscriptions, transaction, tracking, monitoring. */
export function forget(session: Session): void {
  const { server } = session;
  for (const channel of session.channels) server.pubsub.remove(server.pubsub.channels, channel, session);
  for (const pattern of session.patterns) server.pubsub.remove(server.pubsub.patterns, pattern, session);
  for (const shard of session.shards) server.pubsub.remove(server.pubsub.shards, shard, session);
  session.channels.clear();
  session.patterns.clear();
  session.shards.clear();
  unwatch(session);
  session.multi = undefined;
  session.dirtyExec = session.dirtyCas = false;
  server.tracking.stop(session);
  session.tracking = undefined;
  server.monitors.delete(session);
  session.monitor = false;
}

/** The connection of a client has ended. */
export function disconnect(session: Session): void {
  const { server } = session;
  if (session.closed) return;
  session.closed = true;
  if (session.blocked !== undefined) server.blocking.finish(session.blocked, undefined);
  server.paused?.waiting.delete(session);
  forget(session);
  server.sessions.delete(session.id);
  after(server);
}
