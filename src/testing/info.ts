/**
 * INFO.
 *
 * @module
 */
import { usedMemory } from "./memory_limit.ts";
import type { Command, ServerState } from "./state.ts";
import { VERSION } from "./version.ts";

type Section = (server: ServerState) => string[];

function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(2)}K`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(2)}M`;
  return `${(bytes / 1024 ** 3).toFixed(2)}G`;
}

function memory(server: ServerState): string[] {
  const used = usedMemory(server);
  const most = server.config.number("maxmemory");
  const { scripts, functions, libraries } = server.scripting.counts;
  return [
    `used_memory:${used}`,
    `used_memory_human:${humanBytes(used)}`,
    `used_memory_rss:${used}`,
    `used_memory_peak:${used}`,
    `used_memory_peak_human:${humanBytes(used)}`,
    "used_memory_startup:1000000",
    `used_memory_dataset:${used - 1_000_000}`,
    "used_memory_lua:32768",
    "used_memory_scripts_eval:0",
    `number_of_cached_scripts:${scripts}`,
    `number_of_functions:${functions}`,
    `number_of_libraries:${libraries}`,
    `maxmemory:${most}`,
    `maxmemory_human:${humanBytes(most)}`,
    `maxmemory_policy:${server.config.text("maxmemory-policy")}`,
    "mem_fragmentation_ratio:1.00",
    "mem_not_counted_for_evict:0",
    "mem_clients_normal:0",
    "mem_allocator:javascript",
    "active_defrag_running:0",
    "lazyfree_pending_objects:0",
    "lazyfreed_objects:0",
  ];
}

function allCommands(server: ServerState): Command[] {
  return [...server.commands.values()].flatMap((one) => [one, ...one.subcommands?.values() ?? []]);
}

const SECTIONS: Readonly<Record<string, Section>> = {
  server: (server) => [
    `redis_version:${VERSION}`,
    "redis_git_sha1:00000000",
    "redis_git_dirty:0",
    "redis_build_id:0",
    `redis_mode:${server.config.flag("cluster-enabled") ? "cluster" : "standalone"}`,
    "os:JavaScript",
    "arch_bits:64",
    "process_id:1",
    `run_id:${server.runId}`,
    `tcp_port:${server.config.text("port")}`,
    `server_time_usec:${Math.floor(server.time.exact() * 1000)}`,
    `uptime_in_seconds:${Math.floor((server.now - server.startedAt) / 1000)}`,
    `uptime_in_days:${Math.floor((server.now - server.startedAt) / 86_400_000)}`,
    "hz:10",
    "configured_hz:10",
    "executable:/",
    "config_file:",
    "io_threads_active:0",
  ],
  clients: (server) => [
    `connected_clients:${server.sessions.size}`,
    "cluster_connections:0",
    `maxclients:${server.config.text("maxclients")}`,
    "client_recent_max_input_buffer:0",
    "client_recent_max_output_buffer:0",
    `blocked_clients:${server.blocking.count}`,
    `tracking_clients:${server.tracking.trackers.size}`,
    "clients_in_timeout_table:0",
  ],
  memory,
  persistence: (server) => [
    "loading:0",
    "async_loading:0",
    `rdb_changes_since_last_save:${server.dirty}`,
    "rdb_bgsave_in_progress:0",
    `rdb_last_save_time:${Math.floor(server.startedAt / 1000)}`,
    "rdb_last_bgsave_status:ok",
    "aof_enabled:0",
    "aof_rewrite_in_progress:0",
    "aof_rewrite_scheduled:0",
    "aof_last_bgrewrite_status:ok",
    "aof_last_write_status:ok",
  ],
  stats: ({ stats, pubsub, tracking }) => [
    `total_connections_received:${stats.connections}`,
    `total_commands_processed:${stats.commands}`,
    "instantaneous_ops_per_sec:0",
    `total_net_input_bytes:${stats.input}`,
    `total_net_output_bytes:${stats.output}`,
    "rejected_connections:0",
    "sync_full:0",
    "sync_partial_ok:0",
    "sync_partial_err:0",
    `expired_keys:${stats.expired}`,
    `evicted_keys:${stats.evicted}`,
    "evicted_clients:0",
    `keyspace_hits:${stats.hits}`,
    `keyspace_misses:${stats.misses}`,
    `pubsub_channels:${pubsub.channels.size}`,
    `pubsub_patterns:${pubsub.patterns.size}`,
    `pubsubshard_channels:${pubsub.shards.size}`,
    "latest_fork_usec:0",
    "total_forks:0",
    "migrate_cached_sockets:0",
    `tracking_total_keys:${tracking.keys}`,
    `tracking_total_items:${tracking.items}`,
    `tracking_total_prefixes:${tracking.prefixes}`,
    "unexpected_error_replies:0",
    `total_error_replies:${stats.failed}`,
    "dump_payload_sanitizations:0",
    `total_reads_processed:${stats.commands}`,
    `total_writes_processed:${stats.commands}`,
  ],
  replication: ({ replication }) => [
    `role:${replication.master === undefined ? "master" : "slave"}`,
    ...(replication.master === undefined ? [] : [
      `master_host:${replication.master.host}`,
      `master_port:${replication.master.port}`,
      `master_link_status:${replication.linked ? "up" : "down"}`,
      "master_last_io_seconds_ago:0",
      "master_sync_in_progress:0",
      `slave_read_repl_offset:${replication.offset}`,
      `slave_repl_offset:${replication.offset}`,
      ...(replication.linked ? [] : ["master_link_down_since_seconds:0"]),
      "slave_priority:100",
      "slave_read_only:1",
      "replica_announced:1",
    ]),
    `connected_slaves:${replication.replicas.size}`,
    ...[...replication.replicas].map(({ host, port, offset }, index) =>
      `slave${index}:ip=${host},port=${port},state=online,offset=${offset},lag=0`
    ),
    "master_failover_state:no-failover",
    `master_replid:${replication.id}`,
    "master_replid2:0000000000000000000000000000000000000000",
    `master_repl_offset:${replication.shownOffset}`,
    "second_repl_offset:-1",
    "repl_backlog_active:0",
    "repl_backlog_size:1048576",
    "repl_backlog_first_byte_offset:0",
    "repl_backlog_histlen:0",
  ],
  cpu: () => [
    "used_cpu_sys:0.000000",
    "used_cpu_user:0.000000",
    "used_cpu_sys_children:0.000000",
    "used_cpu_user_children:0.000000",
  ],
  modules: () => [],
  commandstats: (server) =>
    allCommands(server).filter(({ stats }) => stats.calls + stats.rejected > 0).map(({ name, stats }) =>
      `cmdstat_${name}:calls=${stats.calls},usec=${stats.usec},usec_per_call=${
        (stats.calls === 0 ? 0 : stats.usec / stats.calls).toFixed(2)
      },rejected_calls=${stats.rejected},failed_calls=${stats.failed}`
    ),
  errorstats: ({ stats }) => [...stats.errors].map(([code, count]) => `errorstat_${code}:count=${count}`),
  latencystats: () => [],
  cluster: (server) => [`cluster_enabled:${server.config.flag("cluster-enabled") ? 1 : 0}`],
  keyspace: ({ databases }) =>
    databases.filter(({ size }) => size > 0).map(({ index, size, volatile }) =>
      `db${index}:keys=${size},expires=${volatile},avg_ttl=0`
    ),
};
const DEFAULT = "server clients memory persistence stats replication cpu modules errorstats cluster keyspace"
  .split(" ");

/** The sections that are asked for. */
export function describeInfo(server: ServerState, names: readonly string[]): string {
  const wanted = new Set<string>();
  for (const name of names.length === 0 ? ["default"] : names) {
    const lower = name.toLowerCase();
    if (lower === "all" || lower === "everything") {
      for (const one of Object.keys(SECTIONS)) wanted.add(one);
    } else if (lower === "default") { for (const one of DEFAULT) wanted.add(one); }
    else wanted.add(lower);
  }
  return Object.entries(SECTIONS).filter(([name]) => wanted.has(name)).map(([name, section]) => {
    const title = name === "cpu" ? "CPU" : name[0]!.toUpperCase() + name.slice(1);
    return [`# ${title}`, ...section(server)].map((line) => line + "\r\n").join("");
  }).join("\r\n");
}
