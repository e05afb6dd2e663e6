/**
 * The lane that all callers share: one pipelined connection of the pool, held as long as there is one.
 *
 * ```text
 *   idle --first command, connect()--> connecting --> ready --loss--> waiting --> connecting ...
 *     ^                                   |                              (backoff)
 *     +------ refused for good -----------+-------+            any --close()--> closed
 * ```
 *
 * In `connecting` and `waiting` commands stay in the offline queue, each up to its deadline.
 *
 * @module
 */
import { delayOf } from "../backoff.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Connection, ConnectionListener } from "../connection/connection.ts";
import { notConnected } from "../connection/failures.ts";
import type { Pending, Sender } from "../connection/pending.ts";
import { isTurnedAwayForGood } from "../connection/turned_away.ts";
import { ConnectionError, ProtocolError, RedisError, ReplyError } from "../errors.ts";
import { type ConnectionEvents, emit, TypedEventTarget } from "../events.ts";
import { withTimeout } from "../pool/with_timeout.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { isFinal, retryDelay } from "../retry.ts";
import { CommandFlag } from "../commands/command.ts";
import type { BatchAttempt, BatchConnection } from "./batch_connection.ts";
import type { ReconnectingConnection, ReconnectingListener } from "./reconnecting_connection.ts";
import { closedError } from "./unsupported_commands.ts";
import { OfflineQueue } from "./offline_queue.ts";

/** Someone who called `connect()` and waits for it. */
interface Caller {
  triesLeft: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Sends the commands of all callers over one connection, and brings the connection back when it is lost. */
export class MultiplexedConnection implements ReconnectingConnection, Sender, BatchConnection {
  /** Tells of connecting, ready, reconnecting and closed. */
  readonly events: TypedEventTarget<ConnectionEvents> = new TypedEventTarget();
  readonly #pool: ConnectionPool;
  readonly #room: OfflineQueue;
  #listeners: readonly ReconnectingListener[] = [];
  readonly #callers: Set<Caller> = new Set();
  readonly #unhurry: () => void;
  readonly #stop: AbortController = new AbortController();
  /** What the placeholders in the offline queue stand for. */
  readonly #groups: WeakMap<Pending, BatchAttempt> = new WeakMap();
  /** The ends of pipelines of which a part may not have been sent yet. */
  readonly #parted: Set<Promise<unknown>> = new Set();
  /** Commands that wait for the time of their repeat. */
  readonly #delayed: Map<Pending, Timer> = new Map();
  #state: "idle" | "connecting" | "ready" | "waiting" | "closed" = "idle";
  #connection: Connection | undefined = undefined;
  /** One that had to be left, and still owes replies. */
  #left: Connection | undefined = undefined;
  #attempt = 0;
  #delay = 0;
  #timer: Timer = undefined;
  #ears: ConnectionListener | undefined = undefined;

  /** A lane over a connection of this pool. */
  constructor(pool: ConnectionPool) {
    this.#pool = pool;
    const options = pool.options.connection;
    this.#room = new OfflineQueue(options.clock, options, String(options));
    this.#unhurry = pool.reconnectSignal.on(() => this.#hurry());
  }

  /** The connection, when there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** The pool that its connection comes from. */
  get pool(): ConnectionPool {
    return this.#pool;
  }

  /** @inheritdoc */
  get clock(): Clock {
    return this.#pool.options.connection.clock;
  }

  /** Whether a command would go out now. */
  get usable(): boolean {
    return this.#connection?.state === "ready";
  }

  /** How many commands wait for a connection. */
  get waiting(): number {
    return this.#room.size;
  }

  /** Adds someone who wants the push frames. */
  listen(listener: ReconnectingListener): void {
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener];
  }

  /** Takes a listener away. */
  unlisten(listener: ReconnectingListener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  /** Sends a command now, or as soon as there is a connection. */
  submit(pending: Pending): void {
    const connection = this.#connection;
    if (connection !== undefined) connection.enqueue(pending);
    else this.#wait(pending);
  }

  /**
   * Sends a command that has failed. It may have failed because the connection is ending at this moment, before
   * the lane was told: then it waits for the next one.
   */
  resubmit(pending: Pending): void {
    if (this.usable) this.#connection!.enqueue(pending);
    else this.#wait(pending);
  }

  /** Fails all that wait for a connection: their senders may have another way for them. */
  evict(error: Error): void {
    for (const pending of this.#room.drain()) pending.fail(error);
  }

  /** @inheritdoc */
  submitBatch(group: BatchAttempt): void {
    const connection = this.#connection;
    if (connection !== undefined) return this.#send(group, connection);
    const placeholder = group.placeholder();
    this.#groups.set(placeholder, group);
    this.#wait(placeholder);
  }

  /** Connects; resolves when the lane is ready, rejects when as many tries as `retry` grants have failed. */
  connect(signal?: AbortSignal): Promise<void> {
    if (this.#state === "closed") return Promise.reject(this.#closed("connect"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state === "ready") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#callers.delete(caller);
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => caller.reject(signal!.reason);
      const caller: Caller = {
        triesLeft: this.#pool.options.connection.retry.attempts + 1,
        resolve: () => (leave(), resolve()),
        reject: (error) => (leave(), reject(error)),
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#callers.add(caller);
      if (this.#state === "idle") this.#connect();
    });
  }

  /** Makes sure that there will be a connection, without waiting for it. */
  want(): void {
    if (this.#state === "idle") this.#connect();
  }

  /** A command failed: sends it again if that is safe and the policy says so. */
  recover(pending: Pending, error: Error): boolean {
    if (this.#state === "closed" || !(error instanceof RedisError)) return false;
    const lost = error.code === "SOCKET_TIMEOUT" ||
      (error instanceof ConnectionError && error.code !== "QUEUE_FULL");
    if (lost && error.executed === "no") {
      // The server has said that it will serve nobody, so the lane gives up, too.
      if (isTurnedAwayForGood(error)) return false;
      // It has not been tried at all: it waits on, up to its deadline.
      this.#wait(pending);
      return true;
    }
    // The connection is left in any case; a script that failed halfway is not run again elsewhere.
    if (this.misplaced(error) && error.executed === "no") {
      this.submit(pending);
      return true;
    }
    const { retry, clock } = this.#pool.options.connection;
    const readonly = (pending.command.spec.flags & CommandFlag.readonly) !== 0;
    const attempt = (pending.rare?.repeats ?? 0) + 1;
    const delay = retryDelay(pending.rare?.retry ?? retry, error, { attempt, readonly }, clock);
    if (delay === undefined || clock.now() + delay >= pending.deadline) return false;
    pending.more.repeats = attempt;
    // A lost connection comes back in its own time; a reply that said "not now" is waited out.
    if (error instanceof ReplyError) this.#repeatLater(pending, delay);
    else this.#wait(pending);
    return true;
  }

  /**
   * While the very first connection is being made: resolves when what waits for it has gone out or given up, or it has
   * failed, or `closeGrace` is over. `undefined`: there is nothing to wait for.
   */
  arrival(): Promise<void> | undefined {
    if (this.#state !== "connecting" || !this.#room.awaited || this.#room.reason !== undefined) {
      return undefined;
    }
    const { connection, closeGrace } = this.#pool.options;
    const arrived = new Promise<void>((resolve) => {
      for (const end of ["ready", "reconnecting", "closed"] as const) {
        this.events.addEventListener(end, () => resolve(), { once: true });
      }
      this.#room.deserted = resolve;
    });
    return withTimeout(connection.clock, closeGrace, arrived);
  }

  /** Lets what is on its way come back, rejects what waits, and gives the connection back. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const connecting = this.#state === "connecting";
    this.#state = "closed";
    const { clock } = this.#pool.options.connection;
    clock.clearTimeout(this.#timer);
    this.#unhurry();
    for (const [pending, timer] of this.#delayed) {
      clock.clearTimeout(timer);
      pending.reject(this.#closed(pending.command.spec.name));
    }
    this.#room.rejectAll((pending) => this.#closed(pending.command.spec.name));
    for (const caller of [...this.#callers]) caller.reject(this.#closed("connect"));
    if (connecting) this.#stop.abort(this.#closed("connect"));
    const connection = this.#connection;
    this.#connection = undefined;
    for (const listener of this.#listeners) listener.closed?.();
    if (connection !== undefined) await this.#retire(connection);
    emit(this.events, "closed", { cause: undefined });
  }

  /** Waits for the replies that are due, but not for ever: a command may have no limit, and its server be frozen. */
  async #retire(connection: Connection): Promise<void> {
    // The pool goes on: what nothing is due on is of use to others.
    if (!this.#pool.closed && connection.settled) {
      connection.unlisten(this.#ears!);
      return connection[Symbol.dispose]();
    }
    const { clock } = this.#pool.options.connection;
    const timer = clock.setTimeout(() => connection.disconnect(), this.#pool.options.closeGrace);
    // What is sent in parts is on its way as a whole.
    if (this.#parted.size > 0) await Promise.all(this.#parted);
    await connection.close();
    clock.clearTimeout(timer);
  }

  #closed(name: string): ConnectionError {
    return closedError(name, this.#pool.closed ? "the client or its pool" : undefined);
  }

  #wait(pending: Pending): void {
    const { name } = pending.command.spec;
    if (this.#state === "closed") return pending.reject(this.#closed(name));
    // Even without an offline queue the first connection is waited for: what fails at once is what was, and is not now.
    const down = this.#state !== "ready" && this.#room.reason !== undefined;
    if (down && this.#pool.options.connection.maxQueued === 0) {
      return pending.reject(this.#unreachable(pending));
    }
    this.#room.add(pending);
    if (this.#state === "idle") this.#connect();
  }

  #repeatLater(pending: Pending, delay: number): void {
    const { clock } = this.#pool.options.connection;
    const timer = clock.setTimeout(() => {
      this.#delayed.delete(pending);
      if (!pending.done) this.submit(pending);
    }, delay);
    this.#delayed.set(pending, timer);
  }

  #send(group: BatchAttempt, connection: Connection): void {
    group.send(connection);
    const { whole } = group;
    if (whole === undefined) return;
    this.#parted.add(whole);
    whole.then(() => this.#parted.delete(whole));
  }

  #connect(): void {
    this.#state = "connecting";
    this.#attempt++;
    emit(this.events, "connecting", { attempt: this.#attempt });
    this.#pool.acquire({ signal: this.#stop.signal, retry: false }).then(
      (connection) => this.#ready(connection),
      (error) => this.#failed(error),
    );
  }

  #ready(connection: Connection): void {
    if (this.#state === "closed") return connection[Symbol.dispose]();
    this.#state = "ready";
    this.#connection = connection;
    this.#attempt = this.#delay = 0;
    this.#room.reason = undefined;
    const listener: ConnectionListener = this.#ears = {
      frame: (values) => {
        if (connection !== this.#connection) return;
        const listeners = this.#listeners;
        for (let index = 0; index < listeners.length; index++) listeners[index]!.push(values);
      },
      closed: (cause) => {
        if (connection === this.#connection) this.#lost(cause);
      },
    };
    connection.listen(listener);
    // It may have ended between its handshake and now.
    if (connection.state !== "ready") return this.#lost(connection.cause);
    for (const listener of this.#listeners) listener.ready(connection);
    for (const pending of this.#room.drain()) {
      const group = this.#groups.get(pending);
      if (group === undefined) connection.enqueue(pending);
      else this.#send(group, connection);
    }
    for (const caller of [...this.#callers]) caller.resolve();
    emit(this.events, "ready", { protocol: connection.protocol as 2 | 3 });
  }

  #lost(cause: Error | undefined): void {
    if (this.#state !== "ready") return;
    this.#connection = undefined;
    for (const listener of this.#listeners) listener.lost(cause);
    if (this.#pool.closed) return void this.close();
    if (isTurnedAwayForGood(cause)) {
      return this.#giveUp(notConnected(cause, String(this.#pool.options.connection)) as Error);
    }
    // What was to be sent again has come in before this was known.
    if (this.#pool.options.connection.maxQueued === 0) {
      this.#room.rejectAll((one) => this.#unreachable(one, cause));
    }
    this.#backOff(cause ?? new ConnectionError("it was disconnected", { code: "CLOSED", executed: "no" }));
  }

  /** @inheritdoc */
  misplaced(error: Error): boolean {
    if (!this.#pool.misplaced(error)) return false;
    const connection = this.#connection;
    // Replies that the one left before still gives say nothing about this one.
    if (connection !== undefined && this.#left?.state !== "closing") {
      // What it still owes may come; what is new goes elsewhere.
      this.#left = connection;
      this.#lost(error);
      connection.close();
    }
    return true;
  }

  #hurry(): void {
    if (this.#state !== "waiting") return;
    this.#pool.options.connection.clock.clearTimeout(this.#timer);
    this.#connect();
  }

  #failed(error: Error): void {
    if (this.#state === "closed") return;
    if (this.#pool.closed) return void this.close();
    for (const caller of [...this.#callers]) if (--caller.triesLeft === 0) caller.reject(error);
    const { reconnect, maxQueued } = this.#pool.options.connection;
    const hopeless = isFinal(error) || error instanceof ProtocolError || !(error instanceof RedisError) ||
      this.#attempt >= reconnect.attempts;
    if (!hopeless) {
      if (maxQueued === 0) this.#rejectWaiting(error);
      this.#backOff(error);
      for (const listener of this.#listeners) listener.retrying?.(error);
      return;
    }
    this.#giveUp(error);
  }

  /** There is no connection, and waiting would not bring one: the next command begins anew. */
  #giveUp(error: Error): void {
    this.#state = "idle";
    this.#attempt = this.#delay = 0;
    this.#room.reason = undefined;
    for (const caller of [...this.#callers]) caller.reject(error);
    this.#rejectWaiting(error);
    for (const listener of this.#listeners) listener.failed?.(error);
    emit(this.events, "closed", { cause: error });
  }

  #backOff(cause: Error): void {
    this.#state = "waiting";
    this.#room.reason = cause;
    const { clock, reconnect } = this.#pool.options.connection;
    this.#delay = delayOf(reconnect.backoff, this.#attempt + 1, clock, this.#delay);
    this.#timer = clock.setTimeout(() => this.#connect(), this.#delay);
    emit(this.events, "reconnecting", { attempt: this.#attempt + 1, delay: this.#delay, cause });
  }

  #rejectWaiting(error: Error): void {
    this.#room.rejectAll(() => error);
  }

  #unreachable({ command }: Pending, reason: Error | undefined = this.#room.reason): ConnectionError {
    const message =
      `Cannot run ${command.spec.name}: there is no connection to ${this.#pool.options.connection}` +
      (reason === undefined ? "" : ` (${reason.message})`);
    return new ConnectionError(message, { code: "CONNECT", executed: "no", cause: reason });
  }
}
