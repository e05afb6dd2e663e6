/**
 * The connections to one node of a cluster: a pool that shares its limit with those of the other nodes.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import type { ConnectionClass, ResolvedConnectionOptions, ResolvedPoolOptions } from "../options.ts";
import { type AcquireOptions, ConnectionPool } from "../pool/pool.ts";
import type { Arg } from "../resp/types.ts";

/** What the pools of a cluster's nodes share. */
export interface PoolGroup {
  /** The class of connections where the options name none. */
  readonly connectionClass: ConnectionClass<Connection>;
  /** Whether one more connection may be opened, to whichever node; may close an idle one elsewhere to make it so. */
  makePlace(pool: NodePool): boolean;
  /** What `acquire` does when there is no place. */
  atLimit(pool: NodePool, options: AcquireOptions): Promise<Connection>;
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

  /** @inheritdoc */
  override makeConnection(): Connection {
    const base = (this.options.connectionClass ?? this.#group.connectionClass) as MadeClass;
    const made = this.readonly ? readingReplicas(base) : base;
    return new made(this.options.connection);
  }

  /** An idle connection, or one that is being opened if there is a place; for those who have waited. */
  serve(options: AcquireOptions): Connection | Promise<Connection> | undefined {
    return this.tryAcquire() ?? (this.hasPlace ? this.open(options) : undefined);
  }

  /** Closes an idle connection, so that another node may have its place; tells whether there was one. */
  dropIdle(): boolean {
    const idle = this.tryAcquire();
    idle?.disconnect();
    return idle !== undefined;
  }

  /** @inheritdoc */
  protected override get hasPlace(): boolean {
    return super.hasPlace && this.#group.makePlace(this);
  }

  /** @inheritdoc */
  protected override atLimit(options: AcquireOptions): Promise<Connection> {
    return this.#group.atLimit(this, options);
  }

  /** @inheritdoc */
  protected override placeFreed(): void {
    this.#group?.placeFreed();
  }
}
