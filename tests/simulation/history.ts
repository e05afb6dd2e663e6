/**
 * The events of a world, for its judges.
 *
 * @module
 */
import type { Part, Scenario, ServersPlan, Step } from "./scenario.ts";

/** The number of sentinels in a world with some. */
export const SENTINELS = 3;

/** The outcome of a call. */
export interface Outcome {
  /** Its value; `undefined` for an error. */
  readonly value?: unknown;
  readonly error?: unknown;
  /** The execution that the error reports; `"unknown"` for errors without a report. */
  readonly executed?: "no" | "yes" | "unknown";
}

/** One command of a call. */
export interface Operation {
  readonly part: Part;
  readonly client: number;
  readonly how: "call" | "once" | "pipeline" | "multi" | "watch" | "pop" | "lease";
  /** The same for all commands of one call. */
  readonly group: number;
  /** The number of the event at which it was called. */
  readonly called: number;
  readonly calledAt: number;
  /** Milliseconds that it may take; `Infinity`: no limit. */
  readonly limit: number;
  /** The number of the event at which it settled; `Infinity`: it did not. */
  settled: number;
  settledAt: number;
  outcome: Outcome | undefined;
  /** The number of times that it settled. */
  settlements: number;
  /** The numbers of the events at which the server executed it. */
  readonly executions: number[];
  /** Whether a client has given its bytes to a socket, or the beginning of them. */
  written?: true;
  /** The values that its key had when it was executed, where servers may lose writes. */
  readonly states: (string | null)[];
  /**
   * The time at which the server sent the last bytes that the client's shared connection received before the
   * call.
   */
  heardAt: number;
  /** The value that `watch` read before it wrote. */
  seen?: string | null;
  /** Replicas that were asked for, and that had the write when it resolved (`undefined`: their master has changed). */
  replicas?: { readonly wanted: number; readonly have: number | undefined };
}

/** A message or a gap, as a subscriber got it. */
export type Heard = { readonly id: number; readonly channel: string; readonly at: number } | "gap";

/** A subscription. */
export interface SubscriberRecord {
  readonly id: number;
  readonly client: number;
  readonly channels: readonly string[];
  /** The only channel is a pattern. */
  readonly pattern: boolean;
  /** The number of the event at which it was confirmed; `Infinity`: it was not. */
  confirmed: number;
  /** The number of the event at which it was given up. */
  ended: number;
  failed: unknown;
  readonly heard: Heard[];
  /** The number of the event after which the last gap was reported; absent: unknown. */
  lastGap?: number;
}

/** A consumer of a stream. */
export interface ConsumerRecord {
  readonly id: number;
  readonly client: number;
  readonly stream: string;
  readonly consumer: string;
  readonly claims: boolean;
  /** The number of the event at which it began. */
  readonly began: number;
  /** Messages, in order, by the numbers of their writes. */
  readonly got: { readonly id: number; readonly event: number; readonly origin: string }[];
  /** Acknowledgements that resolved with `true`. */
  readonly acked: { readonly id: number; readonly event: number }[];
  /** The number of the event at which its end was requested. */
  ended: number;
  failed: unknown;
}

/** A command of `PUBLISH` that the server executed. */
export interface Published {
  readonly id: number;
  readonly channel: string;
  readonly event: number;
}

/** A GET that a server executed, where servers may lose writes. */
export interface Served {
  readonly key: string;
  readonly value: string | null;
  /** The number of the client that made the pool. */
  readonly owner: number;
  /** The number of the next event. */
  readonly event: number;
  /** The server was a replica. */
  readonly replica: boolean;
}

/** The complete record of a world. */
export interface History {
  readonly scenario: Scenario;
  readonly operations: Operation[];
  readonly subscribers: SubscriberRecord[];
  readonly published: Published[];
  readonly consumers: ConsumerRecord[];
  readonly served: Served[];
  /** The numbers of the clients that made the pools, by client. */
  readonly owners: number[];
  /** The entries that streams received, in the order of the server. */
  readonly added: { readonly id: number; readonly stream: string; readonly event: number }[];
  /** Events at which the server lost all data. */
  readonly flushes: { readonly event: number; readonly at: number }[];
  /** The time of each numbered event. */
  readonly times: number[];
  /** The times at which the process slept, and the durations. */
  readonly sleeps: { readonly at: number; readonly ms: number }[];
  /** The number of the event at which each client was closed. */
  readonly closedAt: Map<number, number>;
  /** The time at which the `close()` of each client resolved. */
  readonly goneAt: Map<number, number>;
  /** Other things that are wrong: what is left after the end, and what cannot be. */
  readonly faults: string[];
}

/** Whether servers may have lost writes, or messages between them, by what went wrong. */
export function isLossy({ topology, servers, steps }: Scenario): boolean {
  if (topology === "standalone" || servers === undefined) return false;
  let crashes = 0;
  let moves = 0;
  for (const step of steps) {
    const fault = "fault" in step ? step.fault : undefined;
    if (fault === "crash" && topology === "sentinel" && isOfSentinel(step as Step, servers)) continue;
    if (fault === "partition" || fault === "pause") return true;
    // A name may lead to a replica, which is behind.
    if (fault === "flip" && topology === "sentinel") return true;
    if (fault === "migrate" || fault === "moveReplica") moves++;
    if (fault === "failover" || fault === "crash") {
      crashes++;
      if (servers.lag > 0 || servers.gossip > 0 || topology === "sentinel") return true;
    }
  }
  // Keys that have been moved are lost where the source of a migration is replaced.
  return crashes > 1 || (crashes > 0 && moves > 0);
}

/** Whether a fault is that of a sentinel, which has no data. */
function isOfSentinel(step: Step, { masters, replicas }: ServersPlan): boolean {
  const servers = masters + replicas;
  return "which" in step && step.which! % (servers + SENTINELS) >= servers;
}

/** A command of a call, in words. */
export function describeOperation({ part, how, client, calledAt }: Operation): string {
  const { id, verb, key } = part;
  return `${how === "call" ? "" : `${how}: `}${verb} ${key} #${id} of client ${client} at ${calledAt} ms`;
}

/** An outcome in words. */
export function describeOutcome(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "pending";
  if (outcome.error === undefined) return JSON.stringify(outcome.value) ?? "undefined";
  const { name, code, message } = outcome.error as { name?: string; code?: string; message?: string };
  return `${name} ${code ?? ""} (${outcome.executed}): ${message}`;
}
