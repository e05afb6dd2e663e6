/**
 * Where subscriptions live with a single server, or with the master that sentinels name.
 *
 * @module
 */
import type { ConnectionEvents, TypedEventTarget } from "../../events.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import type { ReconnectingConnection } from "../connections/reconnecting_connection.ts";
import type { MultiplexedConnection } from "../connections/multiplexed_connection.ts";
import { ProtocolSubscriptionConnection } from "./protocol_subscription_connection.ts";
import type { SubscriptionHome } from "./subscription_router.ts";
import { DedicatedSubscriptionConnection } from "./dedicated_subscription_connection.ts";

/** All subscriptions on one lane: the shared one, or, where that cannot be, one of their own. */
export class StandaloneSubscriptions implements SubscriptionHome {
  /** @inheritdoc */
  readonly options: ResolvedConnectionOptions;
  /** @inheritdoc */
  readonly events: TypedEventTarget<ConnectionEvents>;
  readonly #pool: ConnectionPool;
  readonly #lane: ReconnectingConnection;

  /** Over a pool and the lane that all commands share; without `multiplex` there is none to share. */
  constructor(pool: ConnectionPool, shared: MultiplexedConnection, multiplex: boolean) {
    this.#pool = pool;
    this.options = pool.options.connection;
    this.events = shared.events;
    const own = new DedicatedSubscriptionConnection(pool);
    // Pinned to RESP2 there is no question, and no shared connection need be opened to answer it.
    this.#lane = this.options.protocol === 2 || !multiplex
      ? own
      : new ProtocolSubscriptionConnection(shared, own);
  }

  /** @inheritdoc */
  lane(): ReconnectingConnection {
    return this.#lane;
  }

  /** @inheritdoc */
  privateLane(): ReconnectingConnection {
    return new DedicatedSubscriptionConnection(this.#pool);
  }
}

const homes: WeakMap<
  MultiplexedConnection,
  { readonly shared?: SubscriptionHome; readonly apart?: SubscriptionHome }
> = new WeakMap();

/** The home on a lane: one for all clients of the pool that multiplex, and one for those that do not. */
export function homeOn(
  pool: ConnectionPool,
  lane: MultiplexedConnection,
  multiplex: boolean,
): SubscriptionHome {
  const known = homes.get(lane);
  const found = multiplex ? known?.shared : known?.apart;
  if (found !== undefined) return found;
  const home = new StandaloneSubscriptions(pool, lane, multiplex);
  homes.set(lane, { ...known, ...multiplex ? { shared: home } : { apart: home } });
  return home;
}
