/**
 * CLUSTER: the nodes, who knows whom, and who replicates whom.
 *
 * @module
 */
import { integer } from "../../numbers.ts";
import type { CommandGroup } from "../../registry.ts";
import { err, OK, type ReplyValue, SYNTAX, Verbatim } from "../../reply.ts";
import type { Session } from "../../state.ts";
import { BUS_OFFSET, describeClusterInfo, describeNode } from "./describe.ts";
import { knownNode } from "./member.ts";
import { membershipOf } from "./membership.ts";

const MOST = 65_535;

function refuseForm(name: string): never {
  throw err(`unknown subcommand or wrong number of arguments for '${name}'. Try CLUSTER HELP.`);
}

function failover(session: Session, args: string[]): ReplyValue {
  const { bus, member } = membershipOf(session);
  const word = args[2]?.toLowerCase();
  if (args.length > 3 || (word !== undefined && word !== "force" && word !== "takeover")) {
    throw SYNTAX;
  }
  const masterId = member.own.master;
  const master = bus.byId(masterId);
  if (masterId === undefined) throw err("You should send CLUSTER FAILOVER to a replica");
  if (master === undefined) throw err("I'm a replica but my master is unknown to me");
  if (word === undefined && !(member.link?.up ?? false)) {
    throw err("Master is down or failed, please use CLUSTER FAILOVER FORCE");
  }
  if (word === undefined) member.link?.drain();
  const epoch = bus.nextEpoch();
  // Without the majority a manual failover comes to nothing, after a reply of OK.
  if (word === "takeover" || bus.failures.votes(member, masterId, epoch, false)) bus.promote(member, epoch);
  return OK;
}

function replicate(session: Session, args: string[]): ReplyValue {
  const { bus, member } = membershipOf(session);
  const record = knownNode(member, args[2]!);
  if (record.id === member.id) throw err("Can't replicate myself");
  if (record.master !== undefined) throw err("I can only replicate a master, not a replica.");
  const busy = member.own.slots.length > 0 || member.state.databases[0]!.size > 0;
  if (member.own.master === undefined && busy) {
    throw err("To set a master the node must be empty and without assigned slots.");
  }
  bus.follow(member, record.id);
  return OK;
}

function replicas(session: Session, args: string[]): ReplyValue {
  const { member } = membershipOf(session);
  const record = knownNode(member, args[2]!);
  if (record.master !== undefined) throw err("The specified node is not a master");
  return member.replicasOf(record.id).map((one) => describeNode(member, one));
}

function portOf(text: string, kind: string): number {
  return integer(text, `Invalid TCP ${kind} port specified: ${text}`);
}

function meet(session: Session, args: string[]): ReplyValue {
  if (args.length > 5) refuseForm(args[1]!);
  const { bus, member } = membershipOf(session);
  const [host, port] = [args[2]!, portOf(args[3]!, "base")];
  const busPort = args[4] === undefined ? port + BUS_OFFSET : portOf(args[4], "bus");
  const address = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f:]*:[\da-f:]*)$/i;
  if (!address.test(host) || port <= 0 || port > MOST || busPort <= 0 || busPort > MOST) {
    throw err(`Invalid node address specified: ${host}:${args[3]}`);
  }
  const found = bus.network.find(host, port);
  if (found !== undefined) bus.meet(member, found);
  return OK;
}

function forget(session: Session, args: string[]): ReplyValue {
  const { bus, member } = membershipOf(session);
  const { id } = knownNode(member, args[2]!);
  if (id === member.id) throw err("I tried hard but I can't forget myself...");
  if (id === member.own.master) throw err("Can't forget my master!");
  bus.forget(member, id);
  return OK;
}

function reset(session: Session, args: string[]): ReplyValue {
  if (args.length > 3) refuseForm(args[1]!);
  const { bus, member } = membershipOf(session);
  const word = args[2]?.toLowerCase() ?? "soft";
  if (word !== "hard" && word !== "soft") throw SYNTAX;
  if (member.own.master === undefined && member.state.databases[0]!.size > 0) {
    throw err("CLUSTER RESET can't be called with master nodes containing keys");
  }
  bus.reset(member, word === "hard");
  return OK;
}

function setConfigEpoch(session: Session, args: string[]): ReplyValue {
  const { bus, member } = membershipOf(session);
  const epoch = integer(args[2]!);
  if (epoch < 0) throw err(`Invalid config epoch specified: ${epoch}`);
  if (member.view.size > 1) {
    throw err("The user can assign a config epoch only when the node does not know any other node.");
  }
  if (member.own.epoch !== 0) throw err("Node config epoch is already non-zero");
  bus.update(member, { epoch });
  return OK;
}

function bumpEpoch(session: Session): ReplyValue {
  const { bus, member } = membershipOf(session);
  const { epoch } = member.own;
  const highest = Math.max(member.currentEpoch, ...[...member.view.values()].map((one) => one.epoch));
  if (epoch !== 0 && epoch === highest) return new Verbatim(`STILL ${epoch}`);
  bus.update(member, { epoch: bus.nextEpoch() });
  return new Verbatim(`BUMPED ${member.own.epoch}`);
}

/** CLUSTER about nodes. */
export const clusterNodes: CommandGroup = {
  "cluster|myid": (session) => membershipOf(session).member.id,
  "cluster|info": (session) => new Verbatim(describeClusterInfo(membershipOf(session).member)),
  "cluster|nodes"(session) {
    const { member } = membershipOf(session);
    return new Verbatim([...member.view.values()].map((one) => describeNode(member, one) + "\n").join(""));
  },
  "cluster|replicate": replicate,
  "cluster|replicas": replicas,
  "cluster|slaves": replicas,
  "cluster|failover": failover,
  "cluster|meet": meet,
  "cluster|forget": forget,
  "cluster|reset": reset,
  "cluster|set-config-epoch": setConfigEpoch,
  "cluster|bumpepoch": bumpEpoch,
  "cluster|count-failure-reports"(session, args) {
    const { bus, member } = membershipOf(session);
    const { id } = knownNode(member, args[2]!);
    return bus.network.hosts.filter((one) => one !== member && one.failing.has(id)).length;
  },
  "cluster|saveconfig": () => OK,
  "cluster|links": () => [],
};
