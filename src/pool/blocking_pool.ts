/**
 * The pool that waits at its limit.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { MaxConnectionsError } from "../errors.ts";
import {
  type BlockingPoolOptions,
  resolveBlockingPoolOptions,
  type ResolvedConnectionOptions,
  type ResolvedPoolOptions,
} from "../options.ts";
import { type AcquireOptions, ConnectionPool } from "./pool.ts";
import { Waiters } from "./waiters.ts";

/**
 * A pool of connections whose `acquire` waits at the limit, in order, up to `timeout`.
 *
 * @example
 * ```ts
 * import { BlockingConnectionPool } from "@keywire/redis";
 *
 * await using pool = new BlockingConnectionPool({ host: "localhost", maxConnections: 10, timeout: 20_000 });
 * using connection = await pool.acquire({ signal: AbortSignal.timeout(500) });
 * ```
 */
export class BlockingConnectionPool<C extends Connection = Connection> extends ConnectionPool<C> {
  #waiters: Waiters<C> | undefined = undefined;
  #serving = false;

  /** Makes a pool; see {@linkcode BlockingPoolOptions}. */
  constructor(
    options: string | URL | BlockingPoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions = {},
    over?: BlockingPoolOptions,
  ) {
    super(options, over);
  }

  /** A pool for a URL; the options go over it. The same as `new BlockingConnectionPool(url, options)`. */
  static override fromUrl(url: string | URL, options?: BlockingPoolOptions): BlockingConnectionPool {
    return new this(url, options);
  }

  /** Resolves the options. */
  protected override resolve(
    options: string | URL | BlockingPoolOptions | ResolvedConnectionOptions | ResolvedPoolOptions,
    over?: BlockingPoolOptions,
  ): ResolvedPoolOptions {
    return resolveBlockingPoolOptions(options, over);
  }

  /** Calls of `acquire` that wait. */
  protected override get waiting(): number {
    return this.#waiters?.size ?? 0;
  }

  /** Waits for a place, in order. */
  protected override atLimit(request: AcquireOptions): Promise<C> {
    const { timeout = 0, maxConnections, connection } = this.options;
    return (this.#waiters ??= new Waiters(connection.clock)).wait(
      timeout,
      request,
      () =>
        new MaxConnectionsError(
          `Cannot take a connection to ${connection}: all ${maxConnections} stayed in use for ${timeout} ms; ` +
            "release them sooner, or raise maxConnections or timeout",
          { code: "POOL_TIMEOUT", executed: "no" },
        ),
    );
  }

  /** Serves waiting callers. */
  protected override placeFreed(): void {
    // Serving can close a stale connection, which frees a place and calls this again. No caller is served twice.
    if (this.#serving || this.#waiters === undefined) return;
    this.#serving = true;
    const waiters = this.#waiters;
    while (waiters.size > 0 && this.available && waiters.serve((request) => this.take(request)));
    this.#serving = false;
  }

  /** Ends all waiting. */
  protected override refuseWaiters(error: Error): void {
    this.#waiters?.rejectAll(error);
  }
}
