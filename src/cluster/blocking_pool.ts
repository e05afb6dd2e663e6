/**
 * The pool of a cluster that waits at its limit.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { MaxConnectionsError } from "../errors.ts";
import {
  type BlockingClusterPoolOptions,
  resolveBlockingClusterOptions,
  type ResolvedClusterOptions,
  type Seed,
} from "../options.ts";
import type { AcquireOptions } from "../pool/pool.ts";
import { Waiters, type WaitOptions } from "../pool/waiters.ts";
import type { NodePool } from "./node_pool.ts";
import { ClusterConnectionPool } from "./pool.ts";

/** What waits for a place: for which node. */
interface NodeWait extends WaitOptions {
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

  /** @inheritdoc */
  protected override resolve(
    options: string | URL | readonly Seed[] | BlockingClusterPoolOptions | ResolvedClusterOptions,
    over?: BlockingClusterPoolOptions,
  ): ResolvedClusterOptions {
    return resolveBlockingClusterOptions(options, over);
  }

  /** @inheritdoc */
  protected override get waiting(): number {
    return this.#waiters.size;
  }

  /** @inheritdoc */
  protected override atLimit(pool: NodePool, options: AcquireOptions): Promise<Connection> {
    const { timeout = 0 } = this.options.node;
    return this.#waiters.wait(timeout, { ...options, pool }, () =>
      new MaxConnectionsError(
        `Cannot take a connection to ${pool.options.connection}: there was no place for ${timeout} ms`,
        { code: "POOL_TIMEOUT", executed: "no" },
      ));
  }

  /** @inheritdoc */
  protected override placeFreed(): void {
    while (
      this.#waiters?.serve((options) => options.pool.serve(options))
    ) { /* while there is something to give */ }
  }

  /** @inheritdoc */
  protected override refuseWaiters(error: Error): void {
    this.#waiters.rejectAll(error);
  }
}
