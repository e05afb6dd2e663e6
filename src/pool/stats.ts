/**
 * The statistics of pools and clients.
 *
 * @module
 */

/** A lease that is out, as a pool with `trackLeases` knows it. */
export interface LeaseInfo {
  /** Milliseconds since it was taken. */
  readonly heldFor: number;
  /** The stack of the call of `acquire` that took it, one call a line, the caller first. */
  readonly takenAt: string;
}

/** The pending commands of a client's shared connection. */
export interface QueueStats {
  /** Commands that wait for a connection, or for their retry. */
  readonly offline: number;
  /** Their approximate size in bytes. */
  readonly offlineBytes: number;
  /** Commands that wait until the socket takes more. */
  readonly unsent: number;
  /** Their approximate size in bytes. */
  readonly unsentBytes: number;
  /** Commands that were sent and have no reply yet. */
  readonly inFlight: number;
}

/** The present statistics of a client. */
export interface ClientStats extends PoolStats, QueueStats {}

/** The present and total numbers of a pool. */
export interface PoolStats {
  /** The number of connections: idle, in use, and being reset. */
  readonly created: number;
  /** The number of idle connections. */
  readonly idle: number;
  /** The number of leased connections, including those that are being reset. */
  readonly inUse: number;
  /** The number of pending connects, for callers or for `minIdle`. */
  readonly connecting: number;
  /** Calls of `acquire` that wait for a place. */
  readonly waiting: number;
  /** The limit. */
  readonly max: number;
  /** Connections opened since the beginning or the last `reset()`. */
  readonly opened: number;
  /** The number of connections closed since the start. */
  readonly closed: number;
  /** Milliseconds that the oldest lease has been out; 0 without one. */
  readonly longestLease: number;
  /** The leases that are out, longest first; only with `trackLeases`. */
  readonly leases?: readonly LeaseInfo[];
}

/** The numbers as one line. */
export function summary({ inUse, max, idle, connecting, waiting }: PoolStats): string {
  return `${inUse} of ${max} connections in use, ${idle} idle, ${connecting} connecting, ${waiting} waiting for one`;
}

/** The same as text, for people: who holds what, for how long, and where it was taken. */
export function explainStats(stats: PoolStats): string {
  const { inUse, longestLease, leases } = stats;
  const lines = [summary(stats)];
  for (const { heldFor, takenAt } of leases ?? []) {
    lines.push(`- held for ${Math.round(heldFor)} ms, taken`, takenAt.replace(/^/gm, "    "));
  }
  if (leases === undefined && inUse > 0) {
    lines.push(
      `- one is held for ${Math.round(longestLease)} ms; set trackLeases: true to see where each was taken`,
    );
  }
  return lines.join("\n");
}

/** The options of `close()`. */
export interface CloseOptions {
  /** Whether to close the connections without waiting for replies that are due. Default `false`. */
  readonly force?: boolean;
}
