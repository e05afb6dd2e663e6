/**
 * The commands of sentinels, and those of the servers that they monitor.
 *
 * @module
 */
import { GROUPS } from "../../commands/mod.ts";
import { describeInfo } from "../../info.ts";
import { integer } from "../../numbers.ts";
import type { CommandGroup } from "../../registry.ts";
import { err, ErrorReply, MapReply, NULL_ARRAY, OK, type ReplyValue, Verbatim } from "../../reply.ts";
import type { ServerState, Session } from "../../state.ts";
import { role } from "../role.ts";
import type { DataServer } from "./data_server.ts";
import { describeMaster, describeReplica, describeSentinel, describeSentinelInfo } from "./describe.ts";
import type { SentinelMonitor } from "./monitor.ts";
import type { Watcher } from "./watcher.ts";

interface Place<T> {
  readonly monitor: SentinelMonitor;
  readonly self: T;
}

const sentinels: WeakMap<ServerState, Place<Watcher>> = new WeakMap();
const servers: WeakMap<ServerState, Place<DataServer>> = new WeakMap();

/** Makes a server a sentinel. */
export function joinAsSentinel(state: ServerState, monitor: SentinelMonitor, self: Watcher): void {
  sentinels.set(state, { monitor, self });
}

/** Makes a server one that is watched. */
export function joinAsServer(state: ServerState, monitor: SentinelMonitor, self: DataServer): void {
  servers.set(state, { monitor, self });
}

/** Returns the sentinel for a command about a master, which it must know. */
function asked(session: Session, name: string): Place<Watcher> {
  const place = sentinels.get(session.server)!;
  if (name !== place.monitor.options.name) throw err("No such master with that name");
  return place;
}

function checkQuorum(session: Session, args: string[]): ReplyValue {
  const { monitor, self } = asked(session, args[2]!);
  const usable = monitor.watchers.filter((one) => one === self || !self.down.has(one)).length;
  const majority = Math.floor(monitor.watchers.length / 2) + 1;
  const faults = [
    ...usable < self.quorum
      ? ["Not enough available Sentinels to reach the specified quorum for this master"]
      : [],
    ...usable < majority
      ? ["Not enough available Sentinels to reach the majority and authorize a failover"]
      : [],
  ];
  if (faults.length > 0) throw new ErrorReply(`NOQUORUM ${usable} usable Sentinels. ${faults.join(". ")}`);
  return `OK ${usable} usable Sentinels. Quorum and failover authorization can be reached`;
}

function set(session: Session, args: string[]): ReplyValue {
  const { self } = asked(session, args[2]!);
  for (let i = 3; i + 1 < args.length; i += 2) {
    const value = integer(args[i + 1]!);
    const word = args[i]!.toLowerCase();
    if (word === "down-after-milliseconds" && value > 0) self.downAfter = value;
    else if (word === "quorum" && value > 0) self.quorum = value;
    else throw err(`Unknown option or number of arguments for SENTINEL SET '${args[i]}'`);
  }
  return OK;
}

function isMasterDown(session: Session, args: string[]): ReplyValue {
  const { self } = sentinels.get(session.server)!;
  const known = self.master.host === args[2] && String(self.master.port) === args[3];
  return [known && self.down.has(self.master) ? 1 : 0, "*", 0];
}

function replicas(session: Session, args: string[]): ReplyValue {
  const { monitor, self } = asked(session, args[2]!);
  return monitor.replicasOf(self).map((one) => describeReplica(monitor, self, one));
}

function hello(session: Session, args: string[]): ReplyValue {
  const reply = standalone("hello")(session, args) as MapReply;
  const { flat } = reply;
  const at = flat.indexOf("role");
  return new MapReply(
    [...flat.slice(0, at), ...flat.slice(at + 2)].map((one, index, all) =>
      all[index - 1] === "mode" ? "sentinel" : one
    ),
  );
}

function standalone(name: string) {
  return GROUPS.findLast((group) => name in group)![name]!;
}

const sentinel: CommandGroup = {
  hello,
  role: (session) => ["sentinel", [sentinels.get(session.server)!.monitor.options.name]],
  info(session, args) {
    const { monitor, self } = sentinels.get(session.server)!;
    const wanted = args.slice(1).map((one) => one.toLowerCase());
    const all = wanted.length === 0 ||
      wanted.some((one) => ["all", "default", "everything", "sentinel"].includes(one));
    const names = wanted.length === 0 ? ["server", "clients", "cpu", "stats"] : wanted;
    const text = describeInfo(session.server, names).replace("redis_mode:standalone", "redis_mode:sentinel");
    const own = all ? describeSentinelInfo(monitor, self) : "";
    return new Verbatim([text, own].filter((part) => part !== "").join("\r\n"));
  },
  publish: () => err("Only HELLO messages are accepted by Sentinel instances."),
  "sentinel|myid": (session) => sentinels.get(session.server)!.self.id,
  "sentinel|get-master-addr-by-name"(session, args) {
    const { monitor, self: { master } } = sentinels.get(session.server)!;
    return args[2] === monitor.options.name ? [master.host, String(master.port)] : NULL_ARRAY;
  },
  "sentinel|master"(session, args) {
    const { monitor, self } = asked(session, args[2]!);
    return describeMaster(monitor, self);
  },
  "sentinel|masters"(session) {
    const { monitor, self } = sentinels.get(session.server)!;
    return [describeMaster(monitor, self)];
  },
  "sentinel|replicas": replicas,
  "sentinel|slaves": replicas,
  "sentinel|sentinels"(session, args) {
    const { monitor, self } = asked(session, args[2]!);
    return monitor.watchers.filter((one) => one !== self).map((one) => describeSentinel(monitor, self, one));
  },
  "sentinel|ckquorum": checkQuorum,
  "sentinel|is-master-down-by-addr": isMasterDown,
  "sentinel|failover"(session, args) {
    const { monitor, self } = asked(session, args[2]!);
    if (!monitor.force(self)) throw new ErrorReply("NOGOODSLAVE No suitable replica to promote");
    return OK;
  },
  "sentinel|set": set,
  "sentinel|reset": (session, args) => {
    const { monitor } = sentinels.get(session.server)!;
    return args[2] === "*" || args[2] === monitor.options.name ? 1 : 0;
  },
  "sentinel|pending-scripts": () => [],
  "sentinel|flushconfig": () => OK,
};

const KEPT = new Set(
  "client shutdown command unsubscribe auth punsubscribe psubscribe subscribe ping acl quit".split(" "),
);

/** All commands of a sentinel. */
export const SENTINEL_GROUPS: readonly CommandGroup[] = [
  ...GROUPS.map((group) =>
    Object.fromEntries(Object.entries(group).filter(([name]) => KEPT.has(name.split("|")[0]!)))
  ),
  sentinel,
];

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
