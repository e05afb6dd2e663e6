/**
 * The descriptions of the cluster: CLUSTER NODES, SLOTS, SHARDS, INFO.
 *
 * @module
 */
import { MapReply, type ReplyValue } from "../../reply.ts";
import { SLOTS } from "../hash_slot.ts";
import { countSlots } from "../slot_ranges.ts";
import type { ClusterMember, NodeRecord } from "./member.ts";

/** The port of the bus is so much higher. */
export const BUS_OFFSET = 10_000;

function flagsOf(member: ClusterMember, record: NodeRecord): string {
  const failure = member.failing.get(record.id);
  return [
    ...record.id === member.id ? ["myself"] : [],
    record.master === undefined ? "master" : "slave",
    ...member.find(record.id) === undefined ? ["noaddr"] : [],
    ...failure === undefined ? [] : [failure === "fail" ? "fail" : "fail?"],
  ].join(",");
}

/** A line of CLUSTER NODES. */
export function describeNode(member: ClusterMember, record: NodeRecord): string {
  const { host = "", port = 0 } = member.find(record.id) ?? {};
  const words = [
    record.id,
    `${host}:${port}@${port + BUS_OFFSET}`,
    flagsOf(member, record),
    record.master ?? "-",
    "0",
    record.id === member.id ? "0" : String(member.state.now),
    // A replica is shown with the epoch of its master.
    String((member.view.get(record.master ?? "") ?? record).epoch),
    record.id === member.id || !member.failing.has(record.id) ? "connected" : "disconnected",
    ...member.slotsOf(record.id).map(([first, last]) => first === last ? `${first}` : `${first}-${last}`),
  ];
  if (record.id === member.id) {
    for (const [slot, target] of member.migrating) words.push(`[${slot}->-${target}]`);
    for (const [slot, source] of member.importing) words.push(`[${slot}-<-${source}]`);
  }
  return words.join(" ");
}

/** CLUSTER SLOTS. */
export function describeSlots(member: ClusterMember): ReplyValue {
  const show = ({ id }: NodeRecord): ReplyValue => {
    const { host = "", port = 0 } = member.find(id) ?? {};
    return [host, port, id, []];
  };
  return [...member.view.values()].flatMap((record) =>
    member.slotsOf(record.id).map(([first, last]): { first: number; row: ReplyValue } => ({
      first,
      row: [
        first,
        last,
        show(record),
        ...member.replicasOf(record.id).filter(({ id }) => member.failing.get(id) !== "fail").map(show),
      ],
    }))
  ).sort((a, b) => a.first - b.first).map(({ row }) => row);
}

/** CLUSTER SHARDS. */
export function describeShards(member: ClusterMember): ReplyValue {
  const masters = [...member.view.values()].filter(({ master }) => master === undefined);
  return masters.map((master) => {
    const nodes = [master, ...member.replicasOf(master.id)].map((record) => {
      const there = member.find(record.id);
      return new MapReply([
        "id",
        record.id,
        "port",
        there?.port ?? 0,
        "ip",
        there?.host ?? "",
        "endpoint",
        there?.host ?? "",
        "role",
        record.master === undefined ? "master" : "replica",
        "replication-offset",
        there?.state.replication.offset ?? 0,
        "health",
        member.failing.get(record.id) === "fail" ? "fail" : "online",
      ]);
    });
    return new MapReply(["slots", member.slotsOf(master.id).flat(), "nodes", nodes]);
  });
}

/** CLUSTER INFO. */
export function describeClusterInfo(member: ClusterMember): string {
  const records = [...member.view.values()];
  const count = (failure: string | undefined): number =>
    records.filter(({ id }) => member.failing.get(id) === failure)
      .reduce((sum, { id }) => sum + countSlots(member.slotsOf(id)), 0);
  const [fine, suspected, failed] = [count(undefined), count("pfail"), count("fail")] as const;
  const shard = member.view.get(member.own.master ?? member.id);
  return [
    `cluster_state:${member.healthy ? "ok" : "fail"}`,
    `cluster_slots_assigned:${Math.min(SLOTS, fine + suspected + failed)}`,
    `cluster_slots_ok:${fine}`,
    `cluster_slots_pfail:${suspected}`,
    `cluster_slots_fail:${failed}`,
    `cluster_known_nodes:${records.length}`,
    `cluster_size:${member.voters().length}`,
    `cluster_current_epoch:${member.currentEpoch}`,
    `cluster_my_epoch:${shard?.epoch ?? 0}`,
    "cluster_stats_messages_sent:0",
    "cluster_stats_messages_received:0",
    "total_cluster_links_buffer_limit_exceeded:0",
  ].map((line) => line + "\r\n").join("");
}
