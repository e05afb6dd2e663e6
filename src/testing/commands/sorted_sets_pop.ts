/**
 * Sorted sets: pops, also such that wait.
 *
 * @module
 */
import { changedWith, removeEmpty } from "../keyspace.ts";
import { integerIn } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { Double, NULL_ARRAY, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import type { SkipNode } from "../types/skiplist.ts";
import { deadlineOf, waitFor } from "../waiting.ts";
import { scored } from "./sorted_sets.ts";

function pop(session: Session, key: string, count: number, max: boolean): SkipNode[] {
  const set = session.db.write(key, "zset")!;
  const { size } = set;
  const most = Math.min(count, size);
  const nodes = set.order.slice(max ? size - most : 0, max ? size - 1 : most - 1, max);
  for (const { member } of nodes) set.delete(member);
  if (nodes.length === 0) return nodes;
  changedWith(session, key, "z", max ? "zpopmax" : "zpopmin");
  if (set.size === 0) removeEmpty(session, key);
  return nodes;
}

function popCommand(max: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    if (args.length > 3) throw SYNTAX;
    const counted = args.length === 3;
    const count = counted ? integerIn(args[2]!, 0, Infinity, "value is out of range, must be positive") : 1;
    if (session.db.read(args[1]!, "zset") === undefined || count === 0) return [];
    const nodes = pop(session, args[1]!, count, max);
    if (counted) return scored(session, nodes, true);
    return nodes.flatMap(({ member, score }) => [member, new Double(score)]);
  };
}

function isSortedSet(session: Session, key: string): boolean {
  const value = session.db.peek(key)?.value;
  return value !== undefined && typeof value !== "string" && value.type === "zset";
}

function blockingPop(max: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const deadline = deadlineOf(session, args.at(-1)!);
    const keys = args.slice(1, -1);
    const run = (key: string): ReplyValue => {
      session.effects = [[max ? "ZPOPMAX" : "ZPOPMIN", key]];
      const [{ member, score }] = pop(session, key, 1, max) as [SkipNode];
      return [key, member, new Double(score)];
    };
    for (const key of keys) if (session.db.read(key, "zset") !== undefined) return run(key);
    return waitFor(
      session,
      keys,
      deadline,
      (key) => isSortedSet(session, key) ? run(key) : undefined,
      NULL_ARRAY,
    );
  };
}

function multiPop(session: Session, args: readonly string[], time: string | undefined): ReplyValue {
  const count = integerIn(args[0]!, 1, Infinity, "numkeys should be greater than 0");
  if (args.length < count + 2) throw SYNTAX;
  const keys = args.slice(1, count + 1);
  const side = args[count + 1]!.toUpperCase();
  if (side !== "MIN" && side !== "MAX") throw SYNTAX;
  let wanted = -1;
  for (let i = count + 2; i < args.length; i++) {
    if (wanted >= 0 || args[i]!.toUpperCase() !== "COUNT" || i + 1 >= args.length) throw SYNTAX;
    wanted = integerIn(args[++i]!, 1, Infinity, "count should be greater than 0");
  }
  const deadline = time === undefined ? 0 : deadlineOf(session, time);
  const run = (key: string): ReplyValue => {
    const nodes = pop(session, key, wanted < 0 ? 1 : wanted, side === "MAX");
    session.effects = [[side === "MAX" ? "ZPOPMAX" : "ZPOPMIN", key, String(nodes.length)]];
    return [key, nodes.map(({ member, score }) => [member, new Double(score)])];
  };
  for (const key of keys) if (session.db.read(key, "zset") !== undefined) return run(key);
  if (time === undefined) return NULL_ARRAY;
  return waitFor(
    session,
    keys,
    deadline,
    (key) => isSortedSet(session, key) ? run(key) : undefined,
    NULL_ARRAY,
  );
}

/** Pops of sorted sets. */
export const sortedSetPops: CommandGroup = {
  zpopmin: popCommand(false),
  zpopmax: popCommand(true),
  bzpopmin: blockingPop(false),
  bzpopmax: blockingPop(true),
  zmpop: (session, args) => multiPop(session, args.slice(1), undefined),
  bzmpop: (session, args) => multiPop(session, args.slice(2), args[1]!),
};
