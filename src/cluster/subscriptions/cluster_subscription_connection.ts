/**
 * A connection that goes from node to node: to another one when its node is lost, or is not the right one any more.
 *
 * @module
 */
import { delayOf } from "../../backoff.ts";
import type {
  ReconnectingConnection,
  ReconnectingListener,
} from "../../client/connections/reconnecting_connection.ts";
import type { Timer } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Reply } from "../../resp/types.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";

/** The nodes of a subscription connection. */
export interface Route {
  /** The node to be on; `current` is the one it is on now, `lost` whether that cannot be reached. */
  pick(current: ClusterNode | undefined, lost: boolean): ClusterNode | undefined;
  /** The connection of a node. */
  connectionTo(node: ClusterNode): ReconnectingConnection;
}

/** Forwards the events of a connection to one node after another. */
export class ClusterSubscriptionConnection implements ReconnectingConnection {
  readonly #state: ClusterState;
  readonly #route: Route;
  #listeners: readonly ReconnectingListener[] = [];
  #node: ClusterNode | undefined = undefined;
  #reconnecting: ReconnectingConnection | undefined = undefined;
  #wanted = false;
  #ended = false;
  #connected = false;
  #leaving = false;
  #attempt = 0;
  #timer: Timer = undefined;

  /** Uses these nodes. It has no connection until one is needed. */
  constructor(state: ClusterState, route: Route) {
    this.#state = state;
    this.#route = route;
  }

  /** @inheritdoc */
  get connection(): Connection | undefined {
    return this.#reconnecting?.connection;
  }

  /** @inheritdoc */
  listen(listener: ReconnectingListener): void {
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener];
  }

  /** @inheritdoc */
  unlisten(listener: ReconnectingListener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  /** @inheritdoc */
  ensureConnected(): void {
    if (this.#ended) return;
    this.#wanted = true;
    // After a loss it reconnects on its own, also to another node.
    if (this.#timer !== undefined || this.#leaving) return;
    if (this.#reconnecting === undefined) this.#settle(false);
    else this.#reconnecting.ensureConnected();
  }

  /** @inheritdoc */
  releaseIfUnused(): void {
    if (this.#listeners.length > 0) return;
    this.#wanted = false;
    this.#leave();
  }

  /** Slots have moved, or nodes left: it may be on the wrong node. */
  check(): void {
    if (this.#wanted && this.#timer === undefined) this.#settle(false);
  }

  /** Called when the connection is closed for good. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#wanted = this.#connected = false;
    this.#leave();
    this.#tell((listener) => listener.closed?.());
  }

  /** Goes where it belongs. */
  #settle(lost: boolean): void {
    const node = this.#route.pick(this.#node, lost);
    if (node !== undefined && node === this.#node) return this.#reconnecting!.ensureConnected();
    this.#leave();
    if (node === undefined) return this.#discover();
    this.#node = node;
    const reconnecting = this.#reconnecting = this.#route.connectionTo(node);
    reconnecting.listen(this.#listener);
    if (reconnecting.connection === undefined) reconnecting.ensureConnected();
    else this.#listener.ready(reconnecting.connection);
  }

  /** Asks the nodes for the topology, because no node is known. */
  #discover(): void {
    const state = this.#state;
    if (state.topology.refreshes > 0) return this.#troubled(undefined);
    state.start().then(
      () => {
        if (this.#wanted && this.#reconnecting === undefined && this.#timer === undefined) {
          this.#troubled(undefined);
        }
      },
      (error) => this.#tell((listener) => listener.failed?.(error)),
    );
  }

  #leave(): void {
    this.#state.background.clear(this.#timer);
    this.#timer = undefined;
    const reconnecting = this.#reconnecting;
    this.#reconnecting = this.#node = undefined;
    if (reconnecting === undefined) return;
    reconnecting.unlisten(this.#listener);
    reconnecting.releaseIfUnused?.();
    if (!this.#connected) return;
    this.#connected = false;
    this.#leaving = true;
    this.#tell((listener) => listener.lost(undefined));
    this.#leaving = false;
  }

  /** Called when the node is unreachable: tries another one, at first immediately, then with a growing delay. */
  #troubled(cause: Error | undefined): void {
    this.#state.lost();
    if (!this.#wanted || this.#timer !== undefined) return;
    const { clock, reconnect } = this.#state.options.connection;
    const attempt = this.#attempt++;
    const delay = attempt === 0 ? 0 : delayOf(reconnect.backoff, attempt, clock);
    this.#timer = this.#state.background.set(() => {
      this.#timer = undefined;
      if (this.#wanted) this.#settle(true);
    }, delay);
    this.#tell((listener) => listener.retrying?.(cause));
  }

  #tell(tell: (listener: ReconnectingListener) => void): void {
    for (const listener of this.#listeners) tell(listener);
  }

  readonly #listener: ReconnectingListener = {
    ready: (connection) => {
      this.#attempt = 0;
      this.#connected = true;
      this.#state.background.clear(this.#timer);
      this.#timer = undefined;
      this.#tell((listener) => listener.ready(connection));
    },
    lost: (cause) => {
      this.#connected = false;
      this.#troubled(cause);
      this.#tell((listener) => listener.lost(cause));
    },
    push: (values: Reply[]) => {
      const listeners = this.#listeners;
      for (let index = 0; index < listeners.length; index++) listeners[index]!.push(values);
    },
    retrying: (cause) => this.#troubled(cause),
    failed: (error) => {
      // Refused for good: by this node as by all others.
      this.#tell((listener) => listener.failed?.(error));
    },
    closed: () => {
      // The node has left the cluster.
      const connected = this.#connected;
      this.#connected = false;
      this.#reconnecting?.unlisten(this.#listener);
      this.#reconnecting = this.#node = undefined;
      if (this.#wanted) this.#troubled(undefined);
      if (connected) this.#tell((listener) => listener.lost(undefined));
    },
  };
}
