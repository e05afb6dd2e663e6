/**
 * `maxmemory`: keys that are evicted, and commands that are refused.
 *
 * @module
 */
import { memoryOf } from "./encoding.ts";
import { changedIn, notify } from "./keyspace.ts";
import { ErrorReply } from "./reply.ts";
import type { Command, ServerState, Session } from "./state.ts";

/** The error of a command that needs memory when there is none. */
export const OOM: ErrorReply = new ErrorReply("OOM command not allowed when used memory > 'maxmemory'.");
/** The memory of an empty server in bytes. */
const BASE = 1_000_000;
const SAMPLE = 1000;

/** About how many bytes are in use; a sample of the keys is enough for that. */
export function usedMemory(server: ServerState): number {
  let used = BASE;
  for (const { keys } of server.databases) {
    const most = Math.min(keys.size, SAMPLE);
    let sample = 0;
    for (let i = 0; i < most; i++) {
      const { key, value } = keys.at(i);
      sample += memoryOf(key, value);
    }
    if (most > 0) used += Math.round((sample / most) * keys.size);
  }
  return used;
}

/** Evicts a key by the policy. Returns whether there was one. */
function evict(server: ServerState, policy: string): boolean {
  for (const db of server.databases) {
    const nodes = db.keys.nodes();
    const found = policy.startsWith("volatile") ? nodes.find(({ value }) => value.expireAt !== 0) : nodes[0];
    if (found === undefined) continue;
    db.delete(found.key);
    server.replication.append(db.index, ["DEL", found.key]);
    changedIn(server, db, found.key);
    notify(server, db, "e", "evicted", found.key);
    server.stats.evicted++;
    return true;
  }
  return false;
}

/** Evicts keys until the limit is kept, as far as the policy allows. Returns whether it is kept. */
export function makeRoom(server: ServerState): boolean {
  const most = server.config.number("maxmemory");
  const policy = server.config.text("maxmemory-policy");
  while (most > 0 && usedMemory(server) > most) {
    if (policy === "noeviction" || !evict(server, policy)) return false;
  }
  return true;
}

/** Makes room where there is a limit. Returns the refusal of a command that needs more. */
export function checkMemory(
  session: Session,
  command: Command,
  declared: { readonly memory: boolean } | undefined,
): ErrorReply | undefined {
  const { server, multi } = session;
  if (server.config.number("maxmemory") === 0 || makeRoom(server)) return undefined;
  const ends = ["exec", "discard", "quit", "reset"].includes(command.name);
  const needs = (declared?.memory ?? command.flags.has("denyoom")) || (multi !== undefined && !ends) ||
    (command.name === "exec" && (multi ?? []).some((one) => one.command.flags.has("denyoom")));
  return needs ? OOM : undefined;
}
