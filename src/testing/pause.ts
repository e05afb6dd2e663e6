/**
 * CLIENT PAUSE: commands that wait until it is over.
 *
 * @module
 */
import { BLOCKED } from "./reply.ts";
import type { Command, ServerState, Session } from "./state.ts";

/** Commands that are held back, by their client. */
const held: WeakMap<Session, string[]> = new WeakMap();

/** The command of a client that was held back; it is to be done now. */
export function takeHeld(session: Session): string[] | undefined {
  const args = held.get(session);
  held.delete(session);
  return args;
}

/** Holds commands back, until a time. */
export function pause(server: ServerState, until: number, writes: boolean): void {
  const { paused } = server;
  if (paused !== undefined && paused.until > server.now) {
    paused.until = Math.max(paused.until, until);
    paused.writes &&= writes;
  } else {
    server.paused = { until, writes, waiting: paused?.waiting ?? new Set() };
  }
  const end = (): void => {
    if (server.paused === undefined || server.paused.until > server.time.now()) return;
    unpause(server);
  };
  server.time.set(server.paused!.until, end);
}

/** Lets all of them go on. */
export function unpause(server: ServerState): void {
  const { paused } = server;
  server.paused = undefined;
  const waiting = [...paused?.waiting ?? []];
  for (const session of waiting) {
    if (session.blocked !== undefined) server.blocking.finish(session.blocked, undefined);
  }
  for (const session of waiting) session.link?.resume();
}

/** Whether a command has to wait; then it is kept for later. */
export function holdBack(session: Session, command: Command, args: string[]): boolean {
  const { server } = session;
  const { paused } = server;
  if (paused === undefined || paused.until <= server.now) return false;
  const writes = (one: Command): boolean => one.write || one.flags.has("may_replicate");
  const queued = session.multi !== undefined && command.name === "exec";
  const waits = !paused.writes ||
    (queued
      ? session.multi!.some((one) => writes(one.command))
      : session.multi === undefined && writes(command));
  if (!waits) return false;
  held.set(session, args);
  paused.waiting.add(session);
  server.blocking.hold({
    session,
    db: session.db,
    keys: [],
    serve: () => undefined,
    expired: () => BLOCKED,
    ended: () => paused.waiting.delete(session),
    alarm: undefined,
  });
  return true;
}
