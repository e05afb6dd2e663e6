/**
 * The connections to one node of a cluster: a pool that shares its limit with the pools of the other nodes.
 *
 * @module
 */
import type { Connection, ConnectOptions, SendOptions } from "../../connection/connection.ts";
import { notConnected } from "../../connection/failures.ts";
import type { Sendable } from "../../connection/pending.ts";
import { ReplyError } from "../../errors.ts";
import type { ConnectionClass, ResolvedConnectionOptions, ResolvedPoolOptions } from "../../options.ts";
import type { Request } from "../../pool/leases.ts";
import { ConnectionPool } from "../../pool/pool.ts";
import type { Arg } from "../../resp/types.ts";

/** The parts that the pools of a cluster's nodes share. */
export interface PoolGroup {
  /** The class of connections where the options name none. */
  readonly connectionClass: ConnectionClass<Connection>;
  /** Returns whether one more connection may be opened. May close an idle connection to another node. */
  makePlace(pool: NodePool): boolean;
  /** Whether at most half of the places of the cluster would be in use with one more connection. */
  readonly roomy: () => boolean;
  /** Called by `acquire` at the limit. */
  atLimit(pool: NodePool, request: Request): Promise<Connection>;
  /** A place or an idle connection has become free. */
  placeFreed(): void;
  /** Records a redirection and returns an error with a hint for the holder of the connection. */
  explain(this: void, error: ReplyError): ReplyError;
}

type MadeClass = new (options: ResolvedConnectionOptions) => Connection;

/** Adds a hint to the error of a redirection. */
type Explain = (error: ReplyError) => ReplyError;

/** A class of connections to nodes. */
type NodeClass = new (
  options: ResolvedConnectionOptions,
  pool: { readonly readonly: boolean },
  explain: Explain,
) => Connection;

const classes: WeakMap<MadeClass, NodeClass> = new WeakMap();

/**
 * The class of connections to nodes over a class of connections. They send READONLY in their handshake where the pool is
 * `readonly`, so that a replica serves reads. The node's role may change, or become known, during the handshake.
 */
function nodeClass(base: MadeClass): NodeClass {
  let made = classes.get(base);
  if (made === undefined) {
    made = class extends base {
      readonly #pool: { readonly readonly: boolean };
      readonly #explain: Explain;
      #readonly = false;

      constructor(
        options: ResolvedConnectionOptions,
        pool: { readonly readonly: boolean },
        explain: Explain,
      ) {
        super(options);
        this.#pool = pool;
        this.#explain = explain;
      }

      override async connect(options?: ConnectOptions): Promise<void> {
        await super.connect(options);
        try {
          while (this.#readonly !== this.#pool.readonly) {
            this.#readonly = this.#pool.readonly;
            const limits = { timeout: this.options.connectTimeout, signal: options?.signal };
            await this.send([this.#readonly ? "READONLY" : "READWRITE"], limits);
          }
        } catch (error) {
          this.disconnect();
          throw notConnected(error, this.address);
        }
      }

      protected override setup(): readonly (readonly Arg[])[] {
        this.#readonly = this.#pool.readonly;
        return this.#readonly ? [...super.setup(), ["READONLY"]] : super.setup();
      }

      override async execute(command: Sendable, options?: SendOptions): Promise<unknown> {
        try {
          return await super.execute(command, options);
        } catch (error) {
          throw error instanceof ReplyError ? this.#explain(error) : error;
        }
      }
    };
    // For users it is the class that they named.
    Object.defineProperty(made, "name", { value: base.name });
    classes.set(base, made);
  }
  return made;
}

/** A pool of connections to one node. */
export class NodePool extends ConnectionPool {
  /** Whether new connections are to read from a replica. */
  readonly = false;
  readonly #group: PoolGroup;

  /** Made by the cluster's pool. */
  constructor(options: ResolvedPoolOptions, group: PoolGroup) {
    super(options);
    this.#group = group;
  }

  /** @inheritdoc */
  override get roomy(): boolean {
    return super.roomy && this.#group.roomy();
  }

  /** Makes a connection, not yet connected. */
  override makeConnection(options: ResolvedConnectionOptions = this.options.connection): Connection {
    const base = (this.options.connectionClass ?? this.#group.connectionClass) as MadeClass;
    return new (nodeClass(base))(options, this, this.#group.explain);
  }

  /**
   * Opens a connection beside the pool, for internal queries. It counts against no limit. The caller disconnects it.
   */
  async openBeside(signal: AbortSignal): Promise<Connection> {
    const connection = this.makeConnection();
    await connection.connect({ signal, retry: false });
    return connection;
  }

  /** Returns an idle connection, or opens one if there is a place, for a caller that has waited. */
  serve(request: Request): Connection | Promise<Connection> | undefined {
    return this.take(request);
  }

  /** Closes an idle connection to free a place for another node. Returns whether there was one. */
  dropIdle(): boolean {
    const idle = this.tryAcquire();
    idle?.disconnect();
    return idle !== undefined;
  }

  /** Whether the cluster as a whole may have one more. */
  protected override mayOpen(): boolean {
    return this.#group.makePlace(this);
  }

  /** Waits or fails, as the cluster's pool does at its limit. */
  protected override atLimit(request: Request): Promise<Connection> {
    return this.#group.atLimit(this, request);
  }

  /** Reports a free place to the cluster's pool. */
  protected override placeFreed(): void {
    this.#group?.placeFreed();
  }
}
