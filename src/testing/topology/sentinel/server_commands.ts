/**
 * The commands of the servers that sentinels monitor.
 *
 * @module
 */
import { GROUPS } from "../../commands/mod.ts";
import { integer } from "../../numbers.ts";
import type { CommandGroup } from "../../registry.ts";
import { err, OK, type ReplyValue } from "../../reply.ts";
import type { ServerState, Session } from "../../state.ts";
import { role } from "../role.ts";
import type { DataServer } from "./data_server.ts";
import type { SentinelMonitor } from "./monitor.ts";

interface Place {
  readonly monitor: SentinelMonitor;
  readonly self: DataServer;
}

const servers: WeakMap<ServerState, Place> = new WeakMap();

/** Makes a server one that is watched. */
export function joinAsServer(state: ServerState, monitor: SentinelMonitor, self: DataServer): void {
  servers.set(state, { monitor, self });
}

function replicaOf(session: Session, args: string[]): ReplyValue {
  const { monitor, self } = servers.get(session.server)!;
  if (args[1]!.toLowerCase() === "no" && args[2]!.toLowerCase() === "one") {
    self.follow(undefined, monitor.network, false);
    return OK;
  }
  const master = monitor.network.find(args[1]!, integer(args[2]!, "Invalid master port"));
  const found = monitor.servers.find((one) => one === master);
  if (found === undefined || found === self) throw err("Invalid master port");
  self.follow(found, monitor.network, false);
  return OK;
}

/** All commands of a server that is watched. */
export const REPLICATED_GROUPS: readonly CommandGroup[] = [
  ...GROUPS,
  { role, replicaof: replicaOf, slaveof: replicaOf },
];
