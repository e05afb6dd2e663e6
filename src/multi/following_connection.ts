/**
 * The connection of one subscription alone, at the database in use.
 *
 * @module
 */
import type {
  ReconnectingConnection,
  ReconnectingListener,
} from "../client/connections/reconnecting_connection.ts";
import type { Connection } from "../connection/connection.ts";

/** Forwards the events of a connection to the database in use, and of another one after a failover. */
export class FollowingConnection implements ReconnectingConnection {
  readonly #open: () => ReconnectingConnection;
  readonly #onMoved: (listener: () => void) => () => void;
  #listeners: readonly ReconnectingListener[] = [];
  #inner: ReconnectingConnection | undefined = undefined;
  #stop: (() => void) | undefined = undefined;
  #connected = false;
  #leaving = false;

  /** `open` makes a connection to the database in use; `onMoved` reports failovers, and returns how to stop. */
  constructor(open: () => ReconnectingConnection, onMoved: (listener: () => void) => () => void) {
    this.#open = open;
    this.#onMoved = onMoved;
  }

  /** @inheritdoc */
  get connection(): Connection | undefined {
    return this.#inner?.connection;
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
    // While it leaves a database, the next one follows.
    if (this.#leaving) return;
    if (this.#inner === undefined) this.#connect();
    else this.#inner.ensureConnected();
  }

  /** @inheritdoc */
  releaseIfUnused(): void {
    if (this.#listeners.length === 0) this.#leave();
  }

  #connect(): void {
    this.#stop ??= this.#onMoved(() => {
      this.#leave();
      // Listeners may have ended with their connection.
      if (this.#listeners.length > 0) this.#connect();
    });
    const inner = this.#inner = this.#open();
    inner.listen(this.#listener);
    inner.ensureConnected();
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
    const inner = this.#inner;
    this.#inner = undefined;
    inner?.unlisten(this.#listener);
    inner?.releaseIfUnused?.();
    if (!this.#connected) return;
    this.#connected = false;
    this.#leaving = true;
    for (const listener of this.#listeners) listener.lost(undefined);
    this.#leaving = false;
  }

  readonly #listener: ReconnectingListener = {
    ready: (connection) => {
      this.#connected = true;
      for (const listener of this.#listeners) listener.ready(connection);
    },
    lost: (cause) => {
      this.#connected = false;
      for (const listener of this.#listeners) listener.lost(cause);
    },
    push: (values) => {
      const listeners = this.#listeners;
      for (let index = 0; index < listeners.length; index++) listeners[index]!.push(values);
    },
    retrying: (cause) => {
      for (const listener of this.#listeners) listener.retrying?.(cause);
    },
    failed: (error) => {
      for (const listener of this.#listeners) listener.failed?.(error);
    },
    closed: () => {
      this.#stop?.();
      this.#stop = undefined;
      this.#connected = false;
      for (const listener of this.#listeners) listener.closed?.();
    },
  };
}
