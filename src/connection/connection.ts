/**
 * A connection to a server: the public class, and how commands reach the link.
 *
 * @module
 */
import { maintCommands } from "./maint_command.ts";
import { abortBy } from "./abort_group.ts";
import { type ConnectionOptions, type ResolvedConnectionOptions, resolveOptions } from "../options.ts";
import { noWords } from "../resp/arguments.ts";
import { packCommand, packCommands } from "../resp/pack.ts";
import type { Arg, Reply } from "../resp/types.ts";
import type { Transport } from "../transport.ts";
import {
  type ConnectionHome,
  type ConnectionListener,
  type ConnectionState,
  type ConnectOptions,
  modeOf,
  type SendOptions,
} from "./types.ts";
import type { CommandSource } from "./command_source.ts";
import { addressOf, queueFullError } from "./failures.ts";
import { ConnectionLifecycle, type LifecycleOwner } from "./lifecycle.ts";
import type { Link } from "./link.ts";
import { type BatchSink, Pending, rawCommand, type Sendable } from "./pending.ts";
import { rawBatch } from "./raw_bytes.ts";
import { SessionState } from "./session.ts";
import { statefulName } from "./state_tracker.ts";

export {
  type ConnectionHome,
  type ConnectionListener,
  type ConnectionState,
  type ConnectOptions,
  modeOf,
  type SendOptions,
};

/**
 * A connection to a server. Pools create connections; an application can use one without a pool.
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
   * The changes of its state at the server, for pools.
   *
   * @internal
   */
  readonly session: SessionState;
  readonly #life: ConnectionLifecycle;
  #home: ConnectionHome | undefined = undefined;
  readonly #mode: number;

  /**
   * Creates a connection that is not connected yet. Options are a URL, an object, or both: the object overrides the URL.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
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
    this.#mode = modeOf(this.options);
    this.#life = new ConnectionLifecycle(new Connection.#Inside(this));
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#life.closed;
  }

  /** The state of the connection. */
  get state(): ConnectionState {
    return this.#life.state;
  }

  /** The reason why the connection ended; `undefined` if it was closed on purpose. */
  get cause(): Error | undefined {
    return this.#life.cause;
  }

  /** The RESP version in use; 0 before the connection is ready. */
  get protocol(): 0 | 2 | 3 {
    return this.#life.handshake?.protocol ?? 0;
  }

  /** The connection's id at the server (CLIENT ID), if HELLO returned it. */
  get id(): number | undefined {
    return this.#life.handshake?.id;
  }

  /**
   * Whether a blocking command waits for its reply.
   *
   * @internal
   */
  get blocks(): boolean {
    return this.#life.link?.blocks ?? false;
  }

  /** The fields of HELLO's reply. */
  get server(): Readonly<Record<string, Reply>> {
    return this.#life.handshake?.server ?? {};
  }

  /** The number of ignored push messages: empty ones, and those without a name. */
  get ignoredPushes(): number {
    return this.#life.dispatcher?.ignored ?? 0;
  }

  /** The number of commands that wait for their reply, including aborted and expired ones. */
  get pending(): number {
    return this.#life.pending;
  }

  /** Whether the connection can be reused: no reply is pending or partly read, and there is no subscription. */
  get settled(): boolean {
    return this.#life.settled;
  }

  /**
   * The link, for subscriptions and queue limits.
   *
   * @internal
   */
  get link(): Link | undefined {
    return this.#life.link;
  }

  /** Adds a listener; the end of the connection removes it. */
  listen(listener: ConnectionListener): void {
    this.#life.listeners.add(listener);
  }

  /** Removes a listener. */
  unlisten(listener: ConnectionListener): void {
    this.#life.listeners.remove(listener);
  }

  /**
   * Sets the pool that takes the connection back when it is disposed of.
   *
   * @internal
   */
  attach(home: ConnectionHome | undefined): void {
    this.#home = home;
  }

  /** Returns further commands of the handshake, which must succeed; subclasses override it. */
  protected setup(): readonly (readonly Arg[])[] {
    return maintCommands(this.options);
  }

  /**
   * Connects, with `connectTimeout` for each attempt, and retries as the option `retry` defines. Does nothing on a
   * ready connection. After the last failed attempt the connection is closed.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} of the last attempt, or the reason of the signal.
   */
  async connect(options: ConnectOptions = {}): Promise<void> {
    await this.#life.connect(options);
  }

  /**
   * Sends a command given as words, and resolves with its reply. Replies arrive in the order of the calls.
   *
   * @throws {TypeError} for a word that cannot be sent; nothing is sent then.
   * @throws {RedisError} with `executed`, when it fails.
   */
  send(words: readonly Arg[], options: SendOptions = {}): Promise<Reply> {
    if (!Array.isArray(words)) return Promise.reject(noWords(words));
    return this.execute(rawCommand(words), options) as Promise<Reply>;
  }

  /** Sends a command value (`get("k")`), and resolves with its typed reply. */
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
    if (signal !== undefined && !pending.done) abortBy(pending, signal);
    return promise;
  }

  /**
   * Sends packed commands, and resolves with their `replies` replies, errors in place.
   *
   * @throws {TypeError} when `bytes` are not whole commands, as `packCommand()` makes them; nothing is sent then.
   * @throws {RangeError} when `replies` is not the number of the commands; nothing is sent then.
   */
  async sendPacked(bytes: Uint8Array, replies = 1, options: SendOptions = {}): Promise<Reply[]> {
    const { mode = this.#mode, timeout = this.options.commandTimeout, signal } = options;
    signal?.throwIfAborted();
    const { state, link } = this.#life;
    if (state !== "ready") throw this.#life.stateError("send packed commands");
    if (link!.full) throw queueFullError("packed commands", this.address);
    const raw = rawBatch(bytes, replies, this.session, { mode, timeout });
    link!.enqueueBatch(raw.batch);
    if (signal !== undefined) { for (const pending of raw.batch.members) abortBy(pending, signal); }
    return await raw.replies as Reply[];
  }

  /** Returns the encoded command. */
  packCommand(words: readonly Arg[]): Uint8Array {
    return packCommand(words);
  }

  /** Returns the encoded commands. */
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
    const life = this.#life;
    const { link } = life;
    if (life.state !== "ready" || link === undefined) return pending.fail(life.stateError(`send ${name}`));
    if (link.full) return pending.fail(queueFullError(name, this.address));
    const stateful = statefulName(pending);
    const refusal = stateful === "" ? undefined : life.tracker!.refusal(stateful, pending);
    if (refusal !== undefined) return pending.reject(refusal);
    try {
      link.enqueue(pending);
    } catch (error) {
      pending.reject(error);
      // Refused arguments leave nothing in the output. Any other error (no memory for a huge text) may leave part of
      // the command there, and the server would read later bytes as its rest.
      if (!(error instanceof TypeError)) life.end(error as Error);
      return;
    }
    if (stateful === "") return;
    life.tracker!.queued(stateful, pending, this.protocol !== 3);
    if (stateful === "SUNSUBSCRIBE") link.enqueue(life.dispatcher!.fence(pending));
  }

  /**
   * Queues the commands of a source in one place: what is queued later is sent behind them.
   *
   * @internal
   */
  enqueueAll(source: CommandSource): void {
    for (let { head } = source; head !== undefined; { head } = source) {
      const { link } = this.#life;
      if (this.#life.state === "ready" && (link!.busy || source.full) && !link!.full) {
        return link!.enqueueSource(source);
      }
      source.advance();
      this.enqueue(head);
    }
  }

  /**
   * Rejects the commands of `sink` that have not been sent with `reason`, and drops them.
   *
   * @internal
   */
  withdraw(sink: BatchSink, reason: unknown): void {
    this.#life.link?.withdraw(sink, reason);
  }

  /**
   * Asks the listeners to continue over another connection, as this one is to be replaced.
   *
   * @internal
   */
  retire(): void {
    this.#life.listeners.retired();
  }

  /** Lets the process end although the connection is open. It has no health checks until `ref()`. */
  unref(): void {
    this.#life.keepProcess(false);
  }

  /** Keeps the process alive while the connection is open: the default. */
  ref(): void {
    this.#life.keepProcess(true);
  }

  /** Waits for the replies that are due, then closes. Later commands are rejected. Never rejects. */
  close(): Promise<void> {
    return this.#life.close();
  }

  /** Closes at once. Waiting commands are rejected, with `cause` as the reason. */
  disconnect(cause?: Error): void {
    this.#life.end(cause);
  }

  /** Returns the connection to its pool, or closes it if it has none. */
  [Symbol.dispose](): void {
    if (this.#home !== undefined) this.#home.release(this);
    else this.disconnect();
  }

  /** Returns the text for `console.log`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `${this.constructor.name} { ${this.options}, ${this.state} }`;
  }

  /** The private side of a connection, for its lifecycle. */
  static readonly #Inside = class implements LifecycleOwner {
    readonly connection: Connection;

    constructor(connection: Connection) {
      this.connection = connection;
    }

    setup(): readonly (readonly Arg[])[] {
      return this.connection.setup();
    }

    another(): Connection {
      return new Connection(this.connection.options, { healthCheckInterval: 0 });
    }
  };
}
