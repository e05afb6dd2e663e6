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
import { ConnectionError } from "../errors.ts";
import type { Credentials, ResolvedConnectionOptions } from "../options.ts";
import type { Arg } from "../resp/types.ts";
import { copyArguments } from "./argument_copies.ts";
import { attemptConnect } from "./connect_attempt.ts";
import { retryConnect } from "./connect_retry.ts";
import type { ConnectionState, ConnectOptions } from "./types.ts";
import { asError, connectTimeoutError, notConnected, stateError } from "./failures.ts";
import type { HandshakeOptions, HandshakeResult } from "./handshake.ts";
import { startLimit } from "./time_limit.ts";
import type { Link } from "./link.ts";
import { ConnectionListeners } from "./connection_listeners.ts";
import type { ProbeConnection } from "./peer_probe.ts";
import type { SessionState } from "./session.ts";
import { StateTracker } from "./state_tracker.ts";
import { SubscriberDispatcher } from "./subscriber_dispatcher.ts";
import { ConnectionMaintenance } from "./maintenance.ts";

/** The parts of a connection that its lifecycle needs. */
export interface LifecycleOwner {
  readonly options: ResolvedConnectionOptions;
  readonly address: string;
  readonly session: SessionState;
  /** Returns further commands of the handshake. */
  setup(): readonly (readonly Arg[])[];
  /** Makes a further connection to the same server. */
  another(): ProbeConnection;
}

/** The state of one connection, and what belongs to that state. */
export class ConnectionLifecycle {
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
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  readonly #owner: LifecycleOwner;
  #resolveClosed!: () => void;
  #abort: ((reason: Error) => void) | undefined = undefined;
  #keepsProcess = true;

  /** Begins idle. */
  constructor(owner: LifecycleOwner) {
    this.#owner = owner;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.maintenance = new ConnectionMaintenance({
      options: owner.options,
      address: owner.address,
      session: owner.session,
      ready: () => this.state === "ready" ? this.link : undefined,
      id: () => this.handshake?.id,
      keepsProcess: () => this.#keepsProcess,
      another: () => owner.another(),
      retire: (cause) => this.pending === 0 ? this.end(cause) : void this.close(),
      dead: (cause) => this.end(cause),
      maybeDead: (cause) => this.listeners.maybeDead(cause),
    });
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
    const { clock, retry: policy } = this.#owner.options;
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
    if (graceful) this.link?.close().then(this.#resolveClosed, this.#resolveClosed);
    else {
      const reason = cause ?? new ConnectionError("it was closed by the caller", { code: "CLOSED" });
      this.#abort?.(reason);
      this.link?.destroy(reason);
    }
    this.listeners.closed(cause);
    if (!graceful) this.#resolveClosed();
  }

  /** The error for an action that the current state does not allow. */
  stateError(action: string): ConnectionError {
    const { state, cause } = this;
    return stateError({ address: this.#owner.address, state, cause }, action);
  }

  /** Tries once to connect. A loss or a timeout aborts the try, not the connection. */
  async #attempt(signal: AbortSignal | undefined): Promise<void> {
    this.link = undefined;
    const { options, address, session } = this.#owner;
    const late = (): Error => connectTimeoutError(address, options, this.link !== undefined);
    const limit = startLimit(options.clock, options.connectTimeout, late, signal);
    this.#abort ??= limit.abort;
    const dispatcher = new SubscriberDispatcher(
      (values) => this.listeners.push(values),
      (error) => this.maintenance.forgotten(error),
    );
    dispatcher.large = (pending) => this.listeners.large(pending);
    const tracker = new StateTracker(session, dispatcher);
    let given: Partial<Credentials> = {};
    try {
      const { result } = await attemptConnect({
        options,
        limit,
        owner: {
          address,
          dispatcher,
          lost: (cause) => this.state === "connecting" ? limit.abort(cause) : this.end(cause),
          suspect: (mayBlock) => void this.maintenance.suspect(mayBlock),
          wakeBy: this.maintenance.wakeBy,
          // The link is queueing a command, which is sent in a later microtask.
          overslept: (late) => runSoon(() => this.maintenance.overslept(late)),
          encoded: copyArguments,
          dropped: (item) => tracker.dropped(item),
          idle: () => this.#idle(),
        },
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
      });
      this.dispatcher = dispatcher;
      this.tracker = tracker;
      this.handshake = result;
      this.state = "ready";
      if (!this.#keepsProcess) this.link!.keepProcess(false);
    } catch (cause) {
      throw this.#notConnected(cause);
    } finally {
      limit.release();
    }
    this.maintenance.start(given);
  }

  /** No reply is due any more. */
  #idle(): void {
    if (this.state === "closing") return this.end(undefined);
    this.maintenance.quiet();
    if (!this.#keepsProcess) this.link?.keepProcess(false);
  }

  #notConnected(cause: unknown): unknown {
    return notConnected(asError(cause), this.#owner.address);
  }
}
