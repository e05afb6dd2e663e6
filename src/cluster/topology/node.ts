/**
 * A node of a cluster: who it is, and the ways to it.
 *
 * @module
 */
import type { MultiplexedConnection } from "../../client/connections/multiplexed_connection.ts";
import { joinSharedConnection, leaveSharedConnection } from "../../client/standalone_executor.ts";
import type { Clock } from "../../clock.ts";
import type { Sender } from "../../connection/pending.ts";
import type { ReadTarget } from "../../topology/read_from.ts";
import { formatAddress, type ServerAddress } from "../../topology/server_address.ts";
import type { NodePool } from "../connections/node_pool.ts";

/** The role of a node; `"unknown"` is a startup node that no topology contains. */
export type NodeRole = "master" | "replica" | "unknown";

/** A node of a cluster. Nothing is opened to it before something is sent. */
export class ClusterNode implements ReadTarget {
  /** The reachable host. */
  readonly host: string;
  /** The reachable port. */
  readonly port: number;
  /** Its identity in the cluster, where that is known. */
  id: string | undefined = undefined;
  /** The role. */
  role: NodeRole = "unknown";
  /** The health, as other nodes see it. */
  health: "online" | "loading" | "fail" = "online";
  /** The availability zone as CLUSTER SHARDS or SLOTS announces it. */
  availabilityZone: string | undefined = undefined;
  /** Milliseconds that a PING took lately; measured for `readFrom: "nearest"` only. */
  latency: number | undefined = undefined;
  /**
   * Whether it owed replies and had sent nothing for too long when it was last checked.
   *
   * @internal
   */
  silent = false;
  /** The name for TLS, where it is another than the host. */
  serverName: string | undefined = undefined;
  /**
   * The sender of the client that sent the last command, to be used again.
   *
   * @internal
   */
  sender: Sender | undefined = undefined;
  readonly #makePool: (node: ClusterNode) => NodePool;
  readonly #opened: (node: ClusterNode) => void;
  readonly #configuredZone: string | undefined;
  #pool: NodePool | undefined = undefined;
  #shared: MultiplexedConnection | undefined = undefined;

  /**
   * `zone` is the configured zone. `opened` is called when the node gets its shared connection.
   *
   * @internal
   */
  constructor(
    { host, port }: ServerAddress,
    zone: string | undefined,
    makePool: (node: ClusterNode) => NodePool,
    opened: (node: ClusterNode) => void,
  ) {
    this.host = host;
    this.port = port;
    this.#configuredZone = zone;
    this.#makePool = makePool;
    this.#opened = opened;
  }

  /**
   * Its connections.
   *
   * @internal
   */
  get pool(): NodePool {
    return this.#pool ??= this.#makePool(this);
  }

  /**
   * Its connections, if there have ever been any.
   *
   * @internal
   */
  get openedPool(): NodePool | undefined {
    return this.#pool;
  }

  /**
   * The connection to it that all callers share.
   *
   * @internal
   */
  get shared(): MultiplexedConnection {
    return this.#shared ?? this.#open();
  }

  /**
   * The shared connection, if there has ever been one.
   *
   * @internal
   */
  get openedShared(): MultiplexedConnection | undefined {
    return this.#shared;
  }

  /** The availability zone: the configured one, otherwise the announced one. */
  get zone(): string | undefined {
    const known = this.#configuredZone ?? this.availabilityZone;
    if (known !== undefined) return known;
    const told = this.#shared?.connection?.server.availability_zone;
    return typeof told === "string" && told !== "" ? told : undefined;
  }

  /**
   * Whether a read that is sent now can be expected to arrive; a node without a shared connection may get one.
   *
   * @internal
   */
  get ready(): boolean {
    return this.health === "online" && !this.silent && (this.#shared === undefined || this.#shared.usable);
  }

  /**
   * Starts to reconnect.
   *
   * @internal
   */
  wake(): void {
    this.#shared?.ensureConnected();
  }

  /** Whether a command would go out to it now. */
  get usable(): boolean {
    return this.#shared !== undefined && this.#shared.usable;
  }

  /** Whether there is a connection to it that could be used now. */
  get connected(): boolean {
    return this.usable || (this.#pool !== undefined && this.#pool.stats().idle > 0);
  }

  /** Returns the milliseconds for which it has owed replies and sent nothing; 0 without pending replies. */
  silence(clock: Clock): number {
    const link = this.#shared?.connection?.link;
    return link === undefined || link.pending === 0 ? 0 : clock.now() - link.silentSince;
  }

  /** Its address. */
  toString(): string {
    return formatAddress(this);
  }

  /** Closes all its connections, including leased ones. */
  disconnect(cause: Error): void {
    this.#shared?.connection?.disconnect(cause);
    this.#pool?.disconnect();
  }

  /** Ends the shared connection; a new one is made when it is needed. */
  async closeShared(): Promise<void> {
    if (this.#shared === undefined) return;
    this.#shared = undefined;
    await leaveSharedConnection(this.pool);
  }

  #open(): MultiplexedConnection {
    const shared = this.#shared = joinSharedConnection(this.pool);
    this.#opened(this);
    return shared;
  }
}
