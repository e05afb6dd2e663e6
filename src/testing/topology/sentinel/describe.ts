/**
 * The descriptions of masters, replicas and sentinels.
 *
 * @module
 */
import { MapReply } from "../../reply.ts";
import type { Host } from "../network.ts";
import type { DataServer } from "./data_server.ts";
import type { SentinelMonitor } from "./monitor.ts";
import type { Watcher } from "./watcher.ts";

type Fields = (readonly [name: string, value: string | number])[];

function toMap(fields: Fields): MapReply {
  return new MapReply(fields.flatMap(([name, value]) => [name, String(value)]));
}

function common(monitor: SentinelMonitor, watcher: Watcher, host: Host, kind: string, runId: string): Fields {
  const { down } = watcher;
  const since = down.get(host);
  const { now } = watcher.state;
  const reached = monitor.network.reaches(watcher, host);
  const agreed = host === watcher.master ? watcher.agreedDownAt : undefined;
  const flags = [
    ...since === undefined ? [] : ["s_down"],
    ...agreed === undefined ? [] : ["o_down"],
    kind,
    ...reached ? [] : ["disconnected"],
  ];
  return [
    ["ip", host.host],
    ["port", host.port],
    ["runid", runId],
    ["flags", flags.join(",")],
    ["link-pending-commands", reached ? 0 : 1],
    ["link-refcount", 1],
    ["last-ping-sent", reached ? 0 : now - (since ?? now)],
    ["last-ok-ping-reply", reached ? 100 : now - (since ?? now)],
    ["last-ping-reply", reached ? 100 : now - (since ?? now)],
    ...since === undefined ? [] : [["s-down-time", now - since] as const],
    ...agreed === undefined ? [] : [["o-down-time", now - agreed] as const],
    ["down-after-milliseconds", watcher.downAfter],
  ];
}

/** SENTINEL MASTER. */
export function describeMaster(monitor: SentinelMonitor, watcher: Watcher): MapReply {
  const { master } = watcher;
  return toMap([
    ["name", monitor.options.name],
    ...common(monitor, watcher, master, "master", master.state.runId),
    ["info-refresh", 100],
    ["role-reported", master.master === undefined ? "master" : "slave"],
    ["role-reported-time", 100],
    ["config-epoch", watcher.configEpoch],
    ["num-slaves", monitor.replicasOf(watcher).length],
    ["num-other-sentinels", monitor.watchers.length - 1],
    ["quorum", watcher.quorum],
    ["failover-timeout", watcher.failoverTimeout],
    ["parallel-syncs", watcher.parallelSyncs],
  ]);
}

/** An entry of SENTINEL REPLICAS. */
export function describeReplica(monitor: SentinelMonitor, watcher: Watcher, replica: DataServer): MapReply {
  const linked = replica.state.replication.linked;
  return toMap([
    ["name", `${replica.host}:${replica.port}`],
    ...common(monitor, watcher, replica, "slave", replica.state.runId),
    ["info-refresh", 100],
    ["role-reported", replica.master === undefined ? "master" : "slave"],
    ["role-reported-time", 100],
    ["master-link-down-time", linked ? 0 : 1000],
    ["master-link-status", linked ? "ok" : "err"],
    ["master-host", replica.master?.host ?? "?"],
    ["master-port", replica.master?.port ?? 0],
    ["slave-priority", 100],
    ["slave-repl-offset", replica.state.replication.offset],
    ["replica-announced", 1],
  ]);
}

/** An entry of SENTINEL SENTINELS. */
export function describeSentinel(monitor: SentinelMonitor, watcher: Watcher, other: Watcher): MapReply {
  return toMap([
    ["name", other.id],
    ...common(monitor, watcher, other, "sentinel", other.id),
    ["last-hello-message", 100],
    ["voted-leader", "?"],
    ["voted-leader-epoch", 0],
  ]);
}

/** The section of INFO. */
export function describeSentinelInfo(monitor: SentinelMonitor, watcher: Watcher): string {
  const { master, monitoring } = watcher;
  const status = watcher.agreedDownAt !== undefined ? "odown" : watcher.down.has(master) ? "sdown" : "ok";
  return [
    "# Sentinel",
    `sentinel_masters:${monitoring ? 1 : 0}`,
    "sentinel_tilt:0",
    "sentinel_tilt_since_seconds:-1",
    "sentinel_running_scripts:0",
    "sentinel_scripts_queue_length:0",
    "sentinel_simulate_failure_flags:0",
    ...monitoring
      ? [
        `master0:name=${monitor.options.name},status=${status},address=${master.host}:${master.port},` +
        `slaves=${monitor.replicasOf(watcher).length},sentinels=${monitor.watchers.length}`,
      ]
      : [],
  ].map((line) => line + "\r\n").join("");
}
