/**
 * Finds the node for a command: MOVED, ASK, TRYAGAIN, CROSSSLOT and CLUSTERDOWN.
 *
 * @module
 */
import { keysOf } from "../../keys_of.ts";
import { ErrorReply, type ReplyValue } from "../../reply.ts";
import type { Command, Session } from "../../state.ts";
import { hashSlot } from "../hash_slot.ts";
import type { ClusterMember } from "./member.ts";

const CROSSSLOT = new ErrorReply("CROSSSLOT Keys in request don't hash to the same slot");
const TRYAGAIN = new ErrorReply("TRYAGAIN Multiple keys request during rehashing of slot");
const DOWN = new ErrorReply("CLUSTERDOWN The cluster is down");
const READS_ONLY = new ErrorReply("CLUSTERDOWN The cluster is down and only accepts read commands");
const UNSERVED = new ErrorReply("CLUSTERDOWN Hash slot not served");
const SHARD_COMMANDS = new Set(["ssubscribe", "sunsubscribe", "spublish"]);

function keysIn(command: Command, args: readonly string[]): string[] {
  if (command.name === "spublish") return [args[1]!];
  if (SHARD_COMMANDS.has(command.name)) return args.slice(1);
  return keysOf(command, args).map(({ key }) => key);
}

/** Returns the redirection of a command; `undefined` if it runs here. */
export function route(
  member: ClusterMember,
  session: Session,
  command: Command,
  args: string[],
): ReplyValue | undefined {
  // A script asks for what its caller asked for.
  const { asking } = session;
  if (!session.script) session.asked = asking;
  // ASKING is for the next command; before MULTI, for the whole transaction.
  const ends = command.name === "exec" || command.name === "discard";
  if (ends || (session.multi === undefined && command.name !== "asking" && command.name !== "multi")) {
    session.asking = false;
  }
  const all = command.name === "exec" ? session.multi ?? [] : [{ command, args }];
  const keys = all.flatMap((one) => keysIn(one.command, one.args));
  if (keys.length === 0) return undefined;
  const slot = hashSlot(keys[0]!);
  const owner = member.ownerOf(slot);
  if (owner === undefined) return UNSERVED;
  if (keys.some((key) => hashSlot(key) !== slot)) return CROSSSLOT;

  const shard = SHARD_COMMANDS.has(command.name);
  const writes = all.some((one) => one.command.write);
  if (!member.healthy) {
    const { config } = member.state;
    if (shard) {
      if (!config.flag("cluster-allow-pubsubshard-when-down")) return DOWN;
    } else if (!config.flag("cluster-allow-reads-when-down")) return DOWN;
    else if (writes) return READS_ONLY;
  }

  const mine = owner.id === member.id;
  const target = mine ? member.migrating.get(slot) : undefined;
  const importing = !mine && member.importing.has(slot);
  if ((target !== undefined || importing) && command.name === "migrate") return undefined;
  if (!shard && (target !== undefined || importing)) {
    const [db] = member.state.databases;
    member.state.now = member.state.time.now();
    const missing = keys.filter((key) => db!.peek(key) === undefined).length;
    const several = keys.some((key) => key !== keys[0]);
    if (target !== undefined && missing > 0) {
      return missing < keys.length ? TRYAGAIN : member.redirection("ASK", slot, target);
    }
    if (importing && (asking || command.flags.has("asking"))) {
      return several && missing > 0 ? TRYAGAIN : undefined;
    }
  }
  if (mine) return undefined;
  if ((session.readOnly || shard) && !writes && member.own.master === owner.id) return undefined;
  return member.redirection("MOVED", slot, owner.id);
}
