/**
 * The connection that fits the protocol: over RESP3 the one that all share, over RESP2 one of its own, since there a
 * connection with subscriptions takes no other commands.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import type { Reply } from "../../resp/types.ts";
import type { ReconnectingConnection, ReconnectingListener } from "../connections/reconnecting_connection.ts";

/** Uses one of two connections, by the protocol, and forwards its events. */
export class ProtocolSubscriptionConnection implements ReconnectingConnection {
  readonly #shared: ReconnectingConnection;
  readonly #own: ReconnectingConnection;
  #listeners: readonly ReconnectingListener[] = [];
  #current: ReconnectingConnection;

  /** `shared` where it speaks RESP3, else `own`. */
  constructor(shared: ReconnectingConnection, own: ReconnectingConnection) {
    this.#shared = shared;
    this.#own = own;
    this.#current = shared;
  }

  /** @inheritdoc */
  get connection(): Connection | undefined {
    const shared = this.#shared.connection;
    if (shared === undefined) return this.#current === this.#own ? this.#own.connection : undefined;
    this.#current = shared.protocol === 3 ? this.#shared : this.#own;
    return this.#current.connection;
  }

  /** @inheritdoc */
  listen(listener: ReconnectingListener): void {
    if (this.#listeners.length === 0) {
      this.#shared.listen(this.#sharedListener);
      this.#own.listen(this.#ownListener);
    }
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener];
  }

  /** @inheritdoc */
  unlisten(listener: ReconnectingListener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
    if (this.#listeners.length > 0) return;
    this.#shared.unlisten(this.#sharedListener);
    this.#own.unlisten(this.#ownListener);
  }

  /** @inheritdoc */
  ensureConnected(): void {
    const shared = this.#shared.connection;
    // Which one fits is known when the shared one has connected.
    if (shared === undefined && this.#current === this.#shared) this.#shared.ensureConnected();
    else if (shared !== undefined && shared.protocol !== 3) this.#turn(this.#own).ensureConnected();
    else this.#current.ensureConnected();
  }

  /** @inheritdoc */
  releaseIfUnused(): void {
    // Other clients may be subscribed over the same connection.
    if (this.#listeners.length === 0) this.#own.releaseIfUnused?.();
  }

  #turn(reconnecting: ReconnectingConnection): ReconnectingConnection {
    return this.#current = reconnecting;
  }

  #tell(tell: (listener: ReconnectingListener) => void): void {
    for (const listener of this.#listeners) tell(listener);
  }

  readonly #sharedListener: ReconnectingListener = {
    ready: (connection) => {
      if (connection.protocol !== 3) this.#turn(this.#own).ensureConnected();
      else if (this.#current === this.#shared) this.#tell((listener) => listener.ready(connection));
      else {
        // The server now supports RESP3: move the subscriptions of the dedicated connection.
        const had = this.#own.connection !== undefined;
        this.#turn(this.#shared);
        this.#own.unlisten(this.#ownListener);
        this.#own.releaseIfUnused?.();
        this.#own.listen(this.#ownListener);
        if (had) this.#tell((listener) => listener.lost(undefined));
        this.#tell((listener) => listener.ready(connection));
      }
    },
    lost: (cause) => {
      if (this.#current === this.#shared) this.#tell((listener) => listener.lost(cause));
    },
    push: (values: Reply[]) => {
      if (this.#current !== this.#shared) return;
      const listeners = this.#listeners;
      for (let index = 0; index < listeners.length; index++) listeners[index]!.push(values);
    },
    retrying: (cause) => {
      if (this.#current === this.#shared) this.#tell((listener) => listener.retrying?.(cause));
    },
    failed: (error) => {
      if (this.#current === this.#shared) this.#tell((listener) => listener.failed?.(error));
    },
    closed: () => this.#tell((listener) => listener.closed?.()),
  };

  readonly #ownListener: ReconnectingListener = {
    ready: (connection) => {
      if (this.#current === this.#own) this.#tell((listener) => listener.ready(connection));
    },
    lost: (cause) => {
      if (this.#current === this.#own) this.#tell((listener) => listener.lost(cause));
    },
    push: (values: Reply[]) => {
      const listeners = this.#listeners;
      for (let index = 0; index < listeners.length; index++) listeners[index]!.push(values);
    },
    retrying: (cause) => {
      if (this.#current === this.#own) this.#tell((listener) => listener.retrying?.(cause));
    },
    failed: (error) => {
      if (this.#current === this.#own) this.#tell((listener) => listener.failed?.(error));
    },
    closed: () => this.#tell((listener) => listener.closed?.()),
  };
}
