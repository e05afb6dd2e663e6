/**
 * Reasons to reconnect: a signal to retry at once, and a master that became a replica.
 *
 * @module
 */
import { delayOf, exponential } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import { ReplyError } from "../errors.ts";
import { LazySet } from "../lazy_set.ts";
import type { ResolvedPoolOptions } from "../options.ts";

/** A pool, as far as it matters here. */
interface Pool {
  readonly options: ResolvedPoolOptions;
  disconnect(options: { readonly inUse: boolean }): void;
}

/** The lifetimes of the connections of a pool. */
interface Lifetimes {
  /** Ends those of leased connections, which are closed when they are returned. */
  endLeased(): void;
  isOver(connection: Connection): boolean;
}

/** Milliseconds between two searches for the new master, while the address still leads to a replica. */
const SEARCH_INTERVAL = 1_000;

/** Milliseconds between attempts that end at the wrong server, after the first, which follows at once. */
const BACKOFF = /* @__PURE__ */ exponential({ base: 10, cap: 200, jitter: "equal" });

/** Hosts that always lead to the same machine: addresses. */
const FIXED = /^(localhost|[\d.]+|.*:.*)$/;

/**
 * The time when the servers of a pool were last found to be demoted; `-Infinity`: never, and the pool has reached a server
 * that may be a master, or has a host name, which may lead to one later. Other pools of replicas are missing.
 */
const found: WeakMap<Pool, number> = new WeakMap();

/** Notes the role that the handshake of a connection has reported (none over RESP2). Returns the connection. */
export function noteRole<C extends Connection>(pool: Pool, connection: C): C {
  const { role = "master" } = connection.server;
  const { host, path } = pool.options.connection;
  const named = path === undefined && !FIXED.test(host);
  if ((role === "master" || named) && !found.has(pool)) found.set(pool, -Infinity);
  return connection;
}

/**
 * Returns whether READONLY shows that a master was demoted, or that its address leads to a replica for now: the
 * handshake of this connection, or of an earlier one in its pool, reported a master, or the host is a name. Then the
 * connections of the pool are replaced. Other pools of replicas are not affected. A script may return this error
 * without a reason, so it counts at most once in an interval.
 */
export function isDemoted(
  pool: Pool,
  error: unknown,
  connection: Connection | undefined,
  connections: Lifetimes,
): boolean {
  if (!(error instanceof ReplyError) || error.code !== "READONLY") return false;
  const now = pool.options.connection.clock.now();
  const last = found.get(pool);
  // It was leased when another one found that.
  if (last !== undefined && last > -Infinity && connection && connections.isOver(connection)) return true;
  const demoted = (connection?.server.role === "master" && error.executed === "no") ||
    (last !== undefined && now - last >= SEARCH_INTERVAL);
  if (!demoted) return false;
  found.set(pool, now);
  connections.endLeased();
  pool.disconnect({ inUse: false });
  return true;
}

/** Milliseconds before a command that came to the wrong server `times` times is sent again. */
export function searchDelay(times: number, clock: Pick<Clock, "random">): number {
  return times <= 1 ? 0 : delayOf(BACKOFF, times - 1, clock);
}

/** Signals waiting reconnects to retry immediately. */
export class ReconnectSignal {
  readonly #listeners: LazySet<() => void> = new LazySet();

  /** Adds a listener. Returns a function that removes it. */
  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls the listeners. */
  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
