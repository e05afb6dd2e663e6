/**
 * The commands of sentinels.
 *
 * @module
 */
import { GROUPS } from "../../commands/mod.ts";
import { describeInfo } from "../../info.ts";
import { matches } from "../../glob.ts";
import { integer, parseInteger } from "../../numbers.ts";
import type { CommandGroup } from "../../registry.ts";
import { err, ErrorReply, MapReply, NULL_ARRAY, OK, type ReplyValue, Simple, Verbatim } from "../../reply.ts";
import type { ServerState, Session } from "../../state.ts";
import { TOPOLOGY_HELP_ROWS } from "../../table/topology_help_rows.ts";
import { describeMaster, describeReplica, describeSentinel, describeSentinelInfo } from "./describe.ts";
import type { SentinelMonitor } from "./monitor.ts";
import type { Watcher } from "./watcher.ts";

interface Place {
  readonly monitor: SentinelMonitor;
  readonly self: Watcher;
}

const sentinels: WeakMap<ServerState, Place> = new WeakMap();
/** Makes a server a sentinel. */
export function joinAsSentinel(state: ServerState, monitor: SentinelMonitor, self: Watcher): void {
  sentinels.set(state, { monitor, self });
}

const NO_MASTER = err("No such master with that name");

/** Returns the sentinel for a command about a master, which it must monitor. */
function asked(session: Session, name: string): Place {
  const place = sentinels.get(session.server)!;
  if (name !== place.monitor.options.name || !place.self.monitoring) throw NO_MASTER;
  return place;
}

/** The parameters of SENTINEL SET that have an effect, or are shown. */
const NUMBERS: Readonly<Record<string, "downAfter" | "quorum" | "failoverTimeout" | "parallelSyncs">> = {
  "down-after-milliseconds": "downAfter",
  quorum: "quorum",
  "failover-timeout": "failoverTimeout",
  "parallel-syncs": "parallelSyncs",
};
/** Settings that are accepted without an effect. */
const IGNORED = new Set(["auth-pass", "auth-user"]);

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
  for (let i = 3; i < args.length; i += 2) {
    const [name, value] = [args[i]!, args[i + 1]];
    const word = name.toLowerCase();
    const number = parseInteger(value ?? "");
    const wrong = (): never => {
      throw err(`Invalid argument '${value}' for SENTINEL SET '${name}'`);
    };
    if (word === "rename-command" && args[i + 2] !== undefined) i++;
    else if (value === undefined) throw unknownOption(name);
    else if (NUMBERS[word] !== undefined) {
      if (!(typeof number === "number" && number > 0)) wrong();
      self[NUMBERS[word]] = Number(number);
    } else if (word === "master-reboot-down-after-period") {
      if (!(typeof number === "number" && number >= 0)) wrong();
    } else if (word === "notification-script" || word === "client-reconfig-script") {
      throw err(
        "Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig configuration directive in your Sentinel configuration",
      );
    } else if (!IGNORED.has(word)) throw unknownOption(name);
  }
  return OK;
}

function unknownOption(name: string): ErrorReply {
  return err(`Unknown option or number of arguments for SENTINEL SET '${name}'`);
}

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f:]*:[\da-f:]*)$/i;

function startMonitoring(session: Session, args: string[]): ReplyValue {
  const [, , name, host, portText, quorumText] = args as [string, string, string, string, string, string];
  const { monitor, self } = sentinels.get(session.server)!;
  const quorum = integer(quorumText, "Invalid quorum");
  const port = integer(portText, "Invalid port");
  if (quorum <= 0) throw err("Quorum must be 1 or greater.");
  if (!ADDRESS.test(host)) throw err("Invalid IP address or hostname specified");
  if (port < 0 || port > 65535) throw err("Invalid port number.");
  if (name === monitor.options.name && self.monitoring) throw err("Duplicate master name.");
  const master = monitor.servers.find((one) => one.port === port && one.host === host);
  if (name !== monitor.options.name || master === undefined) {
    throw err(
      `A test sentinel can monitor '${monitor.options.name}' with one of its servers, and nothing else`,
    );
  }
  monitor.begin(self, master, quorum);
  return OK;
}

function reset(session: Session, args: string[]): ReplyValue {
  const { monitor, self } = sentinels.get(session.server)!;
  if (!self.monitoring || !matches(args[2]!, monitor.options.name)) return 0;
  monitor.reset(self);
  return 1;
}

function configure(session: Session, args: string[]): ReplyValue {
  const { settings } = sentinels.get(session.server)!.self;
  const word = args[2]!.toLowerCase();
  if (word === "get" && args.length === 4) {
    const found = [...settings].filter(([name]) => matches(args[3]!, name));
    return new MapReply(found.flat());
  }
  if (word !== "set" || args.length !== 5) {
    throw err("Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.");
  }
  const [name, value] = [args[3]!.toLowerCase(), args[4]!];
  if (!settings.has(name)) throw err(`Invalid argument '${args[3]}' to SENTINEL CONFIG SET`);
  if (/-hostnames$/.test(name) && !/^(?:yes|no)$/i.test(value)) {
    throw err(`Invalid value '${value}' to SENTINEL CONFIG SET '${args[3]}'`);
  }
  settings.set(name, value);
  return OK;
}

function isMasterDown(session: Session, args: string[]): ReplyValue {
  const { self } = sentinels.get(session.server)!;
  const known = self.master.host === args[2] && String(self.master.port) === args[3];
  return [known && self.monitoring && self.down.has(self.master) ? 1 : 0, "*", 0];
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
  role(session) {
    const { monitor, self } = sentinels.get(session.server)!;
    return ["sentinel", self.monitoring ? [monitor.options.name] : []];
  },
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
    const { monitor, self: { master, monitoring } } = sentinels.get(session.server)!;
    return monitoring && args[2] === monitor.options.name ? [master.host, String(master.port)] : NULL_ARRAY;
  },
  "sentinel|master"(session, args) {
    const { monitor, self } = asked(session, args[2]!);
    return describeMaster(monitor, self);
  },
  "sentinel|masters"(session) {
    const { monitor, self } = sentinels.get(session.server)!;
    return self.monitoring ? [describeMaster(monitor, self)] : [];
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
  "sentinel|monitor": startMonitoring,
  "sentinel|remove"(session, args) {
    const { monitor, self } = asked(session, args[2]!);
    monitor.end(self);
    return OK;
  },
  "sentinel|reset": reset,
  "sentinel|config": configure,
  "sentinel|help": () => TOPOLOGY_HELP_ROWS.sentinel.map((line) => new Simple(line)),
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
