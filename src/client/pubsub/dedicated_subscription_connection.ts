/**
 * A connection of its own: a connection leased from the pool as long as something is subscribed to, and given back.
 *
 * @module
 */
import { delayOf } from "../../backoff.ts";
import type { Timer } from "../../clock.ts";
import type { Connection, ConnectionListener } from "../../connection/connection.ts";
import { isPermanentRejection } from "../../connection/rejected_by_server.ts";
import { ProtocolError, RedisError } from "../../errors.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import { isFinal } from "../../retry.ts";
import type { ReconnectingConnection, ReconnectingListener } from "../connections/reconnecting_connection.ts";

/** Leases a connection when one is wanted, and another when that one is lost. */
export class DedicatedSubscriptionConnection implements ReconnectingConnection {
  readonly #pool: ConnectionPool;
  #listeners: readonly ReconnectingListener[] = [];
  #connection: Connection | undefined = undefined;
  #state: "idle" | "connecting" | "waiting" | "ready" | "closed" = "idle";
  #stop: AbortController | undefined = undefined;
  #timer: Timer = undefined;
  #attempt = 0;
  #delay = 0;
  #forget: (() => void) | undefined = undefined;
  readonly #listener: ConnectionListener = {
    frame: (values) => {
      const listeners = this.#listeners;
      for (let index = 0; index < listeners.length; index++) listeners[index]!.push(values);
    },
    closed: (cause) => this.#lost(cause),
  };

  /** Leases its connection from this pool. */
  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** @inheritdoc */
  get connection(): Connection | undefined {
    return this.#connection;
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
    if (this.#state !== "idle") return;
    if (this.#forget === undefined) {
      const closing = this.#pool.beforeClose(() => {
        this.#close();
        return Promise.resolve();
      });
      const reconnecting = this.#pool.reconnectSignal.on(() => this.#reconnectNow());
      this.#forget = () => {
        closing();
        reconnecting();
      };
    }
    this.#connect();
  }

  /** @inheritdoc */
  releaseIfUnused(): void {
    // Other clients may be subscribed over the same connection.
    if (this.#state === "closed" || this.#listeners.length > 0) return;
    this.#leave("idle");
  }

  #close(): void {
    if (this.#state === "closed") return;
    this.#leave("closed");
    for (const listener of this.#listeners) listener.closed?.();
  }

  #leave(state: "idle" | "closed"): void {
    this.#pool.background.clear(this.#timer);
    this.#state = state;
    this.#attempt = this.#delay = 0;
    this.#stop?.abort(new RedisError("it is not wanted any more", { code: "CLOSED", executed: "no" }));
    this.#forget?.();
    this.#forget = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.unlisten(this.#listener);
    connection?.[Symbol.dispose]();
  }

  #connect(): void {
    this.#state = "connecting";
    this.#attempt++;
    const stop = this.#stop = new AbortController();
    this.#pool.acquire({ signal: stop.signal, retry: false }).then(
      (connection) => {
        if (stop.signal.aborted) connection[Symbol.dispose]();
        else this.#ready(connection);
      },
      (error) => {
        if (!stop.signal.aborted) this.#failed(error);
      },
    );
  }

  #ready(connection: Connection): void {
    this.#connection = connection;
    this.#state = "ready";
    this.#attempt = this.#delay = 0;
    connection.listen(this.#listener);
    // The connection may have ended since its handshake.
    if (connection.state !== "ready") return this.#lost(connection.cause);
    for (const listener of this.#listeners) listener.ready(connection);
  }

  #lost(cause: Error | undefined): void {
    if (this.#state !== "ready") return;
    const connection = this.#connection!;
    this.#connection = undefined;
    // The lease of a lost connection is over; giving it back is a formality.
    connection[Symbol.dispose]();
    if (this.#pool.closed) return this.#close();
    const refused = isPermanentRejection(cause);
    if (!refused) this.#backOff();
    for (const listener of this.#listeners) listener.lost(cause);
    if (!refused) return;
    this.#leave("idle");
    for (const listener of this.#listeners) listener.failed?.(cause!);
  }

  #failed(error: Error): void {
    const { reconnect } = this.#pool.options.connection;
    if (this.#pool.closed) return this.#close();
    const hopeless = isFinal(error) || error instanceof ProtocolError || !(error instanceof RedisError) ||
      this.#attempt >= reconnect.attempts;
    if (hopeless) this.#leave("idle");
    else this.#backOff();
    for (const listener of this.#listeners) {
      if (hopeless) listener.failed?.(error);
      else listener.retrying?.(error);
    }
  }

  /** Retries immediately after a signal that the server is reachable or has changed. */
  #reconnectNow(): void {
    if (this.#state !== "waiting") return;
    this.#pool.background.clear(this.#timer);
    this.#connect();
  }

  #backOff(): void {
    this.#state = "waiting";
    const { clock, reconnect } = this.#pool.options.connection;
    this.#delay = delayOf(reconnect.backoff, this.#attempt + 1, clock, this.#delay);
    this.#timer = this.#pool.background.set(() => this.#connect(), this.#delay);
  }
}
