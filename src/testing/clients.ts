/**
 * Clients as CLIENT LIST shows and CLIENT KILL finds them.
 *
 * @module
 */
import type { Session } from "./state.ts";

/** `normal`, `pubsub`, `replica` or `master`. */
export function clientType(session: Session): string {
  return session.subscriptions + session.shards.size > 0 ? "pubsub" : "normal";
}

function flags(session: Session): string {
  let text = "";
  if (session.monitor) text += "O";
  if (session.subscriptions + session.shards.size > 0) text += "P";
  if (session.multi !== undefined) text += "x";
  if (session.blocked !== undefined) text += "b";
  if (session.tracking !== undefined) {
    text += "t";
    if (session.tracking.broken) text += "R";
    if (session.tracking.broadcast) text += "B";
  }
  if (session.dirtyCas) text += "d";
  if (session.closing) text += "c";
  if (session.server.blocking.isNext(session)) text += "u";
  if (session.link?.address.startsWith("/")) text += "U";
  if (session.readOnly) text += "r";
  if (session.noEvict) text += "e";
  return text === "" ? "N" : text;
}

/** A client's line of CLIENT LIST. */
export function describeClient(session: Session): string {
  const { server, link } = session;
  const seconds = (at: number): number => Math.floor((server.now - at) / 1000);
  return [
    `id=${session.id}`,
    `addr=${link?.address ?? ""}`,
    `laddr=${link?.localAddress ?? ""}`,
    `fd=${session.id + 7}`,
    `name=${session.name}`,
    `age=${seconds(session.createdAt)}`,
    `idle=${seconds(session.activeAt)}`,
    `flags=${flags(session)}`,
    `db=${session.db.index}`,
    `sub=${session.channels.size}`,
    `psub=${session.patterns.size}`,
    `ssub=${session.shards.size}`,
    `multi=${session.multi?.length ?? -1}`,
    // Only the client that asks has a command in its buffer.
    session === server.current
      ? "qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0"
      : "qbuf=0 qbuf-free=20474 argv-mem=0 multi-mem=0",
    "rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=22298 events=r",
    `cmd=${session.lastCommand?.name ?? "NULL"}`,
    `user=${session.user.name}`,
    `redir=${session.tracking === undefined ? -1 : session.tracking.redirect}`,
    `resp=${session.protocol}`,
  ].join(" ");
}

/** Ends a client's connection, as soon as its command is done if it is its own. */
export function killClient(session: Session, by: Session | undefined): void {
  if (session === by) session.closing = true;
  else session.link?.close(true);
}
