/**
 * The steps that look at the state of a server.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import { failure, ok, type Outcome, type Report, skipped, warning } from "./diagnosis.ts";
import { formatTime } from "./latency.ts";
import { attempt } from "./subject.ts";

type Info = ReadonlyMap<string, string>;

const number = (info: Info, name: string): number => Number(info.get(name) ?? 0);

/** An amount of memory as text. */
function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** A share as text. */
const percent = (part: number, whole: number): string => `${Math.round(100 * part / whole)} %`;

async function examineClients(connection: Connection, info: Info): Promise<Outcome> {
  const connected = number(info, "connected_clients");
  const config = await attempt(connection, "CONFIG", "GET", "maxclients");
  const most = number(info, "maxclients") || Number(valueOf(config, "maxclients") ?? 0);
  const rejected = number(info, "rejected_connections");
  if (most === 0) return ok(`${connected} connected`);
  const message = `${connected} of ${most} connected`;
  const advice = "raise maxclients, or use fewer processes and smaller pools";
  if (connected > 0.8 * most) return warning("CLIENTS_NEAR_LIMIT", message, advice);
  if (rejected > 0) {
    // Redis 7.0 counted one for most connects of Bun to `localhost`, and none to 127.0.0.1.
    const resets = "; connections that were reset before the server accepted them count, too";
    return warning("CLIENTS_REJECTED", `${message}; ${rejected} were rejected so far`, advice + resets);
  }
  return ok(message);
}

/** The value of a parameter in a reply of CONFIG GET, whichever protocol it came by. */
function valueOf(reply: unknown, name: string): string | undefined {
  if (Array.isArray(reply)) return reply[reply.indexOf(name) + 1] as string | undefined;
  if (reply instanceof Map) return reply.get(name) as string | undefined;
  return (reply as Record<string, string> | undefined)?.[name];
}

function examineMemory(info: Info): Outcome {
  const used = number(info, "used_memory");
  const most = number(info, "maxmemory");
  const policy = info.get("maxmemory_policy") ?? "unknown";
  const total = number(info, "total_system_memory");
  if (most > 0) {
    const message = `${formatBytes(used)} of ${formatBytes(most)} used, policy ${policy}`;
    if (policy !== "noeviction" || used < 0.9 * most) return ok(message);
    const advice = "raise maxmemory, let keys expire, or choose a policy that evicts";
    return used >= most
      ? failure("MEMORY_FULL", `${message}: writes are refused`, advice)
      : warning("MEMORY_NEAR_LIMIT", `${message}: writes will be refused at the limit`, advice);
  }
  const message = `${formatBytes(used)} used, no limit`;
  if (total > 0 && used > 0.8 * total) {
    return warning("MEMORY_UNLIMITED", `${message}, ${percent(used, total)} of the machine`, "set maxmemory");
  }
  return ok(message);
}

function examineReplication(info: Info): Outcome {
  if (info.get("role") === "slave") {
    const master = `${info.get("master_host")}:${info.get("master_port")}`;
    if (info.get("master_link_status") === "down") {
      return failure(
        "REPLICATION_DOWN",
        `the server is a replica that has lost its master ${master}`,
        "repair the connection between the two (masterauth, network), or connect to the master",
      );
    }
    if (info.get("slave_read_only") !== "0") {
      return failure(
        "READ_ONLY_REPLICA",
        `the server is a replica of ${master} and refuses writes`,
        "connect to the master, or let a Sentinel or Cluster client find it",
      );
    }
    return warning(
      "REPLICA",
      `the server is a writable replica of ${master}`,
      "its writes are lost at the next resync",
    );
  }
  const replicas = [...info].filter(([name]) => /^slave\d+$/.test(name)).map(([, value]) => value);
  const offset = number(info, "master_repl_offset");
  const late = replicas.filter((replica) => !replica.includes("state=online"));
  const behind = Math.max(
    0,
    ...replicas.map((replica) => offset - Number(/offset=(\d+)/.exec(replica)?.[1] ?? offset)),
  );
  const message = `master with ${replicas.length} ${replicas.length === 1 ? "replica" : "replicas"}`;
  const advice = "look at the log of the replica, the network, and repl-backlog-size";
  if (late.length > 0) {
    return warning("REPLICA_NOT_ONLINE", `${message}, ${late.length} of them not online`, advice);
  }
  if (behind > 1_048_576) {
    return warning("REPLICA_LAG", `${message}, one is ${formatBytes(behind)} behind`, advice);
  }
  return ok(message);
}

function examinePersistence(info: Info): Outcome {
  const advice =
    "look at the log of the server: disk space, permissions, memory for fork (vm.overcommit_memory)";
  if (info.get("loading") === "1") {
    return failure("LOADING", "the server is loading its data", "wait until it is done");
  }
  if (info.get("aof_last_write_status") === "err") {
    return failure("AOF_FAILED", "the last write to the append-only file failed", advice);
  }
  if (info.get("rdb_last_bgsave_status") === "err") {
    return failure(
      "SNAPSHOT_FAILED",
      "the last snapshot failed; with stop-writes-on-bgsave-error the server refuses writes",
      advice,
    );
  }
  const file = info.get("aof_enabled") === "1" ? "append-only file" : "snapshots or none";
  return ok(`${file}, ${number(info, "rdb_changes_since_last_save")} changes since the last snapshot`);
}

/** Microseconds from which on an entry of the slow log is worth a warning. */
const SLOW = 100_000;

async function examineSlowLog(connection: Connection): Promise<Outcome> {
  const entries = await attempt(connection, "SLOWLOG", "GET", "128") as readonly unknown[][] | undefined;
  if (entries === undefined) return skipped("SLOWLOG is not allowed");
  if (entries.length === 0) return ok("empty");
  const [slowest] = [...entries].sort((one, other) => Number(other[2]) - Number(one[2]));
  // The name of the command only: arguments can be secrets.
  const name = String((slowest![3] as readonly unknown[])[0]).toUpperCase();
  const message = `${entries.length} entries, the slowest: ${name}, ${
    formatTime(Number(slowest![2]) / 1_000)
  }`;
  return Number(slowest![2]) < SLOW
    ? ok(message)
    : warning("SLOW_COMMANDS", message, "SLOWLOG GET shows them; while one runs, all other clients wait");
}

function examineStatistics(info: Info): Outcome {
  const hits = number(info, "keyspace_hits");
  const asked = hits + number(info, "keyspace_misses");
  const rate = asked === 0 ? "no reads yet" : `${percent(hits, asked)} of the reads found their key`;
  const evicted = number(info, "evicted_keys");
  if (evicted > 0) {
    return warning(
      "EVICTIONS",
      `${rate}; ${evicted} keys were evicted`,
      "raise maxmemory if these keys are needed",
    );
  }
  const fragmentation = number(info, "mem_fragmentation_ratio");
  if (fragmentation > 1.5 && number(info, "used_memory") > 2 ** 27) {
    return warning(
      "FRAGMENTATION",
      `${rate}; the memory is fragmented (${fragmentation})`,
      "turn on activedefrag, or restart the server at a quiet time",
    );
  }
  return ok(rate);
}

/** Examines the state of a server by its INFO. */
export async function examineServer(report: Report, connection: Connection, info: Info): Promise<void> {
  await report.step("clients", () => examineClients(connection, info));
  await report.step("memory", () => examineMemory(info));
  await report.step("replication", () => examineReplication(info));
  await report.step("persistence", () => examinePersistence(info));
  await report.step("slow log", () => examineSlowLog(connection));
  await report.step("statistics", () => examineStatistics(info));
}
