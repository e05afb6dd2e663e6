/**
 * The parts of the benchmark, in the order in which they run.
 *
 * @module
 */
import type { Part } from "./part.ts";

/** All but the throughput, whose figures are in `bench/results.json`. */
export const PARTS: readonly Part[] = [
  {
    name: "latency",
    file: "latency.json",
    title: "Latency at fixed rates",
    about:
      "GETs at rates that all clients of a runtime get alike, and at Keywire's own, where a client without a figure " +
      "does not reach the rate. Each latency counts from the time at which the command was due. The generator of the load runs in " +
      "the client's thread; `generator alone` sends commands that do nothing, so its latency is what the generator and " +
      "the machine add. p50 / p99 / p99.9, medians of three rounds of at least 10,000 GETs.",
    script: "fixed_rate.ts",
    runs: "once",
    minutes: 6,
    metrics: [
      { name: "p99", title: "p99", unit: "ms" },
      { name: "p50", title: "p50", unit: "ms" },
      { name: "p999", title: "p99.9", unit: "ms" },
      { name: "lateP99", title: "lateness of the generator, p99", unit: "ms" },
      { name: "rate", title: "rate", unit: "a second" },
    ],
    shown: ["p50", "p99", "p999"],
    compared: ["p50", "p99", "p999"],
    lessIsBetter: true,
    listed: /^saturation$/,
    aims: [],
  },
  {
    name: "head_of_line",
    file: "head_of_line.json",
    title: "Small replies beside large ones",
    about:
      "200 small GETs a second at a fixed rate, beside two large replies a second from the same client. p50 / p99 of the " +
      "small GETs.",
    script: "head_of_line.ts",
    runs: "once",
    minutes: 6,
    metrics: [
      { name: "p99", title: "p99", unit: "ms" },
      { name: "p50", title: "p50", unit: "ms" },
      { name: "max", title: "max", unit: "ms" },
      { name: "large", title: "large replies, median", unit: "ms" },
    ],
    shown: ["p50", "p99"],
    lessIsBetter: true,
    aims: [
      {
        text: "p99 at most a tenth of the best peer's, over a link of 40 MB/s",
        what: /^two (?!.*loopback)/,
        runtimes: ["node", "bun"],
        beside: "peers",
        limit: 0.1,
      },
      {
        text: "on the loopback, p99 at most 1.1 of that with one connection",
        what: /^two .*loopback/,
        beside: ["keywire, one connection"],
        limit: 1.1,
      },
    ],
  },
  {
    name: "memory",
    file: "memory.json",
    title: "Memory",
    about:
      "KiB by which the process grows at most, for the same number of operations; of 1,000 idle connections, KiB each.",
    script: "memory.ts",
    runs: "once",
    args: ["--rounds", "2"],
    minutes: 5,
    metrics: [{ name: "kib", title: "growth", unit: "KiB" }],
    lessIsBetter: true,
    aims: [
      { text: "below ioredis", runtimes: ["node", "deno"], beside: ["ioredis"], limit: 1 },
      {
        text: "within 1.1 of Bun's own client",
        what: /^(?!an idle)/,
        runtimes: ["bun"],
        beside: ["Bun.RedisClient"],
        limit: 1.1,
      },
      {
        text: "an idle connection below ioredis",
        what: /^an idle/,
        runtimes: ["bun"],
        beside: ["ioredis"],
        limit: 1,
      },
    ],
  },
  {
    name: "loop_delay",
    file: "loop_delay.json",
    title: "Event loop under huge replies",
    about:
      "The most processor time of the thread in one turn of the event loop, and the longest turn on the clock, while one " +
      "reply is read or one request is written: the lowest of the rounds, pauses of the garbage collector included.",
    script: "loop_delay.ts",
    runs: "on each runtime",
    minutes: 1.5,
    metrics: [
      { name: "busy", title: "busy", unit: "ms" },
      { name: "block", title: "block", unit: "ms" },
      { name: "total", title: "the whole reply", unit: "ms" },
      { name: "work", title: "busy without pauses of the collector", unit: "ms" },
      { name: "pause", title: "longest pause of the collector", unit: "ms" },
    ],
    shown: ["busy", "block"],
    lessIsBetter: true,
    aims: [{
      text: "at most 10 ms in one turn for a reply",
      what: /^(?!nothing|MSET|RPUSH|SET )/,
      limit: 10,
    }],
  },
  {
    name: "sequence",
    file: "sequence.json",
    title: "Large values after other work",
    about:
      "Values of 1 MiB in turns of all clients of a runtime, in one process, after the small workloads. Operations a second.",
    script: "sequence.ts",
    runs: "on each runtime",
    minutes: 1.5,
    metrics: [
      { name: "rate", title: "rate", unit: "a second" },
      { name: "cpu", title: "processor time", unit: "us" },
    ],
    lessIsBetter: false,
    aims: [{ text: "as fast as the best peer", beside: "peers", limit: 1 }],
  },
  {
    name: "connect",
    file: "connect.json",
    title: "Connecting",
    about: "Connect, PING, close. Microseconds of processor time / on the clock for each connection.",
    script: "connect.ts",
    runs: "on each runtime",
    minutes: 1.5,
    metrics: [
      { name: "cpu", title: "processor time", unit: "us" },
      { name: "time", title: "time", unit: "us" },
    ],
    shown: ["cpu", "time"],
    compared: ["cpu", "time"],
    lessIsBetter: true,
    aims: [
      {
        text: "processor time within 1.5 of a bare socket with HELLO",
        metric: "cpu",
        beside: ["bare socket"],
        limit: 1.5,
      },
      {
        text: "time within 1.5 of a bare socket with HELLO",
        metric: "time",
        beside: ["bare socket"],
        limit: 1.5,
      },
      {
        text: "at most three times the time of Bun's own client",
        metric: "time",
        runtimes: ["bun"],
        beside: ["Bun.RedisClient"],
        limit: 3,
      },
    ],
  },
  {
    name: "tls",
    file: "tls.json",
    title: "TLS",
    about:
      "GETs a second over TLS / as a part of those over plain TCP, in turns. `bare socket` sends the same bytes over " +
      "the sockets of the runtime. Connecting again: microseconds / of processor time, with the session of the connection " +
      "before and without.",
    script: "tls.ts",
    runs: "on each runtime",
    minutes: 2,
    metrics: [
      { name: "rate", title: "rate", unit: "a second" },
      { name: "ofPlain", title: "of plain", unit: "" },
      { name: "time", title: "time", unit: "us" },
      { name: "cpu", title: "processor time", unit: "us" },
    ],
    shown: ["rate", "ofPlain"],
    lessIsBetter: false,
    listed: /^connecting/,
    aims: [{ text: "0.8 of plain", metric: "ofPlain", what: /^GET/, limit: 0.8 }],
  },
  {
    name: "cold_start",
    file: "cold_start.json",
    title: "Cold start",
    about:
      "A program that imports the npm package, connects, writes and reads one value and closes. Milliseconds of the whole " +
      "process / milliseconds of processor time / KiB when connected; `nothing` is an empty program.",
    script: "cold_start.ts",
    runs: "once",
    minutes: 1,
    metrics: [
      { name: "time", title: "time", unit: "ms" },
      { name: "cpu", title: "processor time", unit: "ms" },
      { name: "memory", title: "memory when connected", unit: "KiB" },
    ],
    shown: ["time", "cpu", "memory"],
    compared: ["time", "cpu", "memory"],
    lessIsBetter: true,
    aims: [{ text: "0.8 of ioredis' time", runtimes: ["node"], beside: ["ioredis"], limit: 0.8 }],
  },
  {
    name: "versions",
    file: "versions.json",
    title: "Beside earlier versions",
    about:
      "Commands a second of clients of this and earlier commits, which take turns at one server: the one whose results " +
      "were published on 2026-11-21, and the one before large replies had a connection of their own.",
    script: "versions.ts",
    runs: "on each runtime",
    minutes: 1,
    metrics: [
      { name: "rate", title: "rate", unit: "a second" },
      { name: "cpu", title: "processor time", unit: "us" },
    ],
    lessIsBetter: false,
    aims: ["keywire of 8dc47bc", "keywire of 536a63d"].map((name) => ({
      text: `within 3 % of ${name}`,
      beside: [name],
      limit: 0.97,
    })),
  },
  {
    name: "baseline",
    file: "baseline.json",
    title: "The cost of a command",
    about:
      "Nanoseconds of processor time for a GET, without kernel and server. `./scripts/regression` compares with the commit of " +
      "this baseline, in turns.",
    script: "hot_path.ts",
    runs: "on each runtime",
    minutes: 1,
    metrics: [{ name: "ns", title: "processor time", unit: "ns" }],
    lessIsBetter: true,
    aims: [],
  },
];
