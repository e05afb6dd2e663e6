/**
 * The pool of a cluster that fails at its limit: connections to all nodes, under limits in all and for each.
 *
 * @module
 */
import type { CloseOptions } from "../../pool/stats.ts";
import { Connection } from "../../connection/connection.ts";
import { ClusterError, RedisError } from "../../errors.ts";
import { closedError, limitError } from "./pool_errors.ts";
import { type ConnectionClass, type ResolvedPoolOptions, resolvePoolOptions } from "../../options.ts";
import type { Observer } from "../../observer.ts";
import type { AcquireOptions, PoolStats } from "../../pool/pool.ts";
import type { Transport } from "../../transport.ts";
import { formatAddress, type Seed, type ServerAddress } from "../../topology/server_address.ts";
import { awaitTopology } from "../topology/await_topology.ts";
import { ClusterState } from "../topology/cluster_state.ts";
import { acquireForSlot } from "./dedicated_connection.ts";
import type { ClusterNode } from "../topology/node.ts";
import { NodePool, type PoolGroup } from "./node_pool.ts";
import { NodePools } from "./node_pools.ts";
import { resolveClusterOptions } from "../options/options.ts";
import type { ClusterPoolOptions } from "../options/types.ts";
import { explainRedirection } from "../redirection/redirect_hints.ts";
import type { ResolvedClusterOptions } from "../options/resolved.ts";
import { NO_KEY } from "../routing/route.ts";
import { SLOTS } from "../routing/slot.ts";
import type { Topology } from "../topology/topology.ts";

/** The present numbers of a cluster's pool, in total and by node. */
export interface ClusterPoolStats extends PoolStats {
  /** The numbers by address, for each node that has had a connection. */
  readonly nodes: Readonly<Record<string, PoolStats>>;
}

/** The options of `acquireBySlot()`. */
export interface AcquireBySlotOptions extends AcquireOptions {
  /** Whether the connection is for reading only, so that `readFrom` selects the node. Default `false`: the master. */
  readonly readOnly?: boolean;
}

/**
 * A pool of connections to the nodes of a cluster that refuses at its limit, at once.
 *
 * @example
 * ```ts
 * import { ClusterConnectionPool } from "@keywire/redis";
 *
 * await using pool = new ClusterConnectionPool([{ host: "localhost", port: 7000 }], { maxConnectionsPerNode: true });
 * using connection = await pool.acquireBySlot(0);
 * await connection.send(["PING"]); // "PONG"
 * ```
 */
export class ClusterConnectionPool {
  /** The transport for options that name none; the package's entry point sets it in its own class. */
  static readonly transport: Transport | undefined = undefined;
  /** The default observer. Set by a subclass. */
  static readonly observer: Observer | undefined = undefined;
  /** The class of connections where the options name none. */
  static readonly connectionClass: ConnectionClass<Connection> = Connection;

  /** The options: complete, frozen, and without secrets when printed. */
  readonly options: ResolvedClusterOptions;
  /**
   * The nodes and the topology, for clients.
   *
   * @internal
   */
  readonly state: ClusterState;
  readonly #pools: NodePools = new NodePools();
  readonly #homes: WeakMap<Connection, NodePool> = new WeakMap();
  /** Aborted when the pool is closed: the end of all timers, queries and connects of its own. */
  readonly #life: AbortController = new AbortController();
  readonly #closers: Set<() => Promise<void>> = new Set();
  #makingPlace = false;
  #keepsProcess = true;
  #closed = false;
  #closing: Promise<void> | undefined = undefined;

  /**
   * Makes a pool; it connects when a connection is first needed. Options are seeds, a URL, an object, or one of
   * the first two with an object over it.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  constructor(
    options: string | URL | readonly Seed[] | ClusterPoolOptions | ResolvedClusterOptions = {},
    over?: ClusterPoolOptions,
  ) {
    const { connectionClass } = new.target;
    const given = this.resolve(options, over);
    const { transport = new.target.transport, observer = new.target.observer } = given.connection;
    const same = transport === given.connection.transport && observer === given.connection.observer;
    this.options = same ? given : this.resolve(given, { transport, observer });
    const group: Omit<PoolGroup, "explain"> = {
      connectionClass,
      makePlace: (pool) => this.#makePlace(pool),
      roomy: () => (this.#pools.connections + 1) * 2 <= this.options.maxConnections,
      atLimit: (pool, wanted) => this.atLimit(pool, wanted),
      placeFreed: () => {
        if (!this.#makingPlace) this.placeFreed();
      },
    };
    this.state = new ClusterState(
      this.options,
      (node) => this.#makePool(node, group),
      (pool) => this.#closePool(pool),
      this.#life.signal,
    );
  }

  /** A pool for a URL; the options go over it. The same as `new ClusterConnectionPool(url, options)`. */
  static fromUrl(url: string | URL, options?: ClusterPoolOptions): ClusterConnectionPool {
    return new this(url, options);
  }

  /** Resolves the options. Subclasses with further options override it. */
  protected resolve(
    options: string | URL | readonly Seed[] | ClusterPoolOptions | ResolvedClusterOptions,
    over?: ClusterPoolOptions,
  ): ResolvedClusterOptions {
    return resolveClusterOptions(options, over);
  }

  /** The known nodes, their roles and their slots. */
  get topology(): Topology {
    return this.state.topology;
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Discovers the nodes and their slots now, instead of on first use.
   *
   * @throws {ClusterError} if no node replies, or if slots have no node.
   */
  async connect(): Promise<void> {
    if (this.closed) throw closedError();
    await this.state.start();
  }

  /** Refreshes the topology now. During a refresh, starts another one after it. */
  async refresh(): Promise<void> {
    if (this.closed) throw closedError();
    await this.state.refresher.anew("asked");
  }

  /**
   * Takes a connection to a node for exclusive use, until it is released or disposed of.
   *
   * @throws {MaxConnectionsError} at once, when there may be no more connections, in all or to this node.
   * @throws {ClusterError} for a node that is not part of the cluster.
   * @throws {ConnectionError | TimeoutError | AuthenticationError} when none can be opened.
   */
  async acquireByNode(node: ServerAddress, options: AcquireOptions = {}): Promise<Connection> {
    await this.#ready(options);
    const known = this.state.find(node);
    if (known !== undefined) return await this.#acquire(known, options);
    throw new ClusterError(
      `Cannot take a connection to ${formatAddress(node)}: it is no node of the cluster`,
      {
        code: "NO_NODE",
        executed: "no",
      },
    );
  }

  /**
   * Acquires a connection to the node of a slot, for exclusive use. If the master is unreachable, waits for it or its
   * successor up to `commandTimeout`.
   *
   * @throws {RangeError} for a slot that is not an integer from 0 to 16,383.
   * @throws {ClusterError} if the slot has no node.
   * @throws the errors of {@linkcode acquireByNode}.
   */
  async acquireBySlot(slot: number, options: AcquireBySlotOptions = {}): Promise<Connection> {
    if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS) {
      throw new RangeError(`Cannot take a connection for the slot ${slot}: slots go from 0 to ${SLOTS - 1}`);
    }
    return await this.#seek(slot, options, options.readOnly === true);
  }

  /** Takes a connection to some node, for exclusive use; to another one where the first cannot be reached. */
  async acquireRandom(options: AcquireOptions = {}): Promise<Connection> {
    return await this.#seek(NO_KEY, options, false);
  }

  /**
   * Takes a connection back.
   *
   * @throws {RedisError} with code `NOT_LEASED` if this pool has not leased the connection, or it was already released.
   * Releasing a lost connection again does nothing.
   */
  release(connection: Connection): void {
    const home = this.#homes.get(connection);
    if (home !== undefined) return home.release(connection);
    throw new RedisError("Cannot release a connection that this pool has not lent", {
      code: "NOT_LEASED",
      executed: "no",
    });
  }

  /** Returns the present numbers of the pool. */
  stats(): ClusterPoolStats {
    const nodes: Record<string, PoolStats> = {};
    for (const node of this.topology.nodes()) {
      const stats = node.openedPool?.stats();
      if (stats !== undefined) nodes[node.toString()] = stats;
    }
    const { maxConnections, node } = this.options;
    const { waiting } = this;
    const { leases, ...sum } = this.#pools.stats();
    return { ...sum, waiting, max: maxConnections, ...node.trackLeases && { leases }, nodes };
  }

  /** Returns the statistics as text, by node: the leases, their durations, and with `trackLeases` their stacks. */
  explain(): string {
    return [...this.#pools].map((pool) => `${pool.options.connection}: ${pool.explain()}`).join("\n");
  }

  /**
   * Closes idle connections, and with `inUse` (default) also leased ones, whose holders get a `ConnectionError`. `cause` is
   * the reason that commands reject with.
   */
  disconnect(options: { readonly inUse?: boolean; readonly cause?: Error } = {}): void {
    for (const pool of this.#pools) pool.disconnect(options);
  }

  /**
   * Lets the process end although connections of the pool are open. They have no health checks until `ref()`, and the
   * topology is refreshed only while the process lives.
   */
  unref(): void {
    this.#keepProcess(false);
  }

  /** Keeps the process alive while a connection is open: the default. */
  ref(): void {
    this.#keepProcess(true);
  }

  /** Does what `disconnect()` does, and counts from zero. */
  reset(): void {
    this.#pools.reset();
  }

  /** Calls `closer` when the pool starts to close. Returns a function that removes it. */
  beforeClose(closer: () => Promise<void>): () => void {
    this.#closers.add(closer);
    return () => this.#closers.delete(closer);
  }

  /**
   * Closes the pool: rejects new leases, ends blocking commands, waits for current leases up to `closeGrace`, then
   * closes all connections. With `force` it closes all connections now. Never rejects.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const pools = options.force ? [...this.#pools] : [];
    this.#closing ??= this.#close(options);
    return Promise.all([this.#closing, ...pools.map((pool) => pool.close(options))]).then(() => {});
  }

  /** Closes the pool. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Calls of `acquire...` that wait; a pool that waits overrides it. */
  protected get waiting(): number {
    return 0;
  }

  /**
   * Called by `acquire...` at the limit. The blocking pool overrides it.
   *
   * @internal
   */
  protected atLimit(pool: NodePool, _options: AcquireOptions): Promise<Connection> {
    return Promise.reject(limitError(pool, this.options.maxConnections));
  }

  /** A place or an idle connection has become free; a pool that waits serves its waiters. */
  protected placeFreed(): void {}

  /** Ends all waiting; a pool that waits overrides it. */
  protected refuseWaiters(_error: Error): void {}

  #keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    this.state.background.keepProcess(alive);
    for (const pool of this.#pools) {
      if (alive) pool.ref();
      else pool.unref();
    }
  }

  #makePool(node: ClusterNode, group: Omit<PoolGroup, "explain">): NodePool {
    const { connection, maxConnectionsPerNode } = this.options;
    const { host, port, serverName } = node;
    const named = connection.tls !== undefined && connection.tls.serverName === undefined &&
      serverName !== undefined;
    const over = { host, port, maxConnections: maxConnectionsPerNode };
    const options: ResolvedPoolOptions = resolvePoolOptions(this.options.node, {
      ...over,
      ...named && { tls: { serverName } },
    });
    const pool = new NodePool(options, {
      ...group,
      explain: (error) => explainRedirection(this.state, node, error),
    });
    pool.readonly = node.role === "replica" && this.options.readFrom !== "master";
    // A lost lease says as much about the node as a lost shared connection.
    pool.addEventListener("closed", ({ detail }) => {
      if (detail.cause !== undefined && !this.#closed) this.state.lost();
    });
    if (!this.#keepsProcess) pool.unref();
    this.#pools.add(pool);
    // The pool itself rejects later calls.
    if (this.#closed) pool.close();
    return pool;
  }

  /** A node has left: its share of the limit is free when the last of its connections has gone. */
  async #closePool(pool: NodePool): Promise<void> {
    await pool.close();
    if (this.#pools.retire(pool)) this.placeFreed();
  }

  async #seek(
    slot: number,
    { signal, retry = true }: AcquireOptions,
    readonly: boolean,
  ): Promise<Connection> {
    const { retry: policy } = this.options.connection;
    const timeout = await this.#ready({ signal });
    const call = { mode: 0, timeout, signal, retry: retry ? policy : { ...policy, attempts: 0 } };
    const { node, connection } = await acquireForSlot(this.state, slot, call, readonly);
    this.#homes.set(connection, node.pool);
    return connection;
  }

  /** Waits for the topology. Returns the rest of `commandTimeout`. */
  async #ready({ signal }: AcquireOptions): Promise<number> {
    if (this.closed) throw closedError();
    const { commandTimeout: timeout } = this.options.connection;
    return (await awaitTopology(this.state, "Taking a connection", { timeout, signal })).timeout;
  }

  async #acquire(node: ClusterNode, options: AcquireOptions): Promise<Connection> {
    const connection = await node.pool.acquire(options);
    this.#homes.set(connection, node.pool);
    return connection;
  }

  /** Whether one more may be opened; an idle one of another node makes place. */
  #makePlace(wanting: NodePool): boolean {
    if (this.#pools.connections < this.options.maxConnections) return true;
    // The place that becomes free is taken already.
    this.#makingPlace = true;
    try {
      for (const pool of this.#pools) if (pool !== wanting && pool.dropIdle()) return true;
      return false;
    } finally {
      this.#makingPlace = false;
    }
  }

  async #close(options: CloseOptions): Promise<void> {
    // First, so that listeners find the pool closed.
    this.#closed = true;
    this.#life.abort(closedError());
    this.refuseWaiters(closedError());
    await Promise.allSettled([
      ...[...this.#closers].map(async (closer) => await closer()),
      ...[...this.#pools].map((pool) => pool.close(options)),
    ]);
    this.#pools.clear();
  }
}
