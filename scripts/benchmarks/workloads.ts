/**
 * The workloads: each is an operation, the number of concurrent operations, and a kind of client.
 *
 * @module
 */
import type { Contender, Kind } from "./contenders/mod.ts";
import { BIG, VALUE } from "./values.ts";

/** A workload. */
export interface Workload {
  /** The name in `bench/results.json`. */
  readonly id: string;
  /** The name in the tables. */
  readonly title: string;
  /** The kind of client. Default `"plain"`. */
  readonly kind?: Kind;
  /** The number of concurrent operations. */
  readonly together: number;
  /** The number of commands of an operation. Default 1. */
  readonly counts?: number;
  /** Measured in the short form, too. */
  readonly short?: boolean;
  /** The operation, as the contender can do it; undefined where it cannot. */
  operation(contender: Contender): ((index: number) => Promise<unknown>) | undefined;
}

/** The keys of MGET. */
export const KEYS: readonly string[] = Array.from({ length: 100 }, (_, index) => `bench:key:${index}`);
/** Keys all over the slots of a cluster. */
export const SPREAD: readonly string[] = Array.from({ length: 1000 }, (_, index) => `bench:spread:${index}`);

const get = (contender: Contender) => () => contender.get("bench:key");
const set = (contender: Contender) => () => contender.set("bench:key", VALUE);
const mixed = (contender: Contender) => (index: number) =>
  index % 10 === 0 ? contender.incr("bench:counter") : contender.get("bench:key");
const spread = (contender: Contender) => (index: number) => contender.get(SPREAD[index % SPREAD.length]!);

/** All of them, in the order of the tables. */
export const WORKLOADS: readonly Workload[] = [
  { id: "get-1", title: "GET, one at a time", together: 1, short: true, operation: get },
  { id: "get-64", title: "GET, 64 at once", together: 64, short: true, operation: get },
  { id: "get-1000", title: "GET, 1,000 at once", together: 1000, short: true, operation: get },
  { id: "get-10000", title: "GET, 10,000 at once", together: 10_000, operation: get },
  { id: "set-64", title: "SET, 64 at once", together: 64, operation: set },
  { id: "set-1000", title: "SET, 1,000 at once", together: 1000, short: true, operation: set },
  { id: "set-10000", title: "SET, 10,000 at once", together: 10_000, operation: set },
  {
    id: "pipeline-1000",
    title: "Explicit pipeline of 1,000 GETs",
    together: 1,
    counts: 1000,
    short: true,
    operation: (contender) => contender.pipeline && (() => contender.pipeline!("bench:key", 1000)),
  },
  {
    id: "mixed-1000",
    title: "GET with a tenth INCR, 1,000 at once",
    together: 1000,
    operation: mixed,
  },
  {
    id: "lrange-1000",
    title: "LRANGE of 1,000",
    together: 8,
    short: true,
    operation: (contender) => () => contender.lrange("bench:list"),
  },
  {
    id: "hgetall-100",
    title: "HGETALL of 100",
    together: 16,
    short: true,
    operation: (contender) => () => contender.hgetall("bench:hash"),
  },
  {
    id: "mget-100",
    title: "MGET of 100",
    together: 16,
    short: true,
    operation: (contender) => () => contender.mget(KEYS),
  },
  {
    id: "zrange-1000",
    title: "ZRANGE WITHSCORES of 1,000",
    together: 8,
    operation: (contender) => () => contender.zrange("bench:sorted"),
  },
  {
    id: "unicode-1k",
    title: "GET of 1 KiB, not all ASCII, 100 at once",
    together: 100,
    operation: (contender) => () => contender.get("bench:unicode"),
  },
  {
    id: "get-1m",
    title: "GET of 1 MiB, text",
    together: 1,
    short: true,
    operation: (contender) => () => contender.get("bench:big"),
  },
  {
    id: "get-1m-bytes",
    title: "GET of 1 MiB, bytes",
    together: 1,
    operation: (contender) => contender.getBytes && (() => contender.getBytes!("bench:big")),
  },
  {
    id: "get-1000-bytes",
    title: "GET of 16 bytes as bytes, 1,000 at once",
    together: 1000,
    operation: (contender) => contender.getBytes && (() => contender.getBytes!("bench:key")),
  },
  {
    id: "set-1m",
    title: "SET of 1 MiB",
    together: 1,
    short: true,
    operation: (contender) => () => contender.set("bench:big:written", BIG),
  },
  {
    id: "pubsub-1000",
    title: "PUBLISH to a subscriber, 1,000 at once",
    together: 1,
    counts: 1000,
    operation: (contender) => contender.messages && (() => contender.messages!(1000)),
  },
  {
    id: "connect",
    title: "Connect, PING, close",
    together: 4,
    operation: (contender) => contender.connectOnce && (() => contender.connectOnce!()),
  },
  { id: "tls-get-1", title: "TLS: GET, one at a time", kind: "tls", together: 1, operation: get },
  { id: "tls-get-1000", title: "TLS: GET, 1,000 at once", kind: "tls", together: 1000, operation: get },
  {
    id: "tls-lrange-1000",
    title: "TLS: LRANGE of 1,000",
    kind: "tls",
    together: 8,
    operation: (contender) => () => contender.lrange("bench:list"),
  },
  {
    id: "pool-get-64",
    title: "A pool of 10 without multiplexing: GET, 64 at once",
    kind: "pool",
    together: 64,
    operation: get,
  },
  {
    id: "cluster-get-1000",
    title: "Cluster: GET, 1,000 at once",
    kind: "cluster",
    together: 1000,
    operation: spread,
  },
];
