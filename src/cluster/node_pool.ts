/**
 * The connections to one node of a cluster: a pool that shares its limit with those of the other nodes.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import type { ConnectionClass, ResolvedConnectionOptions, ResolvedPoolOptions } from "../options.ts";
import type { Request } from "../pool/leases.ts";
import { ConnectionPool } from "../pool/pool.ts";
import type { Arg } from "../resp/types.ts";

/** What the pools of a cluster's nodes share. */
export interface PoolGroup {
  /** The class of connections where the options name none. */
  readonly connectionClass: ConnectionClass<Connection>;
  /** Whether one more connection may be opened, to whichever node; may close an idle one elsewhere to make it so. */
  makePlace(pool: NodePool): boolean;
  /** What `acquire` does when there is no place. */
  atLimit(pool: NodePool, request: Request): Promise<Connection>;
  /** A place or an idle connection has become free. */
  placeFreed(): void;
}

type MadeClass = new (options: ResolvedConnectionOptions) => Connection;

const readers: WeakMap<MadeClass, MadeClass> = new WeakMap();

/** The class whose connections say READONLY in their handshake, so that a replica answers what they read. */
function readingReplicas(base: MadeClass): MadeClass {
  let made = readers.get(base);
  if (made === undefined) {
    made = class extends base {
      protected override setup(): readonly (readonly Arg[])[] {
        return [...super.setup(), ["READONLY"]];
      }
    };
    readers.set(base, made);
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

  /** Makes a connection, not yet connected. */
  override makeConnection(options: ResolvedConnectionOptions = this.options.connection): Connection {
    const base = (this.options.connectionClass ?? this.#group.connectionClass) as MadeClass;
    const made = this.readonly ? readingReplicas(base) : base;
    return new made(options);
  }

  /** An idle connection, or one that is being opened if there is a place; for those who have waited. */
  serve(request: Request): Connection | Promise<Connection> | undefined {
    return this.take(request);
  }

  /** Closes an idle connection, so that another node may have its place; tells whether there was one. */
  dropIdle(): boolean {
    const idle = this.tryAcquire();
    idle?.disconnect();
    return idle !== undefined;
  }

  /** Whether the cluster as a whole may have one more. */
  protected override mayOpen(): boolean {
    return this.#group.makePlace(this);
  }

  /** What the cluster's pool does at its limit. */
  protected override atLimit(request: Request): Promise<Connection> {
    return this.#group.atLimit(this, request);
  }

  /** Tells the cluster's pool. */
  protected override placeFreed(): void {
    this.#group?.placeFreed();
  }
}
