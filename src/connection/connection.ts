/**
 * One connection to a server: a socket, the commands on their way, and what became of them.
 *
 * ```text
 *   idle --connect()--> connecting --handshake--> ready --close()--> closing --+
 *     |                     |                       |                          v
 *     +---disconnect()------+---failure-------------+---loss, silence------> closed
 * ```
 *
 * Whatever leads to `closed` settles every command that was on its way, once, and tells the listeners.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { type ConnectionOptions, type ResolvedConnectionOptions, resolveOptions } from "../options.ts";
import { noWords } from "../resp/arguments.ts";
import { packCommand, packCommands } from "../resp/pack.ts";
import type { Arg, Reply } from "../resp/types.ts";
import type { Transport } from "../transport.ts";
import {
  type ConnectionHome,
  type ConnectionListener,
  type ConnectionState,
  modeOf,
  type SendOptions,
} from "./contract.ts";
import {
  addressOf,
  asError,
  connectTimeoutError,
  notConnected,
  queueFullError,
  stateError,
} from "./failures.ts";
import { shakeHands, type Welcome } from "./handshake.ts";
import { abortable, startLimit } from "./limit.ts";
import { Link, type LinkOwner } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { type BatchSink, Pending, rawCommand, type Sendable } from "./pending.ts";
import { rawBatch } from "./raw_bytes.ts";
import { SessionState } from "./session.ts";
import { statefulName, StateTracker } from "./state_tracker.ts";
import { SubscriberInbox } from "./subscriber_inbox.ts";
import { Upkeep } from "./upkeep.ts";

export { type ConnectionHome, type ConnectionListener, type ConnectionState, modeOf, type SendOptions };

/**
 * A connection to a server. Pools make them; by itself one is made, connected and used like this.
 *
 * @example
 * ```ts
 * import { Connection } from "@keywire/redis";
 *
 * const connection = new Connection({ host: "localhost" });
 * await connection.connect();
 * await connection.send(["PING"]); // "PONG"
 * connection.disconnect();
 * ```
 */
export class Connection {
  /** The transport for options that name none; the package's entry point sets it in its own class. */
  static readonly transport: Transport | undefined = undefined;

  /** The options: complete, frozen, and without secrets when printed. */
  readonly options: ResolvedConnectionOptions;
  /** The server's address, for messages. */
  readonly address: string;
  /**
   * What its holder did to its state; pools look at it.
   *
   * @internal
   */
  readonly session: SessionState;
  /** Resolves when it has ended. */
  readonly closed: Promise<void>;
  #resolveClosed!: () => void;
  #state: ConnectionState = "idle";
  #cause: Error | undefined = undefined;
  #link: Link | undefined = undefined;
  #welcome: Welcome | undefined = undefined;
  #abort: ((reason: Error) => void) | undefined = undefined;
  #home: ConnectionHome | undefined = undefined;
  readonly #listeners: Listeners = new Listeners();
  readonly #inbox: SubscriberInbox = new SubscriberInbox(
    (values) => this.#listeners.tell(values),
    (error) => this.#upkeep.forgotten(error),
  );
  readonly #tracker: StateTracker;
  readonly #upkeep: Upkeep;
  readonly #mode: number;

  /**
   * Makes a connection, not yet connected. Options are a URL, an object, or both: the object goes over the URL.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  constructor(
    options: string | URL | ConnectionOptions | ResolvedConnectionOptions = {},
    over?: ConnectionOptions,
  ) {
    const given = resolveOptions(options, over);
    const { transport } = new.target;
    this.options = given.transport === undefined && transport !== undefined
      ? resolveOptions(given, { transport })
      : given;
    this.address = addressOf(this.options.endpoint);
    this.session = new SessionState(this.options.db);
    this.#tracker = new StateTracker(this.session, this.#inbox);
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#mode = modeOf(this.options);
    this.#upkeep = new Upkeep({
      options: this.options,
      address: this.address,
      session: this.session,
      ready: () => this.#state === "ready" ? this.#link : undefined,
      id: () => this.id,
      another: () => new Connection(this.options, { healthCheckInterval: 0 }),
      retire: (cause) => this.pending === 0 ? this.#end(cause) : void this.close(),
      dead: (cause) => this.#end(cause),
    });
  }

  /** Where it stands in its life. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it has ended, if not by plan. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** The version of the protocol that is spoken; 0 before it is connected. */
  get protocol(): 0 | 2 | 3 {
    return this.#welcome?.protocol ?? 0;
  }

  /** The connection's id at the server (CLIENT ID), where the server told it. */
  get id(): number | undefined {
    return this.#welcome?.id;
  }

  /** What the server said about itself in reply to HELLO. */
  get server(): Readonly<Record<string, Reply>> {
    return this.#welcome?.server ?? {};
  }

  /** The number of push frames that were ignored, because they were empty or did not begin with a name. */
  get ignoredPushes(): number {
    return this.#inbox.ignored;
  }

  /** Commands that wait for their reply, those included whose caller has given up. */
  get pending(): number {
    return this.#link?.pending ?? 0;
  }

  /** Whether no caller is owed a reply, nothing is half read and nothing subscribed to: only then may it change hands. */
  get settled(): boolean {
    const link = this.#link;
    if (this.#state !== "ready" || link === undefined || link.partial) return false;
    if (this.#inbox.subscribed.total > 0) return false;
    return link.pending === 0 || link.pending === this.#upkeep.due;
  }

  /**
   * The open socket with what is on its way; for those who subscribe.
   *
   * @internal
   */
  get link(): Link | undefined {
    return this.#link;
  }

  /** Adds someone who wants to know; forgotten when it ends. */
  listen(listener: ConnectionListener): void {
    this.#listeners.add(listener);
  }

  /** Takes a listener away. */
  unlisten(listener: ConnectionListener): void {
    this.#listeners.remove(listener);
  }

  /**
   * Says whom it goes back to when it is disposed of.
   *
   * @internal
   */
  attach(home: ConnectionHome | undefined): void {
    this.#home = home;
  }

  /** Further commands of the handshake that must succeed; subclasses override it. */
  protected setup(): readonly (readonly Arg[])[] {
    return [];
  }

  /**
   * Connects and shakes hands, within `connectTimeout`. Does nothing on a connection that is ready.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} or the signal's reason.
   */
  async connect(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state === "ready") return;
    if (this.#state !== "idle") throw stateError(this, "connect");
    this.#state = "connecting";
    const { clock, connectTimeout } = this.options;
    const limit = startLimit(
      clock,
      connectTimeout,
      () => connectTimeoutError(this.address, this.options, this.#link !== undefined),
      options.signal,
    );
    this.#abort = limit.abort;
    const give = (): void => this.#end(limit.signal.reason);
    limit.signal.addEventListener("abort", give, { once: true });
    try {
      limit.signal.throwIfAborted();
      const who = await abortable(this.#upkeep.credentials(), limit.signal);
      const opening = Link.open(this.options, this.#owner(), limit.signal).then((link) => {
        // A transport may not look at the signal, or be quicker than we are.
        if (this.#state !== "connecting") link.destroy(this.#given());
        return this.#link = link;
      });
      const link = await abortable(opening, limit.signal);
      if (this.#state !== "connecting") throw this.#given();
      this.#welcome = await shakeHands(
        async (commands) => {
          const replies = await link.flight(commands);
          // Ended meanwhile: what is in the replies is only that.
          if (this.#state !== "connecting") throw this.#given();
          return replies as Reply[];
        },
        { ...this.options, username: who.username, password: who.password, setup: this.setup() },
        this.address,
      );
      // The last reply and the end of the connection may have come together.
      if (this.#state !== "connecting") throw this.#given();
      this.#state = "ready";
      this.#upkeep.start();
    } catch (cause) {
      const error = options.signal?.aborted ? cause : notConnected(asError(cause), this.address);
      this.#end(asError(error));
      throw error;
    } finally {
      this.#abort = undefined;
      limit.release();
      limit.signal.removeEventListener("abort", give);
    }
  }

  /**
   * Sends a command, given as its words, and resolves with its reply. Replies come in the order of the calls.
   *
   * @throws {TypeError} for a word that cannot be sent; nothing is sent then.
   * @throws {RedisError} with `executed`, when it fails.
   */
  send(words: readonly Arg[], options: SendOptions = {}): Promise<Reply> {
    if (!Array.isArray(words)) return Promise.reject(noWords(words));
    return this.execute(rawCommand(words), options) as Promise<Reply>;
  }

  /** Sends a command given as a value (`get("k")`), and resolves with its typed reply. */
  execute(command: Sendable, options: SendOptions = {}): Promise<unknown> {
    const { signal } = options;
    const pending = new Pending(
      command,
      options.mode ?? this.#mode,
      options.timeout ?? this.options.commandTimeout,
    );
    const promise = pending.promise();
    if (signal?.aborted) pending.reject(signal.reason);
    else this.enqueue(pending);
    if (signal !== undefined && !pending.done) pending.abortBy(signal);
    return promise;
  }

  /**
   * Sends commands that are packed already, and resolves with the `replies` replies that they bring, errors in place.
   *
   * @throws {TypeError} when `bytes` are not whole commands, as `packCommand()` makes them; nothing is sent then.
   * @throws {RangeError} when `replies` is not the number of the commands; nothing is sent then.
   */
  async sendPacked(bytes: Uint8Array, replies = 1, options: SendOptions = {}): Promise<Reply[]> {
    const { mode = this.#mode, timeout = this.options.commandTimeout, signal } = options;
    signal?.throwIfAborted();
    if (this.#state !== "ready") throw stateError(this, "send packed commands");
    if (this.#link!.full) throw queueFullError("packed commands", this.address);
    const raw = rawBatch(bytes, replies, this.session, { mode, timeout });
    this.#link!.enqueueBatch(raw.batch);
    if (signal !== undefined) { for (const pending of raw.batch.members) pending.abortBy(signal); }
    return await raw.replies as Reply[];
  }

  /** The bytes of a command. */
  packCommand(words: readonly Arg[]): Uint8Array {
    return packCommand(words);
  }

  /** The bytes of several commands. */
  packCommands(commands: readonly (readonly Arg[])[]): Uint8Array {
    return packCommands(commands);
  }

  /**
   * Queues a command for the next write. It settles in any case: by its reply, its deadline or the connection's end.
   *
   * @internal
   */
  enqueue(pending: Pending): void {
    const { name } = pending.command.spec;
    const link = this.#link;
    if (this.#state !== "ready" || link === undefined) return pending.fail(stateError(this, `send ${name}`));
    if (link.full) return pending.fail(queueFullError(name, this.address));
    const stateful = statefulName(pending);
    const refusal = stateful === "" ? undefined : this.#tracker.refusal(stateful, pending);
    if (refusal !== undefined) return pending.reject(refusal);
    try {
      link.enqueue(pending);
    } catch (error) {
      pending.reject(error);
      // Refused arguments leave nothing behind. Anything else (no memory for a huge text) may have cut the
      // command in two, and what follows would be read as its end.
      if (!(error instanceof TypeError)) this.#end(error as Error);
      return;
    }
    if (stateful !== "") this.#tracker.queued(stateful, pending, this.protocol !== 3);
  }

  /**
   * Drops the commands that report to `sink` and have not been sent; they are rejected with `reason`.
   *
   * @internal
   */
  withdraw(sink: BatchSink, reason: unknown): void {
    this.#link?.withdraw(sink, reason);
  }

  /** Waits for the replies that are due, then closes. Nothing more can be sent. Never rejects. */
  async close(): Promise<void> {
    if (this.#state === "ready") {
      this.#state = "closing";
      if (this.#link!.pending === 0) this.#end(undefined);
    } else if (this.#state !== "closing") {
      this.disconnect();
    }
    await this.closed;
  }

  /** Closes now. Commands that wait are rejected, with `cause` as the reason if there is one. */
  disconnect(cause?: Error): void {
    this.#end(cause);
  }

  /** Goes back to its pool, or is closed when it has none. */
  [Symbol.dispose](): void {
    if (this.#home !== undefined) this.#home.release(this);
    else this.disconnect();
  }

  /** What `console.log` prints, on all three runtimes. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `${this.constructor.name} { ${this.options}, ${this.#state} }`;
  }

  #owner(): LinkOwner {
    return {
      address: this.address,
      inbox: this.#inbox,
      lost: (cause) => this.#end(cause),
      suspect: (mayBlock) => void this.#upkeep.suspect(mayBlock),
      dropped: (item) => this.#tracker.dropped(item),
      idle: () => this.#state === "closing" ? this.#end(undefined) : this.#upkeep.quiet(),
    };
  }

  /** Why connecting was given up. */
  #given(): Error {
    return this.#cause ?? stateError(this, "connect");
  }

  /** The one way into `closed`. Without a cause it is by plan. */
  #end(cause: Error | undefined): void {
    if (this.#state === "closed") return;
    const graceful = this.#state === "closing" && cause === undefined && this.pending === 0;
    this.#state = "closed";
    this.#cause = cause;
    this.#upkeep.stop();
    if (graceful) this.#link?.close().then(this.#resolveClosed, this.#resolveClosed);
    else {
      const reason = cause ?? new ConnectionError("it was closed by the caller", { code: "CLOSED" });
      this.#abort?.(reason);
      this.#link?.destroy(reason);
    }
    this.#listeners.end(cause);
    if (!graceful) this.#resolveClosed();
  }
}
