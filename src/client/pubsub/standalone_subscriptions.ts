/**
 * The subscriptions of a client of one server, or of the master of a sentinel.
 *
 * @module
 */
import type { ConnectionEvents, TypedEventTarget } from "../../events.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import { Attachment } from "../connections/attachment.ts";
import type { ReconnectingConnection } from "../connections/reconnecting_connection.ts";
import type { MultiplexedConnection } from "../connections/multiplexed_connection.ts";
import { loadedPubSub } from "./load_pubsub.ts";
import type { SubscriptionRouter } from "./subscription_router.ts";

/** All subscriptions on one connection: the shared one, or, where that cannot be, one of their own. */
export class StandaloneSubscriptions implements SubscriptionRouter {
  /** @inheritdoc */
  readonly options: ResolvedConnectionOptions;
  readonly #pool: ConnectionPool;
  readonly #shared: MultiplexedConnection;
  readonly #multiplex: boolean;
  #reconnecting: ReconnectingConnection | undefined = undefined;

  /** Uses a pool and its shared connection. Without `multiplex` subscriptions have a dedicated connection. */
  constructor(pool: ConnectionPool, shared: MultiplexedConnection, multiplex: boolean) {
    this.#pool = pool;
    this.#shared = shared;
    this.#multiplex = multiplex;
    this.options = pool.options.connection;
  }

  /** @inheritdoc */
  get events(): TypedEventTarget<ConnectionEvents> {
    return this.#shared.events;
  }

  /** @inheritdoc */
  connectionFor(): ReconnectingConnection {
    return this.#reconnecting ??= this.#connect();
  }

  /** @inheritdoc */
  dedicatedConnectionFor(): ReconnectingConnection {
    // Only these modules ask for connections, so they are loaded.
    const { DedicatedSubscriptionConnection } = loadedPubSub()!;
    return new DedicatedSubscriptionConnection(this.#pool);
  }

  #connect(): ReconnectingConnection {
    const own = this.dedicatedConnectionFor();
    // Pinned to RESP2 there is no question, and no shared connection need be opened to answer it.
    if (this.options.protocol === 2 || !this.#multiplex) return own;
    const { ProtocolSubscriptionConnection } = loadedPubSub()!;
    return new ProtocolSubscriptionConnection(this.#shared, own);
  }
}

const routers: Attachment<
  MultiplexedConnection,
  { readonly shared?: SubscriptionRouter; readonly apart?: SubscriptionRouter }
> = /* @__PURE__ */ new Attachment();

/**
 * Returns the router of a shared connection: one for all clients of the pool that multiplex, and one for the others.
 */
export function standaloneSubscriptions(
  pool: ConnectionPool,
  reconnecting: MultiplexedConnection,
  multiplex: boolean,
): SubscriptionRouter {
  const known = routers.get(reconnecting);
  const found = multiplex ? known?.shared : known?.apart;
  if (found !== undefined) return found;
  const router = new StandaloneSubscriptions(pool, reconnecting, multiplex);
  routers.set(reconnecting, { ...known, ...multiplex ? { shared: router } : { apart: router } });
  return router;
}
