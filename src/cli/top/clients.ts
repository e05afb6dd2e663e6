/**
 * The pools of clients in this process, as `top` shows them.
 *
 * @module
 */
import type { ClientStats, PoolStats } from "../../pool/stats.ts";
import { summary } from "../../pool/stats.ts";

/** A client or a pool of this process. */
export interface WatchedClient {
  /** Returns the present statistics. */
  stats(): PoolStats | ClientStats;
}

/** The state of a client of this process at a time. */
export interface ClientSample {
  /** The name that it was given. */
  readonly name: string;
  /** The statistics of its pool; of a client, also of its queue. */
  readonly stats: PoolStats | ClientStats;
}

/** Samples clients by their names. */
export function sampleClients(clients: Readonly<Record<string, WatchedClient>>): ClientSample[] {
  return Object.entries(clients).map(([name, client]) => ({ name, stats: client.stats() }));
}

/** The line of one client. */
export function clientRow({ name, stats }: ClientSample): string {
  const queue = "inFlight" in stats ? `, ${stats.inFlight} commands in flight, ${stats.offline} queued` : "";
  return `${name.padEnd(22)} ${summary(stats)}${queue}\n`;
}
