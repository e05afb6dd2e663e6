/**
 * The end of a pool: blocking commands end, leases are awaited for `closeGrace`, then all connections close.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { withTimeout } from "../connection/sleep.ts";
import { LazySet } from "../lazy_set.ts";
import type { ResolvedPoolOptions } from "../options.ts";
import type { PooledConnections } from "./pooled_connections.ts";
import { unblock } from "./unblock.ts";

/** The parts of a pool that its shutdown uses. */
export interface ShutdownOwner {
  /** The options of the pool. */
  readonly options: ResolvedPoolOptions;
  /** Its connections. */
  readonly connections: PooledConnections<Connection>;
  /** Rejects the callers that wait, and ends pending connects. */
  refuse(): void;
  /** Opens a connection for CLIENT UNBLOCK, beside the limit. */
  open(signal: AbortSignal): Promise<Connection>;
  /** Closes all connections now. */
  disconnect(): void;
}

/** The shutdown of one pool. It runs once; later calls return the same promise. */
export class Shutdown {
  readonly #owner: ShutdownOwner;
  readonly #closers: LazySet<() => Promise<void>> = new LazySet();
  /** Whether it has been started. */
  started = false;
  #closing: Promise<void> | undefined = undefined;
  #returned: (() => void) | undefined = undefined;

  /** Creates the shutdown of `owner`. */
  constructor(owner: ShutdownOwner) {
    this.#owner = owner;
  }

  /** Calls `closer` at the start. Returns a function that removes it. */
  beforeClose(closer: () => Promise<void>): () => void {
    this.#closers.add(closer);
    return () => this.#closers.delete(closer);
  }

  /** Continues when the last lease has been returned. */
  placeFreed(): void {
    if (this.#owner.connections.inUse === 0) this.#returned?.();
  }

  /** Closes the pool; with `force` without waiting for leases. Never rejects. */
  start(force: boolean): Promise<void> {
    this.started = true; // Before listeners are called.
    this.#closing ??= this.#close(force);
    if (force) this.#owner.disconnect();
    return this.#closing;
  }

  async #close(force: boolean): Promise<void> {
    const { connections, options: { connection, closeGrace } } = this.#owner;
    this.#owner.refuse();
    const [first, ...idle] = connections.clearIdle();
    const ends = idle.map((one) => one.close());
    const blocked = connections.leases.connections().filter(({ blocks, id }) => blocks && id !== undefined);
    if (blocked.length > 0 && !force) {
      ends.push(unblock(blocked, first, this.#owner));
    } else if (first !== undefined) ends.push(first.close());
    const returned = new Promise<void>((resolve) => this.#returned = resolve);
    const closers = [...this.#closers].map(async (closer) => await closer());
    this.placeFreed();
    await withTimeout(connection.clock, closeGrace, Promise.allSettled([returned, ...closers, ...ends]));
    this.#owner.disconnect();
  }
}
