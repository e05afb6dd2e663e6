/**
 * CLIENT PAUSE: commands that wait until it is over.
 *
 * @module
 */
import type { Waiter } from "./blocking.ts";
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

/** Resumes all paused clients. */
export function unpause(server: ServerState): void {
  const { paused } = server;
  server.paused = undefined;
  const waiting = [...paused?.waiting ?? []];
  for (const session of waiting) {
    if (session.blocked !== undefined) server.blocking.finish(session.blocked, undefined);
  }
  for (const session of waiting) server.blocking.wake(session);
  server.blocking.resume();
}

/** Whether a command has to wait; then it is kept for later. */
export function holdBack(session: Session, command: Command, args: string[]): boolean {
  const { server } = session;
  const { paused } = server;
  if (paused === undefined || paused.until <= server.now) return false;
  const writes = (one: Command): boolean => one.write || one.mayReplicate;
  const queued = session.multi !== undefined && command.name === "exec";
  const waits = !paused.writes ||
    (queued
      ? session.multi!.some((one) => writes(one.command))
      : (command.lua
        ? server.scripting.needs(command.name, args)?.write ?? writes(command)
        : writes(command)));
  if (!waits) return false;
  paused.waiting.add(session);
  hold(session, args, () => paused.waiting.delete(session));
  return true;
}

/** Keeps a command for later; the client waits. Returns what to finish, before the client resumes. */
export function hold(session: Session, args: string[], ended?: () => void): Waiter {
  held.set(session, args);
  const waiter: Waiter = {
    session,
    db: session.db,
    keys: [],
    serve: () => undefined,
    expired: () => BLOCKED,
    ended,
    alarm: undefined,
  };
  session.server.blocking.hold(waiter);
  return waiter;
}

/** Holds a command back that needs Lua, until the engine is loaded. */
export function awaitLua(session: Session, args: string[]): void {
  const { server } = session;
  const waiter = hold(session, args);
  server.scripting.load().then(() => {
    if (session.blocked !== waiter) return;
    server.blocking.finish(waiter, undefined);
    session.link?.resume();
  });
}
