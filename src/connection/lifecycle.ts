/**
 * The life of a connection: connecting with retries, readiness, and its end.
 *
 * ```text
 *   idle --connect()--> connecting --handshake--> ready --close()--> closing --+
 *     |                 |  ^   |                    |                          v
 *     |                 +--+   |                    |                        closed
 *     |                retry   |                    |                          ^
 *     +---disconnect()---------+--last try failed---+--loss, silence-----------+
 * ```
 *
 * @module
 */
import { runSoon } from "../clock.ts";
import { ConnectionError, type ReplyError } from "../errors.ts";
import type { Credentials, ResolvedConnectionOptions } from "../options.ts";
import type { Encoder } from "../resp/encoder.ts";
import type { Arg, Reply } from "../resp/types.ts";
import { copyArguments } from "./argument_copies.ts";
import { attemptConnect } from "./connect_attempt.ts";
import { retryConnect } from "./connect_retry.ts";
import type { ConnectionState, ConnectOptions } from "./types.ts";
import { asError, connectTimeoutError, notConnected, stateError } from "./failures.ts";
import type { HandshakeOptions, HandshakeResult } from "./handshake.ts";
import { type Limit, startLimit } from "./time_limit.ts";
import type { Link } from "./link.ts";
import type { LinkOwner } from "./link_owner.ts";
import type { Pending } from "./pending.ts";
import type { Unsent } from "./unsent_queue.ts";
import { ConnectionListeners } from "./connection_listeners.ts";
import type { ProbeConnection } from "./peer_probe.ts";
import type { SessionState } from "./session.ts";
import { StateTracker } from "./state_tracker.ts";
import { SubscriberDispatcher, type SubscriberOwner } from "./subscriber_dispatcher.ts";
import { ConnectionMaintenance, type MaintenanceOwner, NO_CREDENTIALS } from "./maintenance.ts";

/** The parts of a connection that its lifecycle needs. */
export interface LifecycleOwner {
  readonly connection: {
    readonly options: ResolvedConnectionOptions;
    readonly address: string;
    readonly session: SessionState;
  };
  /** Returns further commands of the handshake. */
  setup(): readonly (readonly Arg[])[];
  /** Makes a further connection to the same server. */
  another(): ProbeConnection;
}

/** The state of one connection, and what belongs to that state. */
export class ConnectionLifecycle implements MaintenanceOwner, SubscriberOwner {
  /** The current state. */
  state: ConnectionState = "idle";
  /** The error that ended the connection; `undefined` after a regular close. */
  cause: Error | undefined = undefined;
  /** The link; while connecting, the link of the current try. */
  link: Link | undefined = undefined;
  /** Dispatches the replies of a connection that has been ready. */
  dispatcher: SubscriberDispatcher | undefined = undefined;
  /** Tracks the stateful commands of a connection that has been ready. */
  tracker: StateTracker | undefined = undefined;
  /** The server's answers to the handshake. */
  handshake: HandshakeResult | undefined = undefined;
  /** The listeners of the connection. */
  readonly listeners: ConnectionListeners = new ConnectionListeners();
  /** Health checks and new credentials. */
  readonly maintenance: ConnectionMaintenance;
  readonly #owner: LifecycleOwner;
  #hasEnded = false;
  #closed: Promise<void> | undefined = undefined;
  #resolveClosed: (() => void) | undefined = undefined;
  #abort: ((reason: Error) => void) | undefined = undefined;
  #keepsProcess = true;

  /** Begins idle. */
  constructor(owner: LifecycleOwner) {
    this.#owner = owner;
    this.maintenance = new ConnectionMaintenance(this);
  }

  /** The options of the connection. */
  get options(): ResolvedConnectionOptions {
    return this.#owner.connection.options;
  }

  /** The server's address. */
  get address(): string {
    return this.#owner.connection.address;
  }

  /** The changes of its state at the server. */
  get session(): SessionState {
    return this.#owner.connection.session;
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#closed ??= this.#hasEnded
      ? Promise.resolve()
      : new Promise((resolve) => this.#resolveClosed = resolve);
  }

  /** The number of commands that wait for their reply. */
  get pending(): number {
    return this.link?.pending ?? 0;
  }

  /** Whether the connection owes no reply, has read no partial reply and has no subscription. */
  get settled(): boolean {
    const { link } = this;
    if (this.state !== "ready" || link === undefined || link.partial) return false;
    if (this.dispatcher!.subscribed.total > 0) return false;
    return link.pending === 0 || link.pending === this.maintenance.due;
  }

  /**
   * Connects, with retries. Does nothing if the connection is ready; ends it if all tries fail.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} when the last try fails; or the signal's reason.
   */
  async connect({ signal, retry = true }: ConnectOptions): Promise<void> {
    if (this.state === "ready") return;
    if (this.state !== "idle") throw this.stateError("connect");
    this.state = "connecting";
    try {
      // Pools retry by themselves.
      await (retry ? this.#connectWithRetries(signal) : this.#attempt(signal));
    } catch (cause) {
      const error = signal?.aborted ? signal.reason : this.#notConnected(cause);
      this.end(asError(error));
      throw error;
    } finally {
      this.#abort = undefined;
    }
  }

  async #connectWithRetries(signal: AbortSignal | undefined): Promise<void> {
    const { clock, retry: policy } = this.options;
    const total = startLimit(clock, 0, () => this.stateError("connect"), signal);
    this.#abort = total.abort;
    try {
      await retryConnect({ policy, clock, signal: total.signal }, () => this.#attempt(total.signal));
    } finally {
      total.release();
    }
  }

  /** Sets whether the connection keeps the process alive. Without that, it has no health checks. */
  keepProcess(alive: boolean): void {
    if (this.#keepsProcess === alive) return;
    this.#keepsProcess = alive;
    if (this.state !== "ready") return;
    this.link?.keepProcess(alive);
    this.maintenance.checkHealth(alive);
  }

  /** Waits for the replies that are due, then closes. Never rejects. */
  async close(): Promise<void> {
    if (this.state === "ready") {
      this.state = "closing";
      if (this.pending === 0) this.end(undefined);
    } else if (this.state !== "closing") {
      this.end(undefined);
    }
    await this.closed;
  }

  /** Ends the connection; without a cause, its user closed it. This is the only way into the state `closed`. */
  end(cause: Error | undefined): void {
    if (this.state === "closed") return;
    const graceful = this.state === "closing" && cause === undefined && this.pending === 0;
    this.state = "closed";
    this.cause = cause;
    this.maintenance.stop();
    const ended = (): void => {
      this.#hasEnded = true;
      this.#resolveClosed?.();
    };
    if (graceful) this.link?.close().then(ended, ended);
    else {
      const reason = cause ?? new ConnectionError("it was closed by the caller", { code: "CLOSED" });
      this.#abort?.(reason);
      this.link?.destroy(reason);
    }
    this.listeners.closed(cause);
    if (!graceful) ended();
  }

  /** The error for an action that the current state does not allow. */
  stateError(action: string): ConnectionError {
    const { state, cause } = this;
    return stateError({ address: this.address, state, cause }, action);
  }

  /** Tries once to connect. A loss or a timeout aborts the try, not the connection. */
  async #attempt(signal: AbortSignal | undefined): Promise<void> {
    this.link = undefined;
    const { options, address } = this;
    const late = (): Error => connectTimeoutError(address, options, this.link !== undefined);
    const limit = startLimit(options.clock, options.connectTimeout, late, signal);
    this.#abort ??= limit.abort;
    const owner = new Attempt(this, limit);
    let given: Partial<Credentials> = NO_CREDENTIALS;
    try {
      await attemptConnect({
        options,
        limit,
        owner,
        opened: (link) => this.link = link,
        handshake: () => {
          const identity = ({ username, password }: Partial<Credentials>): HandshakeOptions => ({
            ...options,
            username,
            password,
            setup: this.#owner.setup(),
          });
          if (options.credentials === undefined) return identity(given);
          return this.maintenance.credentials().then((found) => identity(given = found));
        },
        accept: (link, result) => {
          this.dispatcher = owner.dispatcher;
          this.tracker = owner.tracker;
          this.handshake = result;
          this.state = "ready";
          owner.limit = undefined;
          if (!this.#keepsProcess) link.keepProcess(false);
          this.maintenance.start(given);
        },
      });
    } catch (cause) {
      throw this.#notConnected(cause);
    } finally {
      limit.release();
    }
  }

  /** @inheritdoc */
  ready(): Link | undefined {
    return this.state === "ready" ? this.link : undefined;
  }

  /** @inheritdoc */
  id(): number | undefined {
    return this.handshake?.id;
  }

  /** @inheritdoc */
  keepsProcess(): boolean {
    return this.#keepsProcess;
  }

  /** @inheritdoc */
  another(): ProbeConnection {
    return this.#owner.another();
  }

  /** @inheritdoc */
  retire(cause: Error): void {
    if (this.pending === 0) this.end(cause);
    else void this.close();
  }

  /** @inheritdoc */
  dead(cause: Error): void {
    this.end(cause);
  }

  /** @inheritdoc */
  maybeDead(cause: Error): boolean {
    return this.listeners.maybeDead(cause);
  }

  /** @inheritdoc */
  push(values: Reply[]): void {
    this.listeners.push(values);
  }

  /** @inheritdoc */
  forgotten(error: ReplyError): void {
    this.maintenance.forgotten(error);
  }

  /** @inheritdoc */
  large(pending: Pending): void {
    this.listeners.large(pending);
  }

  /** No reply is due any more. */
  idle(): void {
    if (this.state === "closing") return this.end(undefined);
    this.maintenance.quiet();
    if (!this.#keepsProcess) this.link?.keepProcess(false);
  }

  #notConnected(cause: unknown): unknown {
    return notConnected(asError(cause), this.address);
  }
}

/** One try to connect, which then owns the link of the connection. It refers to nothing that only the try needs. */
class Attempt implements LinkOwner {
  readonly dispatcher: SubscriberDispatcher;
  readonly tracker: StateTracker;
  /** The limit of the try, until it has succeeded. */
  limit: Limit | undefined;
  readonly #life: ConnectionLifecycle;

  constructor(life: ConnectionLifecycle, limit: Limit) {
    this.#life = life;
    this.limit = limit;
    this.dispatcher = new SubscriberDispatcher(life);
    this.tracker = new StateTracker(life.session, this.dispatcher);
  }

  get address(): string {
    return this.#life.address;
  }

  get wakeBy(): { at: number } {
    return this.#life.maintenance.wakeBy;
  }

  lost(cause: Error): void {
    if (this.limit === undefined) this.#life.end(cause);
    else this.limit.abort(cause);
  }

  suspect(mayBlock: boolean): void {
    void this.#life.maintenance.suspect(mayBlock);
  }

  overslept(late: number): void {
    // The link is queueing a command, which is sent in a later microtask.
    runSoon(() => this.#life.maintenance.overslept(late));
  }

  encoded(pending: Pending, encoder: Encoder): void {
    copyArguments(pending, encoder);
  }

  dropped(item: Unsent): void {
    this.tracker.dropped(item);
  }

  idle(): void {
    this.#life.idle();
  }
}
