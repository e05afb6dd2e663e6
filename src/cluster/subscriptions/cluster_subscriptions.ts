/**
 * The subscriptions of a cluster. Channels and patterns are on any node, because nodes forward messages to each
 * other. Shard channels are on the master of their slot.
 *
 * @module
 */
import { runSoon } from "../../clock.ts";
import type { ReconnectingConnection } from "../../client/connections/reconnecting_connection.ts";
import type { SubscriptionKind, SubscriptionRouter } from "../../client/pubsub/subscription_router.ts";
import { DedicatedSubscriptionConnection } from "../../client/pubsub/dedicated_subscription_connection.ts";
import { standaloneSubscriptions } from "../../client/pubsub/standalone_subscriptions.ts";
import type { ConnectionEvents, TypedEventTarget } from "../../events.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import type { ClusterConnectionPool } from "../connections/pool.ts";
import { recordRedirection } from "../redirection/record_redirection.ts";
import { redirectionOf } from "../redirection/redirection.ts";
import { ClusterSubscriptionConnection, type Route } from "./cluster_subscription_connection.ts";
import { slotOf } from "../routing/slot.ts";

/** The subscriptions of all clients of one cluster's pool that multiplex, or of all that do not. */
export class ClusterSubscriptions implements SubscriptionRouter {
  /** @inheritdoc */
  readonly options: ResolvedConnectionOptions;
  /** @inheritdoc */
  readonly events: TypedEventTarget<ConnectionEvents>;
  readonly #state: ClusterState;
  readonly #multiplex: boolean;
  /** The connection of all channels and patterns. */
  readonly #common: ClusterSubscriptionConnection;
  /** The connections of shard channels, by the master of their slot; `undefined`: unknown master. */
  readonly #shards: Map<ClusterNode | undefined, ClusterSubscriptionConnection> = new Map();
  /** The connections of single subscriptions in use. */
  readonly #private: Set<ClusterSubscriptionConnection> = new Set();
  readonly #listeners: Set<() => void> = new Set();
  #scheduled = false;

  /** Uses the nodes of a pool; without `multiplex` with dedicated connections. */
  constructor(pool: ClusterConnectionPool, multiplex: boolean) {
    this.#state = pool.state;
    this.#multiplex = multiplex;
    this.options = pool.options.connection;
    this.events = pool.state.events;
    this.#common = new ClusterSubscriptionConnection(this.#state, this.#route(anyNode(this.#state)));
    // As long as the pool: nothing is done unless there are subscriptions.
    this.#state.listen({
      discovered: () => this.#moved(),
      failed: () => false,
      rearranged: (_slots, refreshed) => {
        // MOVED names the node of a single slot.
        if (refreshed) this.#move();
      },
    });
    pool.beforeClose(() => {
      for (const reconnecting of [this.#common, ...this.#shards.values(), ...this.#private]) {
        reconnecting.end();
      }
      return Promise.resolve();
    });
  }

  /** @inheritdoc */
  connectionFor(kind: SubscriptionKind, channel: string | Uint8Array): ReconnectingConnection {
    if (kind !== "shard") return this.#common;
    const master = this.#state.topology.masterOf(slotOf(channel));
    let reconnecting = this.#shards.get(master);
    if (reconnecting === undefined) {
      reconnecting = new ClusterSubscriptionConnection(this.#state, this.#route(() => master));
      this.#shards.set(master, reconnecting);
    }
    return reconnecting;
  }

  /** @inheritdoc */
  dedicatedConnectionFor(kind: SubscriptionKind, channel: string | Uint8Array): ReconnectingConnection {
    const slot = kind === "shard" ? slotOf(channel) : undefined;
    const pick = slot === undefined ? anyNode(this.#state) : () => this.#state.topology.masterOf(slot);
    return new PrivateSubscriptionConnection(this.#state, {
      pick,
      connectionTo: (node) => new DedicatedSubscriptionConnection(node.pool),
    }, this.#private);
  }

  /** @inheritdoc */
  groupOf(kind: SubscriptionKind, channel: string | Uint8Array): number {
    return kind === "shard" ? slotOf(channel) : 0;
  }

  /** @inheritdoc */
  misplaced(channel: string | Uint8Array, error: Error | undefined): void {
    const state = this.#state;
    const redirection = redirectionOf(error);
    if (redirection?.kind === "moved") {
      recordRedirection(state, redirection, state.topology.masterOf(slotOf(channel)));
      this.#moved();
    } else if (error === undefined) state.refresher.request("moved");
    // The node may be cut off from the others, which have elected another master.
    else if (redirection?.kind === "retry" && redirection.refresh) state.refresher.request("down");
  }

  /** @inheritdoc */
  onMoved(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #route(pick: Route["pick"]): Route {
    return {
      pick,
      connectionTo: (node) =>
        standaloneSubscriptions(node.pool, node.shared, this.#multiplex).connectionFor("channel", ""),
    };
  }

  /** Runs once for all changes of a tick. */
  #moved(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    runSoon(() => {
      this.#scheduled = false;
      this.#move();
    });
  }

  #move(): void {
    this.#common.check();
    for (const reconnecting of this.#private) reconnecting.check();
    for (const listener of this.#listeners) listener();
    // The subscriptions have moved, so the connection is not needed and is created again on demand.
    const masters = new Set<ClusterNode | undefined>(this.#state.topology.byRole("master"));
    for (const master of [...this.#shards.keys()]) if (!masters.has(master)) this.#shards.delete(master);
  }
}

/** The connection of one subscription. It follows changes of the topology while it is in use. */
class PrivateSubscriptionConnection extends ClusterSubscriptionConnection {
  readonly #connections: Set<ClusterSubscriptionConnection>;

  constructor(state: ClusterState, route: Route, connections: Set<ClusterSubscriptionConnection>) {
    super(state, route);
    this.#connections = connections;
  }

  override ensureConnected(): void {
    this.#connections.add(this);
    super.ensureConnected();
  }

  override releaseIfUnused(): void {
    this.#connections.delete(this);
    super.releaseIfUnused();
  }
}

/** Stays on a node as long as it can be reached; else goes to another that is well, if there is one. */
function anyNode(state: ClusterState): Route["pick"] {
  return (current, lost) => {
    const nodes = state.topology.refreshes === 0 ? [] : state.topology.nodes();
    const well = nodes.filter(({ health }) => health === "online");
    if (!lost && current !== undefined && well.includes(current)) return current;
    const others = well.filter((node) => node !== current && !state.isSilent(node));
    const usable = others.filter(({ usable }) => usable);
    const masters = others.filter(({ role }) => role === "master");
    const choice = [usable, masters, others, nodes].find(({ length }) => length > 0);
    return choice?.[Math.floor(state.options.connection.clock.random() * choice.length)];
  };
}

const homes: WeakMap<ClusterConnectionPool, Map<boolean, ClusterSubscriptions>> = new WeakMap();

/** Returns the router of a pool: one for all clients that multiplex, and one for the others. */
export function clusterSubscriptions(pool: ClusterConnectionPool, multiplex: boolean): ClusterSubscriptions {
  let known = homes.get(pool);
  if (known === undefined) homes.set(pool, known = new Map());
  let router = known.get(multiplex);
  if (router === undefined) known.set(multiplex, router = new ClusterSubscriptions(pool, multiplex));
  return router;
}
