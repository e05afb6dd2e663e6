/**
 * Helpers of blocking commands.
 *
 * @module
 */
import { parseDouble, parseInteger } from "./numbers.ts";
import { BLOCKED, err, type ReplyValue } from "./reply.ts";
import type { Session } from "./state.ts";

/**
 * Returns the deadline of a timeout in seconds, in milliseconds since 1970; 0 for none.
 *
 * @throws {ErrorReply} for an invalid timeout.
 */
export function deadlineOf(session: Session, seconds: string): number {
  const value = parseDouble(seconds);
  if (value === undefined) throw err("timeout is not a float or out of range");
  // Redis sees a number that does not fit 64 bits as a negative one.
  if (value < 0 || value * 1000 >= 2 ** 63) throw err("timeout is negative");
  const ms = Math.ceil(value * 1000);
  return ms === 0 ? 0 : session.server.now + ms;
}

/** The same in milliseconds, as XREAD has it. */
export function deadlineOfMs(session: Session, text: string): number {
  const value = parseInteger(text);
  if (value === undefined) throw err("timeout is not an integer or out of range");
  if (value < 0) throw err("timeout is negative");
  return value === 0n || value === 0 ? 0 : session.server.now + Number(value);
}

/** Makes a client wait for keys. If it may not wait, it gets the reply of the timeout at once. */
export function waitFor(
  session: Session,
  keys: readonly string[],
  deadline: number,
  serve: (key: string) => ReplyValue | undefined,
  expired: ReplyValue,
  atOnce: ReplyValue = expired,
): ReplyValue {
  if (session.noBlock) return atOnce;
  const { server } = session;
  server.blocking.add(
    { session, db: session.db, keys: [...new Set(keys)], serve, expired: () => expired, alarm: undefined },
    server.time,
    deadline,
  );
  return BLOCKED;
}
