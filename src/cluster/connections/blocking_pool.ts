/**
 * The pool of a cluster that waits at its limit.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import { MaxConnectionsError } from "../../errors.ts";
import type { Request } from "../../pool/leases.ts";
import { Waiters } from "../../pool/waiters.ts";
import type { Seed } from "../../topology/server_address.ts";
import type { NodePool } from "./node_pool.ts";
import { resolveBlockingClusterOptions } from "../options/options.ts";
import type { BlockingClusterPoolOptions } from "../options/types.ts";
import { ClusterConnectionPool } from "./pool.ts";
import type { ResolvedClusterOptions } from "../options/resolved.ts";

/** A caller that waits for a connection to a node. */
interface NodeWait extends Request {
  readonly pool: NodePool;
}

/**
 * A pool of connections to the nodes of a cluster whose `acquire...` wait at the limit, in order, up to `timeout`.
 *
 * @example
 * ```ts
 * import { BlockingClusterConnectionPool } from "@keywire/redis";
 *
 * await using pool = new BlockingClusterConnectionPool([{ host: "localhost", port: 7000 }], { maxConnections: 50 });
 * using connection = await pool.acquireRandom({ signal: AbortSignal.timeout(500) });
 * ```
 */
export class BlockingClusterConnectionPool extends ClusterConnectionPool {
  readonly #waiters: Waiters<Connection, NodeWait>;
  #serving = false;

  /** Makes a pool; see {@linkcode BlockingClusterPoolOptions}. */
  constructor(
    options: string | URL | readonly Seed[] | BlockingClusterPoolOptions | ResolvedClusterOptions = {},
    over?: BlockingClusterPoolOptions,
  ) {
    super(options, over);
    this.#waiters = new Waiters(this.options.connection.clock);
  }

  /** A pool for a URL; the options go over it. The same as `new BlockingClusterConnectionPool(url, options)`. */
  static override fromUrl(
    url: string | URL,
    options?: BlockingClusterPoolOptions,
  ): BlockingClusterConnectionPool {
    return new this(url, options);
  }

  /** Resolves the options. */
  protected override resolve(
    options: string | URL | readonly Seed[] | BlockingClusterPoolOptions | ResolvedClusterOptions,
    over?: BlockingClusterPoolOptions,
  ): ResolvedClusterOptions {
    return resolveBlockingClusterOptions(options, over);
  }

  /** Calls of `acquire...` that wait. */
  protected override get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for a place, in order.
   *
   * @internal
   */
  protected override atLimit(pool: NodePool, options: Request): Promise<Connection> {
    const { timeout = 0 } = this.options.node;
    return this.#waiters.wait(timeout, { ...options, pool }, () =>
      new MaxConnectionsError(
        `Cannot take a connection to ${pool.options.connection}: there was no place for ${timeout} ms`,
        { code: "POOL_TIMEOUT", executed: "no" },
      ));
  }

  /** Serves waiting callers. */
  protected override placeFreed(): void {
    // Serving can close a stale connection, which frees a place and calls this again. No caller is served twice.
    if (this.#serving) return;
    this.#serving = true;
    while (this.#waiters?.serve((request) => request.pool.serve(request)));
    this.#serving = false;
  }

  /** Ends all waiting. */
  protected override refuseWaiters(error: Error): void {
    this.#waiters.rejectAll(error);
  }
}
