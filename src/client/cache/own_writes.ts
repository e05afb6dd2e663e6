/**
 * Observes the writes of all clients of a pool, on all its connections.
 *
 * The keys of a write are evicted when the command is queued and when it settles: a read that was sent before the
 * server ran the write (on another connection, or beside a blocking command) may have returned the old value.
 *
 * @module
 */
import { Command } from "../../commands/command.ts";
import { lookupCommand } from "../../commands/table.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Pending, Sendable } from "../../connection/pending.ts";
import { onLease } from "../../pool/leases.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import { CacheClass, classOf } from "./cacheable.ts";
import { argumentNames, keyNames } from "./cached_values.ts";

/** The names of keys; `"all"`: any key. */
export type ChangedKeys = readonly string[] | "all";

/** Evicts keys from the cache. */
export type Forget = (keys: ChangedKeys) => void;

/** The keys that a command may change; `undefined`: none. */
export function changedKeys(command: Command): ChangedKeys | undefined {
  switch (classOf(command)) {
    case CacheClass.write:
      return keyNames(command);
    case CacheClass.unknown:
      // Any of its arguments may be a key.
      return argumentNames(command);
    case CacheClass.flush:
      return "all";
  }
  return undefined;
}

/** Watches every connection of a pool; returns how to stop. */
export function watchWrites(pool: ConnectionPool, forget: Forget): () => void {
  const stops: Map<Connection, () => void> = new Map();
  const stop = onLease<Connection>(pool, (connection) => {
    const { link } = connection;
    if (link === undefined || stops.has(connection)) return;
    stops.set(connection, link.onCommand(observer(forget)));
    connection.listen({ closed: () => void stops.delete(connection) });
  });
  return () => {
    stop();
    for (const leave of stops.values()) leave();
    stops.clear();
  };
}

/** Follows the commands of one connection. */
function observer(forget: Forget): (pending: Pending) => void {
  /** The keys that the open transaction changes. Its commands run at EXEC. */
  let queued: Set<string> | "all" | undefined;
  return (pending) => {
    const command = commandOf(pending.command);
    const name = command?.spec.name;
    let changed = command === undefined ? "all" : changedKeys(command);
    if (name === "MULTI") queued ??= new Set();
    else if (name === "DISCARD" || name === "RESET") queued = undefined;
    else if (name === "EXEC") {
      changed = typeof queued === "object" ? [...queued] : queued;
      queued = undefined;
    } else if (queued !== undefined && changed !== undefined) {
      if (changed === "all" || queued === "all") queued = "all";
      else for (const key of changed) queued.add(key);
      return forget(changed);
    }
    if (changed === undefined) return;
    forget(changed);
    pending.onSettled(() => forget(changed));
  };
}

/** Returns the command if it is known; `undefined` for packed bytes. */
function commandOf({ spec, args }: Sendable): Command | undefined {
  if ("keys" in spec) return { spec, args } as unknown as Command;
  if (args.length === 0) return undefined;
  try {
    const found = lookupCommand(args);
    return new Command(found.spec, found.args);
  } catch {
    return undefined;
  }
}
