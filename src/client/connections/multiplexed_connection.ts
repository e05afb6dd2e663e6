/**
 * The multiplexed connection: one pipelined connection of the pool that all callers share.
 *
 * ```text
 *   idle --first command, connect()--> connecting --> ready --loss--> waiting --> connecting ...
 *     ^                                   |                              (backoff)
 *     +------ refused for good -----------+-------+            any --close()--> closed
 * ```
 *
 * In `connecting` and `waiting`, commands stay in the offline queue up to their deadlines. In `ready` they stay
 * there, too, while the gate is closed. It is closed while refused commands wait for their retry, so that later ones do
 * not overtake them. It is also closed before the connection is replaced, until the pending replies have arrived: its
 * lifetime is over, or its server is no longer a master.
 *
 * @module
 */
import { delayOf } from "../../backoff.ts";
import type { Timer } from "../../clock.ts";
import { CommandFlag } from "../../commands/command.ts";
import type { Connection, ConnectionListener } from "../../connection/connection.ts";
import { hintAtCluster, notConnected, unreachable } from "../../connection/failures.ts";
import type { Pending } from "../../connection/pending.ts";
import { isPermanentRejection } from "../../connection/rejected_by_server.ts";
import { ConnectionError, ProtocolError, RedisError } from "../../errors.ts";
import { type ConnectionEvents, emit, TypedEventTarget } from "../../events.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import { withTimeout } from "../../connection/sleep.ts";
import { isFinal, retryDelay } from "../../retry.ts";
import { ConnectCalls } from "./connect_calls.ts";
import { ConnectionLifetime } from "./connection_lifetime.ts";
import { onMaintenance } from "./maintenance_events.ts";
import { OrderedSender } from "./ordered_sender.ts";
import type { ReconnectingConnection, ReconnectingListener } from "./reconnecting_connection.ts";
import type { Reply } from "../../resp/types.ts";
import { closedError } from "../commands/unsupported_commands.ts";

/** Sends the commands of all callers over one connection, and reconnects when it is lost. */
export class MultiplexedConnection extends OrderedSender
  implements ReconnectingConnection, ConnectionListener {
  #events: TypedEventTarget<ConnectionEvents> | undefined = undefined;
  /** Called once while a large reply arrives, with its command. */
  large: ((this: MultiplexedConnection, pending: Pending) => void) | undefined = undefined;
  /** Whether the server sends messages that belong to this connection (CLIENT TRACKING), so that no other may read. */
  tracked = false;
  /** Whether there is another connection for its commands when it is lost, so that they wait even without a queue. */
  further = false;
  readonly #pool: ConnectionPool;
  #listeners: readonly ReconnectingListener[] = [];
  #calls: ConnectCalls | undefined = undefined;
  /** Ends connecting. */
  #stop: AbortController | undefined = undefined;
  #state: "idle" | "connecting" | "ready" | "waiting" | "closed" = "idle";
  #connection: Connection | undefined = undefined;
  #lifetime: ConnectionLifetime | undefined = undefined;
  #arrived: (() => void) | undefined = undefined;
  #attempt = 0;
  #delay = 0;
  #timer: Timer = undefined;
  /** Removes the listener for the signal to retry at once, while it waits for its next attempt. */
  #stopListening: (() => void) | undefined = undefined;
  readonly #stopForwarding: (() => void) | undefined;

  /** Makes it over a connection of `pool`; it connects when it is first needed. */
  constructor(pool: ConnectionPool) {
    super(pool.options.connection);
    this.#pool = pool;
    this.#stopForwarding = onMaintenance(pool, (detail) => this.#emit("maintenance", detail));
  }

  /** Emits `connecting`, `ready`, `reconnecting`, `closed` and `maintenance`. */
  get events(): TypedEventTarget<ConnectionEvents> {
    return this.#events ??= new TypedEventTarget();
  }

  /** The connection, when there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** The open connections: its own, and further ones for large replies. */
  get connections(): readonly Connection[] {
    const own = this.#connection === undefined ? [] : [this.#connection];
    return this.router === undefined ? own : [...own, ...this.router.connections];
  }

  /** The pool that its connection comes from. */
  get pool(): ConnectionPool {
    return this.#pool;
  }

  /** Adds a listener for push frames and for the life of the connection. */
  listen(listener: ReconnectingListener): void {
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener];
  }

  /** Removes a listener. */
  unlisten(listener: ReconnectingListener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  /** Connects; resolves when it is ready, rejects when as many tries as `retry` grants have failed. */
  connect(signal?: AbortSignal): Promise<void> {
    if (this.#state === "closed") return Promise.reject(this.#closed("connect"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state === "ready") return Promise.resolve();
    const connected = (this.#calls ??= new ConnectCalls()).add(
      this.#pool.options.connection.retry.attempts + 1,
      signal,
    );
    this.ensureConnected();
    return connected;
  }

  /** Connects in the background. */
  ensureConnected(): void {
    if (this.#state === "idle") this.#connect();
  }

  /** @inheritdoc */
  recover(pending: Pending, error: Error, last: Pending = pending): boolean {
    if (this.#state === "closed" || !(error instanceof RedisError)) return false;
    if (error.executed === "no") this.failed(last);
    const lost = error.code === "SOCKET_TIMEOUT" ||
      (error instanceof ConnectionError && error.code !== "QUEUE_FULL");
    if (lost && error.executed === "no") {
      // The server refuses all clients, so another attempt is useless.
      if (isPermanentRejection(error)) return false;
      // The command has not been tried: it waits on, up to its deadline.
      this.sendAgain(pending);
      return true;
    }
    if (this.makeWhole(pending, error)) {
      this.retryLater(pending, error, 0, last);
      return true;
    }
    const connection = this.#connection;
    if (this.#pool.misplaced(error, connection)) {
      // A script may have run up to its first write.
      const refused = error.executed === "no";
      if (refused) this.retryLater(pending, error, 0, last);
      if (connection !== undefined) this.leave(connection, () => this.#drop(connection, error));
      if (refused) return true;
    }
    if (error.code === "MOVED" && error.executed === "no") hintAtCluster(error);
    const readonly = (pending.command.spec.flags & CommandFlag.readonly) !== 0;
    const attempt = (pending.cold?.repeats ?? 0) + 1;
    const delay = retryDelay(pending.cold?.retry ?? this.retry, error, { attempt, readonly }, this.clock);
    if (delay === undefined || this.clock.now() + delay >= pending.deadline) return false;
    pending.coldFields.repeats = attempt;
    this.retryLater(pending, error, delay, last);
    return true;
  }

  /** @inheritdoc */
  override emptied(): void {
    super.emptied();
    if (!this.offline.awaited) this.#arrived?.();
  }

  /** @inheritdoc */
  protected refusal({ command: { spec: { name } } }: Pending): Error | undefined {
    if (this.#state === "closed") return this.#closed(name);
    // The first connection is awaited even without an offline queue.
    const down = this.#state !== "ready" && this.offline.reason !== undefined;
    return down && !this.#queues
      ? unreachable(name, String(this.#pool.options.connection), this.offline.reason)
      : undefined;
  }

  /**
   * Resolves when the commands that wait for the first connection have been sent or rejected, when the attempt has
   * failed, or after `closeGrace`. Returns `undefined` if no first connection is pending.
   */
  arrival(): Promise<void> | undefined {
    if (this.#state !== "connecting" || !this.offline.awaited || this.offline.reason !== undefined) {
      return undefined;
    }
    const { connection, closeGrace } = this.#pool.options;
    const arrived = new Promise<void>((resolve) => {
      for (const end of ["ready", "reconnecting", "closed"] as const) {
        this.events.addEventListener(end, () => resolve(), { once: true });
      }
      this.#arrived = resolve;
    });
    return withTimeout(connection.clock, closeGrace, arrived);
  }

  /** Waits for pending replies, rejects unsent commands, and releases the connection. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const connecting = this.#state === "connecting";
    this.#state = "closed";
    this.#stopWaiting();
    this.#stopForwarding?.();
    this.#lifetime?.end();
    this.detach();
    this.rejectWaiting((pending) => this.#closed(pending.command.spec.name));
    this.#calls?.rejectAll(() => this.#closed("connect"));
    if (connecting) this.#stop?.abort(this.#closed("connect"));
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.unlisten(this);
    for (const listener of this.#listeners) listener.closed?.();
    const router = this.router?.close();
    if (connection !== undefined) await this.#retire(connection);
    await router;
    this.#emit("closed", { cause: undefined });
  }

  /** Waits for pending replies, at most `closeGrace`: a command may have no limit, and the server may be frozen. */
  async #retire(connection: Connection): Promise<void> {
    // The pool stays open: an idle connection is useful to others.
    if (!this.#pool.closed && connection.settled) return connection[Symbol.dispose]();
    const timer = this.clock.setTimeout(() => connection.disconnect(), this.#pool.options.closeGrace);
    await connection.close();
    this.clock.clearTimeout(timer);
  }

  #emit<K extends keyof ConnectionEvents & string>(type: K, detail: ConnectionEvents[K]): void {
    // Without a target there is no listener.
    if (this.#events !== undefined) emit(this.#events, type, detail);
  }

  #closed(name: string): ConnectionError {
    return closedError(name, this.#pool.closed ? "the client or its pool" : undefined);
  }

  #connect(): void {
    this.#state = "connecting";
    this.#attempt++;
    this.#emit("connecting", { attempt: this.#attempt });
    this.#stop = new AbortController();
    this.#pool.acquire({ signal: this.#stop.signal, retry: false }).then(
      (connection) => this.#ready(connection),
      (error) => this.#failed(error),
    );
  }

  #ready(connection: Connection): void {
    if (this.#state === "closed") return connection[Symbol.dispose]();
    this.#state = "ready";
    this.#stop = undefined;
    this.#connection = connection;
    this.#attempt = this.#delay = 0;
    this.offline.reason = undefined;
    connection.listen(this);
    // The connection may have ended since its handshake.
    if (connection.state !== "ready") return this.closed(connection.cause);
    this.#beginLifetime(connection);
    for (const listener of this.#listeners) listener.ready(connection);
    if (this.#connection !== connection) return;
    this.release(connection);
    this.#calls?.resolveAll();
    this.#emit("ready", { protocol: connection.protocol as 2 | 3 });
  }

  /** @inheritdoc */
  frame(values: Reply[]): void {
    const listeners = this.#listeners;
    for (let index = 0; index < listeners.length; index++) listeners[index]!.push(values);
  }

  /** @inheritdoc */
  maybeDead(cause: Error): boolean {
    this.#reopen(this.#connection!, cause);
    return true;
  }

  /** @inheritdoc */
  retired(): void {
    this.#beginLifetime(this.#connection!);
  }

  #beginLifetime(connection: Connection): void {
    if (this.#lifetime === undefined && this.#pool.endOfLife(connection) === Infinity) return;
    this.#lifetime ??= new ConnectionLifetime(this.#pool, (next) => this.#replace(next));
    this.#lifetime.begin(connection);
  }

  /** @inheritdoc */
  closed(cause: Error | undefined): void {
    if (this.#state !== "ready") return;
    this.#lifetime?.end();
    this.#detach(cause);
    if (this.#isClosed) return;
    if (this.#pool.closed) return void this.close();
    if (isPermanentRejection(cause)) {
      return this.#giveUp(notConnected(cause, String(this.#pool.options.connection)) as Error);
    }
    // A command that waits for its retry was queued before this was known.
    if (!this.#queues) {
      const where = String(this.#pool.options.connection);
      this.rejectWaiting(({ command }) => unreachable(command.spec.name, where, cause));
    }
    this.#backOff(cause ?? new ConnectionError("it was disconnected", { code: "CLOSED", executed: "no" }));
  }

  /** Whether commands wait while it is not connected. */
  get #queues(): boolean {
    return this.further || this.#pool.options.connection.offlineQueue !== false;
  }

  /** A listener may close it at any time. */
  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  #detach(cause: Error | undefined): void {
    this.#connection?.unlisten(this);
    this.#connection = undefined;
    this.detach();
    for (const listener of this.#listeners) listener.lost(cause);
  }

  /** Leaves a connection to the wrong server, once no reply is pending. */
  #drop(connection: Connection, reason: Error): void {
    this.closed(reason);
    connection.disconnect();
  }

  /** Opens another connection at once instead of one that may be dead. */
  #reopen(connection: Connection, cause: Error): void {
    this.#lifetime?.end();
    this.#detach(cause);
    this.#emit("reconnecting", { attempt: 1, delay: 0, cause });
    this.offline.reason = undefined;
    if (!this.#isClosed) this.#connect();
    // The commands that were queued after the process continued are not sent yet, and wait for the other one.
    connection.disconnect(cause);
  }

  /** The lifetime of the connection is over. */
  #replace(next: Connection | undefined): void {
    const connection = this.#connection!;
    this.leave(connection, () => {
      this.#lifetime!.handOver();
      if (next !== undefined && next.state !== "ready") {
        next[Symbol.dispose]();
        this.release(connection);
        return this.#lifetime!.again();
      }
      this.#detach(undefined);
      if (next !== undefined) this.#ready(next);
      connection[Symbol.dispose]();
      if (next !== undefined || this.#isClosed) return;
      this.offline.reason = undefined;
      this.#connect();
    });
  }

  #reconnectNow(): void {
    if (this.#state !== "waiting") return;
    this.#stopWaiting();
    this.#connect();
  }

  #stopWaiting(): void {
    if (this.#stopListening === undefined) return;
    this.#pool.background.clear(this.#timer);
    this.#stopListening();
    this.#stopListening = undefined;
  }

  #failed(error: Error): void {
    if (this.#state === "closed") return;
    if (this.#pool.closed) return void this.close();
    this.#calls?.failed(error);
    const { reconnect, offlineQueue } = this.#pool.options.connection;
    const hopeless = isFinal(error) || error instanceof ProtocolError || !(error instanceof RedisError) ||
      this.#attempt >= reconnect.attempts;
    if (!hopeless) {
      if (offlineQueue === false) this.rejectWaiting(() => error);
      this.#backOff(error);
      for (const listener of this.#listeners) listener.retrying?.(error);
      return;
    }
    this.#giveUp(error);
  }

  /** Rejects waiting commands after an error that waiting cannot fix. The next command starts again. */
  #giveUp(error: Error): void {
    this.#state = "idle";
    this.#attempt = this.#delay = 0;
    this.offline.reason = undefined;
    this.#calls?.rejectAll(() => error);
    this.rejectWaiting(() => error);
    for (const listener of this.#listeners) listener.failed?.(error);
    this.#emit("closed", { cause: error });
  }

  #backOff(cause: Error): void {
    this.#state = "waiting";
    this.offline.reason = this.resend.reason = cause;
    const { clock, reconnect } = this.#pool.options.connection;
    this.#delay = delayOf(reconnect.backoff, this.#attempt + 1, clock, this.#delay);
    this.#timer = this.#pool.background.set(() => this.#reconnectNow(), this.#delay);
    this.#stopListening = this.#pool.reconnectSignal.on(() => this.#reconnectNow());
    this.#emit("reconnecting", { attempt: this.#attempt + 1, delay: this.#delay, cause });
  }
}
