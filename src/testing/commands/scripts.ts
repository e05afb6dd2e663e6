/**
 * EVAL and SCRIPT.
 *
 * @module
 */
import { feedMonitors } from "../monitor_feed.ts";
import { integer } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, ErrorReply, OK, type ReplyValue } from "../reply.ts";
import { NOT_BUSY } from "../scripting/busy_script.ts";
import { scriptingOf } from "../scripting/scripting.ts";
import type { Session } from "../state.ts";

const NOSCRIPT = new ErrorReply("NOSCRIPT No matching script. Please use EVAL.");

/** The keys and the other arguments of a command that runs a script. */
export function splitKeys(args: readonly string[], count: number): { keys: string[]; args: string[] } {
  if (count > args.length - 3) throw err("Number of keys can't be greater than number of args");
  if (count < 0) throw err("Number of keys can't be negative");
  return { keys: args.slice(3, 3 + count), args: args.slice(3 + count) };
}

/** Sends a command that runs a script to MONITOR clients, before the commands of the script. */
export function showFirst(session: Session, args: readonly string[]): void {
  if (session.server.monitors.size > 0) feedMonitors(session, args);
}

function evaluate(session: Session, args: string[], bySha: boolean, readOnly: boolean): ReplyValue {
  const scripting = scriptingOf(session.server);
  showFirst(session, args);
  if (bySha && args[1]!.length !== 40) throw NOSCRIPT;
  const split = splitKeys(args, Number(integer(args[2]!)));
  const script = bySha ? scripting.scripts.get(args[1]!.toLowerCase()) : scripting.add(args[1]!);
  if (script === undefined) throw NOSCRIPT;
  return scripting.runScript(session, {
    ...split,
    words: args,
    name: script.sha,
    flags: script.flags,
    reference: script.reference,
    readOnly,
  });
}

/** EVAL and SCRIPT. */
export const scripts: CommandGroup = {
  eval: (session, args) => evaluate(session, args, false, false),
  evalsha: (session, args) => evaluate(session, args, true, false),
  eval_ro: (session, args) => evaluate(session, args, false, true),
  evalsha_ro: (session, args) => evaluate(session, args, true, true),
  "script|load": ({ server }, args) => scriptingOf(server).add(args[2]!).sha,
  "script|exists": ({ server }, args) =>
    args.slice(2).map((sha) => scriptingOf(server).scripts.has(sha) ? 1 : 0),
  "script|flush"({ server }, args) {
    if (args.length > 3 || (args.length === 3 && !/^a?sync$/i.test(args[2]!))) {
      throw err("SCRIPT FLUSH only support SYNC|ASYNC option");
    }
    scriptingOf(server).flush();
    return OK;
  },
  "script|kill"({ server }) {
    const { busy } = scriptingOf(server);
    if (busy === undefined) throw NOT_BUSY;
    busy.kill("SCRIPT");
    return OK;
  },
  "script|debug"(_session, args) {
    if (!/^(?:yes|no|sync)$/i.test(args[2]!)) throw err("Use SCRIPT DEBUG YES/SYNC/NO");
    if (!/^no$/i.test(args[2]!)) throw err("SCRIPT DEBUG is not supported by the test server");
    return OK;
  },
};
