/**
 * Lists: commands that wait, and pops of the first list that has something.
 *
 * @module
 */
import { integerIn } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { NULL_ARRAY, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { deadlineOf, waitFor } from "../waiting.ts";
import { moveElement, pop, sideOf } from "./lists.ts";

/** Returns whether a key holds a list. For a waiting client, another type is like a missing key. */
function isList(session: Session, key: string): boolean {
  const value = session.db.peek(key)?.value;
  return value !== undefined && typeof value !== "string" && value.type === "list";
}

function popOne(session: Session, key: string, left: boolean): ReplyValue {
  session.effects = [[left ? "LPOP" : "RPOP", key]];
  return [key, pop(session, key, 1, left)[0]!];
}

function blockingPop(left: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const deadline = deadlineOf(session, args.at(-1)!);
    const keys = args.slice(1, -1);
    for (const key of keys) {
      if (session.db.read(key, "list") !== undefined) return popOne(session, key, left);
    }
    return waitFor(
      session,
      keys,
      deadline,
      (key) => isList(session, key) ? popOne(session, key, left) : undefined,
      NULL_ARRAY,
    );
  };
}

function blockingMove(
  session: Session,
  from: string,
  to: string,
  fromLeft: boolean,
  toLeft: boolean,
  time: string,
) {
  const deadline = deadlineOf(session, time);
  const run = (): ReplyValue => {
    session.effects = [["LMOVE", from, to, fromLeft ? "LEFT" : "RIGHT", toLeft ? "LEFT" : "RIGHT"]];
    return moveElement(session, from, to, fromLeft, toLeft);
  };
  if (session.db.read(from, "list") !== undefined) return run();
  return waitFor(
    session,
    [from],
    deadline,
    () => isList(session, from) ? run() : undefined,
    NULL_ARRAY,
    null,
  );
}

interface MultiPop {
  readonly keys: string[];
  readonly left: boolean;
  readonly count: number;
}

/** `numkeys key... LEFT|RIGHT [COUNT n]`. */
function readMultiPop(args: readonly string[]): MultiPop {
  const count = integerIn(args[0]!, 1, Infinity, "numkeys should be greater than 0");
  if (args.length < count + 2) throw SYNTAX;
  const keys = args.slice(1, count + 1);
  const left = sideOf(args[count + 1]!);
  let wanted = -1;
  for (let i = count + 2; i < args.length; i++) {
    if (wanted >= 0 || args[i]!.toUpperCase() !== "COUNT" || i + 1 >= args.length) throw SYNTAX;
    wanted = integerIn(args[++i]!, 1, Infinity, "count should be greater than 0");
  }
  return { keys, left, count: wanted < 0 ? 1 : wanted };
}

function popMany(session: Session, key: string, { left, count }: MultiPop): ReplyValue {
  const elements = pop(session, key, count, left);
  session.effects = [[left ? "LPOP" : "RPOP", key, String(elements.length)]];
  return [key, elements];
}

/** Lists, waiting. */
export const listsBlocking: CommandGroup = {
  blpop: blockingPop(true),
  brpop: blockingPop(false),
  brpoplpush: (session, args) => blockingMove(session, args[1]!, args[2]!, false, true, args[3]!),
  blmove(session, args) {
    const [fromLeft, toLeft] = [sideOf(args[3]!), sideOf(args[4]!)];
    return blockingMove(session, args[1]!, args[2]!, fromLeft, toLeft, args[5]!);
  },
  lmpop(session, args) {
    const wanted = readMultiPop(args.slice(1));
    for (const key of wanted.keys) {
      if (session.db.read(key, "list") !== undefined) return popMany(session, key, wanted);
    }
    return NULL_ARRAY;
  },
  blmpop(session, args) {
    const wanted = readMultiPop(args.slice(2));
    const deadline = deadlineOf(session, args[1]!);
    for (const key of wanted.keys) {
      if (session.db.read(key, "list") !== undefined) return popMany(session, key, wanted);
    }
    return waitFor(
      session,
      wanted.keys,
      deadline,
      (key) => isList(session, key) ? popMany(session, key, wanted) : undefined,
      NULL_ARRAY,
    );
  },
};
