/**
 * The lifetime of the shared connection (`maxLifetime`): at its end the next connection is opened before the old one is
 * left.
 *
 * @module
 */
import { delayOf } from "../../backoff.ts";
import type { Timer } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import type { ConnectionPool } from "../../pool/pool.ts";

/** Finds the successor of a connection when its lifetime ends. */
export class ConnectionLifetime {
  readonly #pool: ConnectionPool;
  readonly #over: (next: Connection | undefined) => void;
  #timer: Timer = undefined;
  #acquiring: AbortController | undefined = undefined;
  #next: Connection | undefined = undefined;
  #attempt = 0;
  #delay = 0;

  /**
   * `over` is called with the next connection when a lifetime has ended. It is `undefined` where the pool has room for
   * one connection only, which must be given back first.
   */
  constructor(pool: ConnectionPool, over: (next: Connection | undefined) => void) {
    this.#pool = pool;
    this.#over = over;
  }

  /** A connection begins to be used, or is to be replaced; nothing changes if it is being left for the next one. */
  begin(connection: Connection): void {
    if (this.#next !== undefined) return;
    this.end();
    this.#attempt = this.#delay = 0;
    const end = this.#pool.endOfLife(connection);
    if (end !== Infinity) this.#wait(end - this.#pool.options.connection.clock.now());
  }

  /** The caller uses the next connection, or gives it back, from now on: each connection has one owner. */
  handOver(): void {
    this.#next = undefined;
    this.end();
  }

  /** The connection is not used any more. The next one goes back to the pool. */
  end(): void {
    this.#pool.options.connection.clock.clearTimeout(this.#timer);
    this.#acquiring?.abort();
    this.#next?.[Symbol.dispose]();
    this.#acquiring = this.#next = undefined;
  }

  /** The next connection could not be used: another one is looked for later. */
  again(): void {
    const { clock, reconnect } = this.#pool.options.connection;
    this.#delay = delayOf(reconnect.backoff, ++this.#attempt, clock, this.#delay);
    this.#wait(this.#delay);
  }

  #wait(delay: number): void {
    this.#timer = this.#pool.options.connection.clock.setTimeout(() => this.#replace(), Math.max(delay, 0));
  }

  #replace(): void {
    if (this.#pool.options.maxConnections === 1) return this.#over(undefined);
    const acquiring = this.#acquiring = new AbortController();
    this.#pool.acquire({ signal: acquiring.signal, retry: false }).then(
      (next) => {
        if (acquiring.signal.aborted) return next[Symbol.dispose]();
        this.#over(this.#next = next);
      },
      () => {
        if (!acquiring.signal.aborted && !this.#pool.closed) this.again();
      },
    );
  }
}
