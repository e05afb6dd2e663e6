/**
 * Tracks leases: the holder of each connection, since when, and from where.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { LazySet } from "../lazy_set.ts";
import type { LeaseInfo } from "./stats.ts";

/** Limits of one `acquire`. */
export interface AcquireOptions {
  /** Ends waiting and connecting; the place goes to the next. */
  readonly signal?: AbortSignal;
  /** Whether failed attempts are retried as the option `retry` defines. Default `true`. */
  readonly retry?: boolean;
}

/** A call of `acquire` on its way through a pool. */
export interface Request extends AcquireOptions {
  /** The stack of the call, if leases are tracked. */
  readonly takenAt?: string;
  /** Called for each failed attempt that is retried. */
  readonly failed?: (cause: Error) => void;
}

/** One lease. */
interface Lease {
  readonly since: number;
  readonly takenAt: string | undefined;
}

/** The stack above the function `callee`, one call a line. */
export function stackAbove(callee: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  // All three engines have it; unlike cutting a fixed number of lines, it knows how deep `callee` stands.
  const { captureStackTrace } = Error as unknown as {
    captureStackTrace?: (holder: object, above: unknown) => void;
  };
  if (captureStackTrace === undefined) holder.stack = new Error().stack ?? "";
  else captureStackTrace(holder, callee);
  const lines = (holder.stack ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => line.startsWith("at ")).join("\n");
}

const leases: WeakMap<object, Leases<never>> = new WeakMap();

/**
 * Calls a listener with each connection that a pool has lent or lends, before it is used; returns how to stop. It may be
 * called with a connection more than once.
 */
export function onLease<C extends object>(pool: object, listener: (connection: C) => void): () => void {
  return (leases.get(pool) as unknown as Leases<C>).listen(listener);
}

/** The leases of a pool. */
export class Leases<C extends object> {
  readonly #clock: Clock;
  readonly #track: boolean;
  // In the order in which they were taken.
  readonly #held: Map<C, Lease> = new Map();
  // Lost while they were held: their holders will still give them back.
  #lost: WeakMap<C, Lease | undefined> | undefined = undefined;
  readonly #ended: ((time: number) => void) | undefined;
  readonly #listeners: LazySet<(connection: C) => void> = new LazySet();

  /** With `track`, `list()` has the stack of each lease. `ended` is called with the duration of each lease. */
  constructor(pool: object, clock: Clock, track: boolean, ended?: (time: number) => void) {
    leases.set(pool, this as unknown as Leases<never>);
    this.#clock = clock;
    this.#track = track;
    this.#ended = ended;
  }

  /** The number of leases. */
  get size(): number {
    return this.#held.size;
  }

  /** Returns the leased connections. */
  connections(): C[] {
    return [...this.#held.keys()];
  }

  /** Calls a listener with each connection that is held, or will be; returns how to stop. */
  listen(listener: (connection: C) => void): () => void {
    this.connections().forEach(listener);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A lease begins. */
  begin(connection: C, { takenAt }: Request): void {
    for (const listener of this.#listeners) listener(connection);
    this.#held.set(connection, { since: this.#clock.now(), takenAt });
  }

  /**
   * A lease ends: of a connection that was held, that was lost meanwhile, or that was never lent. A lost one can be
   * returned again: no caller can have taken it.
   */
  end(connection: C): "held" | "lost" | "never" {
    const held = this.#held.get(connection);
    if (held === undefined && this.#lost?.has(connection) !== true) return "never";
    const lease = held ?? this.#lost?.get(connection);
    if (held === undefined) this.#lost!.set(connection, undefined);
    else this.#held.delete(connection);
    if (lease !== undefined) this.#ended?.(this.#clock.now() - lease.since);
    return held === undefined ? "lost" : "held";
  }

  /** Called when a connection has ended. */
  lost(connection: C): void {
    const lease = this.#held.get(connection);
    if (lease === undefined) return;
    this.#held.delete(connection);
    (this.#lost ??= new WeakMap()).set(connection, lease);
  }

  /** Milliseconds that the oldest has been out; 0 without one. */
  longest(): number {
    for (const { since } of this.#held.values()) return this.#clock.now() - since;
    return 0;
  }

  /** All that are out, oldest first; `undefined` when they are not tracked. */
  list(): LeaseInfo[] | undefined {
    if (!this.#track) return undefined;
    const now = this.#clock.now();
    return [...this.#held.values()].map(({ since, takenAt = "" }) => ({ heldFor: now - since, takenAt }));
  }
}
