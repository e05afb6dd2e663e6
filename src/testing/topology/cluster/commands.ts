/**
 * The commands of a node: CLUSTER, READONLY, ASKING, and those that differ in a cluster.
 *
 * @module
 */
import { GROUPS } from "../../commands/mod.ts";
import type { CommandGroup } from "../../registry.ts";
import { err, OK, type ReplyValue, Simple } from "../../reply.ts";
import type { Handler, Session } from "../../state.ts";
import { TOPOLOGY_HELP_ROWS } from "../../table/topology_help_rows.ts";
import { role } from "../role.ts";
import type { ClusterMember } from "./member.ts";
import { membershipOf } from "./membership.ts";
import { migrate } from "./migrate.ts";
import { clusterNodes } from "./node_commands.ts";
import { clusterSlots } from "./slot_commands.ts";

/** A handler of the standalone server. */
function standalone(name: string): Handler {
  return GROUPS.findLast((group) => name in group)![name]!;
}

function only(name: string, refusal: (args: readonly string[]) => boolean): CommandGroup {
  const run = standalone(name);
  return {
    [name](session, args) {
      if (refusal(args)) throw err(`${name.toUpperCase()} is not allowed in cluster mode`);
      return run(session, args);
    },
  };
}

function publish(session: Session, args: string[], shard: boolean): ReplyValue {
  const { bus, member } = membershipOf(session);
  // Messages go to other nodes over the bus: they are no part of replication.
  session.effects = [];
  let count = 0;
  const [, channel, message] = args as [string, string, string];
  const home = (one: ClusterMember): string => one.own.master ?? one.id;
  for (const one of bus.network.hosts) {
    if (!member.view.has(one.id)) continue;
    if (!bus.network.reaches(member, one) || (shard && home(one) !== home(member))) continue;
    const { pubsub } = one.state;
    const received = shard ? pubsub.publishToShard(channel, message) : pubsub.publish(channel, message);
    // Redis counts only those of the node itself.
    if (one === member) count = received;
  }
  return count;
}

const cluster: CommandGroup = {
  ...only("select", (args) => args[1] !== "0"),
  ...only("swapdb", () => true),
  ...only("move", () => true),
  asking(session) {
    session.asking = true;
    return OK;
  },
  readonly(session) {
    session.readOnly = true;
    return OK;
  },
  readwrite(session) {
    session.readOnly = false;
    return OK;
  },
  replicaof: () => err("REPLICAOF not allowed in cluster mode."),
  slaveof: () => err("REPLICAOF not allowed in cluster mode."),
  publish: (session, args) => publish(session, args, false),
  spublish: (session, args) => publish(session, args, true),
  migrate,
  role,
  "cluster|help": () => TOPOLOGY_HELP_ROWS.cluster.map((line) => new Simple(line)),
};

/** All commands of a node. */
export const CLUSTER_GROUPS: readonly CommandGroup[] = [...GROUPS, clusterSlots, clusterNodes, cluster];
