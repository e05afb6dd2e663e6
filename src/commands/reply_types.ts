/**
 * Replies that have a shape of their own. `S` is `string` for clients of text, `Uint8Array` for clients of bytes.
 * Names that the server chooses for the members of a reply are text for both, and kept as the server writes them.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";

/** A page of SCAN. Continue with `cursor` until it is `"0"`. */
export interface ScanKeys<S> {
  /** The cursor of the next call; `"0"`: the end. */
  cursor: string;
  /** The keys of this step. */
  keys: S[];
}

/** A step of HSCAN (values are text or bytes) or ZSCAN (values are scores). */
export interface ScanEntries<S, V> {
  /** The cursor of the next call; `"0"`: the end. */
  cursor: string;
  /** `[field, value]` or `[member, score]`. */
  entries: [S, V][];
}

/** A step of SSCAN, of HSCAN with `noValues`, of ZSCAN with `noScores`. */
export interface ScanMembers<S> {
  /** The cursor of the next call; `"0"`: the end. */
  cursor: string;
  /** The members (or fields) of this step. */
  members: S[];
}

/** An entry of a stream. */
export interface StreamEntry<F> {
  /** Its id, such as `"1700000000000-0"`; text for clients of bytes too. */
  id: string;
  /** Its fields; none, where a pending entry has been deleted from the stream meanwhile. Of a repeated field, the last value. */
  fields: F;
  /**
   * All fields and values as `[field, value]`, in the order of the entry. Present only where the object `fields` cannot hold
   * them: a field is repeated, or has a whole number for a name, which objects put first. A `Map` of bytes always can.
   */
  pairs?: [field: string, value: string][];
  /** Milliseconds since the last delivery, 0 for a new entry; from XREADGROUP with `claim` only. */
  idle?: number;
  /** The number of earlier deliveries; from XREADGROUP with `claim` only. */
  deliveries?: number;
}

/** The reply of XAUTOCLAIM. */
export interface Autoclaimed<E> {
  /** The id to start with next; `"0-0"`: all has been seen. */
  next: string;
  /** The entries, or with `justId` their ids. */
  entries: E[];
  /** Ids that were pending and are no longer in the stream (since Redis 7.0; else empty). */
  deleted: string[];
}

/** The summary of XPENDING. */
export interface PendingSummary {
  /** The number of pending entries. */
  count: number;
  /** The smallest id of them. */
  min: string | null;
  /** The greatest id of them. */
  max: string | null;
  /** The number of entries of each consumer: `[consumer, count]`. */
  consumers: [string, number][];
}

/** One pending entry. */
export interface PendingEntry<S> {
  /** Its id. */
  id: string;
  /** The consumer that owns the entry. */
  consumer: S;
  /** Milliseconds since it was delivered last. */
  idle: number;
  /** The number of deliveries. */
  deliveries: number;
}

/** The reply of XINFO STREAM. */
export interface StreamInfo<F> {
  /** The number of entries. */
  length: number;
  /** The greatest id so far. */
  "last-generated-id": string;
  /** The greatest id that was deleted. */
  "max-deleted-entry-id"?: string;
  /** The number of entries ever added. */
  "entries-added"?: number;
  /** The number of groups; with `full`, the groups. */
  groups: number | Record<string, Reply>[];
  /** The first entry; not with `full`. */
  "first-entry"?: StreamEntry<F> | null;
  /** The last entry; not with `full`. */
  "last-entry"?: StreamEntry<F> | null;
  /** The entries; with `full` only. */
  entries?: StreamEntry<F>[];
  /** Further fields of the reply. */
  [name: string]: unknown;
}

/** A group of XINFO GROUPS. */
export interface GroupInfo<S> {
  /** Its name. */
  name: S;
  /** The number of consumers. */
  consumers: number;
  /** The number of pending entries. */
  pending: number;
  /** The last id that was delivered. */
  "last-delivered-id": S;
  /** The number of entries that the group has read (since Redis 7.0). */
  "entries-read"?: number | null;
  /** The number of entries to be delivered (since Redis 7.0). */
  lag?: number | null;
}

/** A consumer of XINFO CONSUMERS. */
export interface ConsumerInfo<S> {
  /** Its name. */
  name: S;
  /** The number of unacknowledged entries. */
  pending: number;
  /** Milliseconds since it last tried. */
  idle: number;
  /** Milliseconds since it last got something (since Redis 7.2). */
  inactive?: number;
}

/** A place found by GEOSEARCH with `withCoord`, `withDist` or `withHash`. */
export interface GeoMatch<S> {
  /** The member. */
  member: S;
  /** Its distance from the centre, in the unit asked for; with `withDist`. */
  distance?: number;
  /** Its geohash as an integer; with `withHash`. */
  hash?: number;
  /** Longitude and latitude; with `withCoord`. */
  coordinates?: [longitude: number, latitude: number];
}

/** The reply of LCS with `idx`. */
export interface LcsMatches {
  /** `[[start1, end1], [start2, end2]]`, and the length with `withMatchLen`. */
  matches: [[number, number], [number, number], number?][];
  /** The length of the longest common subsequence. */
  len: number;
}

/** An entry of SLOWLOG GET or COMMANDLOG GET. */
export interface LogEntry<S> {
  /** A number that only grows. */
  id: number;
  /** Unix time in seconds. */
  time: number;
  /** Microseconds that it took; bytes, for the large requests and replies of COMMANDLOG. */
  value: number;
  /** The command and its arguments, shortened by the server. */
  command: S[];
  /** The client's address. */
  client: S;
  /** The client's name. */
  name: S;
}

/** A run of slots of CLUSTER SLOTS and who serves it, the master first. */
export interface SlotRange<S> {
  /** The first slot. */
  start: number;
  /** The last slot. */
  end: number;
  /** Master and replicas. */
  nodes: SlotNode<S>[];
}

/** A node of CLUSTER SLOTS. */
export interface SlotNode<S> {
  /** Its preferred endpoint: an address, a name, or null or empty where it is unknown (the one that was asked). */
  host: S | null;
  /** Its port. */
  port: number;
  /** Its id. */
  id: S;
  /** Further names, such as `hostname`. */
  metadata: Record<string, S>;
}

/** A shard of CLUSTER SHARDS. */
export interface ClusterShard<S> {
  /** Pairs of first and last slot, flat. */
  slots: number[];
  /** Master and replicas. */
  nodes: ShardNode<S>[];
}

/** A node of CLUSTER SHARDS. */
export interface ShardNode<S> {
  /** Its id. */
  id: S;
  /** Its port, where plain connections are accepted. */
  port?: number;
  /** Its port for TLS, where that is accepted. */
  "tls-port"?: number;
  /** Its address. */
  ip: S;
  /** The address for clients. */
  endpoint: S | null;
  /** Its name, where it has one. */
  hostname?: S;
  /** `master` or `replica`. */
  role: S;
  /** The replication offset. */
  "replication-offset": number;
  /** `online`, `failed` or `loading`. */
  health: S;
  /** Further fields of the reply. */
  [name: string]: unknown;
}

/** The reply of HELLO. */
export interface Hello<S> {
  /** `redis` or `valkey`. */
  server: S;
  /** The server's version. */
  version: S;
  /** The protocol that is now spoken. */
  proto: number;
  /** The connection's id. */
  id: number;
  /** `standalone`, `sentinel` or `cluster`. */
  mode: S;
  /** `master` or `replica`. */
  role: S;
  /** The modules that are loaded. */
  modules: Reply;
  /** Further fields of the reply. */
  [name: string]: unknown;
}

/** The reply of ROLE. */
export type Role<S> =
  | [role: S, offset: number, replicas: [host: S, port: S, offset: S][]]
  | [role: S, host: S, port: number, state: S, offset: number]
  | [role: S, services: S[]];

/** The latencies of one command, from LATENCY HISTOGRAM. */
export interface LatencyHistogram {
  /** The number of calls. */
  calls: number;
  /** `[microseconds, calls that took no longer]`. */
  histogram_usec: [number, number][];
}

/** A library of FUNCTION LIST. */
export interface FunctionLibrary<S> {
  /** Its name. */
  library_name: S;
  /** The engine, `LUA`. */
  engine: S;
  /** Its functions. */
  functions: { name: S; description: S | null; flags: S[] }[];
  /** Its source; with `withCode`. */
  library_code?: S;
}

/** The documentation of a command, from COMMAND DOCS. */
export interface CommandDoc<S> {
  /** One line. */
  summary?: S;
  /** The first version. */
  since?: S;
  /** The group of the documentation. */
  group?: S;
  /** The complexity. */
  complexity?: S;
  /** Its arguments, nested. */
  arguments?: Record<string, Reply>[];
  /** Its subcommands. */
  subcommands?: Record<string, CommandDoc<S>>;
  /** Further fields of the reply. */
  [name: string]: unknown;
}

/** The reply of VEMB with `raw`. */
export interface RawVector {
  /** The storage of the vector: `int8`, `bin` or `f32`. */
  quantization: string;
  /** The vector as it is stored. */
  data: Uint8Array;
  /** The norm of the vector before it was normalized. */
  norm: number;
  /** The range of the quantization; of `int8` only. */
  range?: number;
}

/** A tracking of keys, in the reply of HOTKEYS GET. */
export interface Hotkeys<S> {
  /** 1 while keys are tracked, else 0. */
  "tracking-active": number;
  /** One of this many commands is looked at. */
  "sample-ratio": number;
  /** The start of the tracking: Unix time in milliseconds. */
  "collection-start-time-unix-ms": number;
  /** The duration of the tracking in milliseconds. */
  "collection-duration-ms": number;
  /** Keys by processor time, most first: `[key, microseconds]`; with the metric `CPU` only. */
  "by-cpu-time-us"?: [key: S, microseconds: number][];
  /** Keys by bytes over the network, most first: `[key, bytes]`; with the metric `NET` only. */
  "by-net-bytes"?: [key: S, bytes: number][];
  /** Further fields of the reply. */
  [name: string]: unknown;
}
