/**
 * Who holds which connection.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** One lease. */
interface Lease {
  readonly since: number;
  /** Where it was taken, when leases are tracked. */
  readonly stack: string | undefined;
}

/** The leases of a pool. */
export class Leases<C extends object> {
  readonly #clock: Clock;
  readonly #track: boolean;
  readonly #held: Map<C, Lease> = new Map();
  // Lost while they were held: their holders will still give them back.
  readonly #lost: WeakSet<C> = new WeakSet();

  /** With `track`, the place of each `acquire` is remembered; that costs some microseconds each. */
  constructor(clock: Clock, track: boolean) {
    this.#clock = clock;
    this.#track = track;
  }

  /** How many are held. */
  get size(): number {
    return this.#held.size;
  }

  /** Those that are held. */
  connections(): C[] {
    return [...this.#held.keys()];
  }

  /** A lease begins. */
  begin(connection: C): void {
    const stack = this.#track ? new Error("lease").stack : undefined;
    this.#held.set(connection, { since: this.#clock.now(), stack });
  }

  /** A lease ends: of a connection that was held, that was lost meanwhile, or that was never lent. */
  end(connection: C): "held" | "lost" | "never" {
    if (this.#held.delete(connection)) return "held";
    return this.#lost.delete(connection) ? "lost" : "never";
  }

  /** A connection has ended, whoever holds it. */
  lost(connection: C): void {
    if (this.#held.delete(connection)) this.#lost.add(connection);
  }

  /** Who holds what for how long, longest first. */
  explain(stats: { readonly inUse: number; readonly idle: number; readonly max: number }): string {
    const now = this.#clock.now();
    const lines = [`${stats.inUse} of ${stats.max} connections in use, ${stats.idle} idle`];
    for (const { since, stack } of this.#held.values()) {
      lines.push(`- held for ${Math.round(now - since)} ms`);
      if (stack !== undefined) lines.push(...stack.split("\n").slice(2).map((line) => `  ${line.trim()}`));
    }
    if (!this.#track && this.#held.size > 0) {
      lines.push("(set trackLeases: true to see where each was taken)");
    }
    return lines.join("\n");
  }
}
