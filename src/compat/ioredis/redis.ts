/**
 * The client of one server, as ioredis has it: one connection of its own, which is opened again when it is lost.
 *
 * ```text
 *   wait --connect()--> connecting --> connect --handshake--> ready --loss--> close --> reconnecting --> connecting
 *                                                                               \--> end
 * ```
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { nextTick } from "node:process";
import type { Transport } from "../../transport.ts";
import { type AutoPipeline, queueSize } from "./auto_pipelining.ts";
import { Command } from "./command.ts";
import { hasFlag, LOADING_COMMANDS } from "./command_flags.ts";
import { Commander } from "./commander.ts";
import { openConnection } from "./connecting.ts";
import { type Connector, StandaloneConnector } from "./connector.ts";
import { Dispatcher } from "./dispatch.ts";
import { addEvents } from "./events.ts";
import { checkReady } from "./handshake.ts";
import { DEFAULT_REDIS_OPTIONS, parseOptions, type RedisOptions } from "./options.ts";
import { closed, ready } from "./recovery.ts";
import { addScanStreams, type ScanStreams } from "./scan_stream.ts";
import { SentinelConnector } from "./sentinel/connector.ts";
import {
  asCallback,
  type Callback,
  CONNECTION_CLOSED_ERROR_MSG,
  defaults,
  isInteger,
  noop,
} from "./support.ts";
import type { Condition, FlushQueueOptions, RedisStatus } from "./client.ts";
import { addTransactions, type TransactionSupport } from "./transaction.ts";
import { commandTraces, connectTraces, traceCommand, tracedAddress } from "./tracing.ts";
import type { CommandItem, Wire } from "./wire.ts";

/** The client without a transport: the package's entry point adds the runtime's. */
export class RedisBase extends Commander {
  /** The transport for options that name none. */
  static readonly transport: Transport | undefined = undefined;
  /**
   * The class of further clients that this one makes.
   *
   * @internal
   */
  static client: typeof RedisBase = RedisBase;
  /** The class of commands. */
  static readonly Command: typeof Command = Command;

  /** The options that a client has where none are given. */
  static readonly defaultOptions: RedisOptions = DEFAULT_REDIS_OPTIONS;

  /** Makes a client; like the constructor. */
  // deno-lint-ignore no-explicit-any
  static createClient(...args: any[]): RedisBase {
    return new (this as unknown as new (...args: unknown[]) => RedisBase)(...args);
  }

  /** The options, with defaults. */
  declare options: RedisOptions;
  /** The status. */
  status: RedisStatus = "wait";
  /** Distinguishes it from a cluster's client. */
  readonly isCluster: boolean = false;
  /**
   * The state of the connection.
   *
   * @internal
   */
  condition: Condition | null = null;
  /** @internal */
  connectionEpoch = 0;
  /** @internal */
  retryAttempts = 0;
  /** @internal */
  manuallyClosing = false;
  /** @internal */
  reconnectTimeout: ReturnType<typeof setTimeout> | null = null;
  /**
   * Commands that wait for a connection.
   *
   * @internal
   */
  offlineQueue: CommandItem[] = [];
  /** @internal */
  prevCondition: Condition | null = null;
  /** @internal */
  prevCommandQueue: CommandItem[] | null = null;
  /** @internal */
  lostCommands: CommandItem[] = [];
  /** @internal */
  connector: Connector;
  /**
   * The connection.
   *
   * @internal
   */
  wire: Wire | undefined = undefined;
  /**
   * Aborts an attempt to connect.
   *
   * @internal
   */
  abortConnecting: (() => void) | undefined = undefined;
  /** @internal */
  readonly dispatcher: Dispatcher = new Dispatcher(this);
  /** @internal */
  _autoPipelines: Map<string, AutoPipeline> = new Map();
  /** @internal */
  _runningAutoPipelines: Set<string> = new Set();

  /** Makes a client of a port and a host. */
  constructor(port: number, host: string, options?: RedisOptions | null);
  /** Makes a client of a port, or of a path or a URL. */
  constructor(address: number | string | undefined, options?: RedisOptions | null);
  /** Makes a client of options. */
  constructor(options?: RedisOptions | null);
  // deno-lint-ignore no-explicit-any
  constructor(...args: any[]) {
    super();
    EventEmitter.call(this as unknown as EventEmitter);
    this.options = parseOptions(args.slice(0, 3));
    this.connector = this.options.sentinels
      ? new SentinelConnector(this.options, this)
      : new StandaloneConnector(this.options);
    for (const [name, script] of Object.entries(this.options.scripts ?? {})) this.defineCommand(name, script);
    if (this.options.lazyConnect) this.setStatus("wait");
    else this.connect().catch(noop);
  }

  /**
   * The transport.
   *
   * @internal
   */
  get transport(): Transport | undefined {
    return this.options.transport ?? (this.constructor as typeof RedisBase).transport;
  }

  /** Not supported: connections are not Node's streams. */
  get stream(): never {
    throw new Error("Cannot use `redis.stream`: @keywire/redis/ioredis has no stream; see its guide");
  }

  /** The commands that wait for a reply. */
  get commandQueue(): { readonly length: number } {
    return { length: this.wire?.pending ?? this.lostCommands.length };
  }

  /** The number of commands in pipelines that auto-pipelining collects. */
  get autoPipelineQueueSize(): number {
    return queueSize(this._autoPipelines);
  }

  /** The mode of the connection. */
  get mode(): "normal" | "subscriber" | "monitor" {
    if (this.options.monitor) return "monitor";
    return this.#subscriberOnly ? "subscriber" : "normal";
  }

  /** Under RESP2 a connection that is subscribed takes few commands. */
  get #subscriberOnly(): boolean {
    return Boolean(this.condition?.subscriber) && this.condition?.protocol !== 3;
  }

  /** Connects. Resolves when the client is ready. */
  connect(callback?: Callback<void>): Promise<void> {
    const connected = connectTraces.run(() => openConnection(this), () => ({
      ...tracedAddress(this),
      connectionEpoch: this.connectionEpoch,
    }));
    return asCallback(connected, callback);
  }

  /** Closes the connection at once, and reconnects if `reconnect` is true. */
  disconnect(reconnect = false): void {
    if (!reconnect) this.manuallyClosing = true;
    if (this.reconnectTimeout && !reconnect) {
      clearTimeout(this.reconnectTimeout);
      this.reconnectTimeout = null;
    }
    if (this.status === "wait") return closed(this, []);
    this.connector.disconnect();
    this.abortConnecting?.();
    this.wire?.end(this.options.disconnectTimeout ?? 2_000);
  }

  /** Closes the connection; the same as `disconnect()`. */
  end(): void {
    this.disconnect();
  }

  /** Makes a client with the same options, and others over them. */
  duplicate(override?: Partial<RedisOptions>): this {
    const { client } = this.constructor as typeof RedisBase;
    return new client({ ...this.options, ...override }) as this;
  }

  /**
   * Makes a client of another server.
   *
   * @internal
   */
  connectTo(options: RedisOptions): RedisBase {
    const { client } = this.constructor as typeof RedisBase;
    return new client(options);
  }

  /** Resolves with a client that emits `monitor` for each command that the server runs. */
  monitor(callback?: Callback<this>): Promise<this> {
    const monitor = this.duplicate({ monitor: true, lazyConnect: false });
    const entered = new Promise<this>((resolve, reject) => {
      monitor.once("error", reject);
      monitor.once("monitoring", () => resolve(monitor));
    });
    return asCallback(entered, callback);
  }

  /** Sends a command, or keeps it until there is a connection. */
  // deno-lint-ignore no-explicit-any
  override sendCommand(command: Command, stream?: unknown): any {
    const { options } = this;
    command.setReplyContext(this.condition ?? options);
    if (this.status === "wait") this.connect().catch(noop);
    if (this.status === "end") {
      command.reject(new Error(CONNECTION_CLOSED_ERROR_MSG));
      return command.answer;
    }
    if (this.#subscriberOnly && !hasFlag("VALID_IN_SUBSCRIBER_MODE", command.name)) {
      command.reject(new Error("Connection in subscriber mode, only subscriber commands may be used"));
      return command.answer;
    }
    if (typeof options.commandTimeout === "number") command.setTimeout(options.commandTimeout);
    const writable = this.#isWritable(command, stream);
    if (writable) this.#write(command, stream);
    else if (options.enableOfflineQueue) this.#queue(command, stream);
    else {
      command.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
      return command.answer;
    }
    if (command.name === "select" && isInteger(command.args[0])) {
      const db = Number.parseInt(command.args[0], 10);
      if (this.condition!.select !== db) {
        this.condition!.select = db;
        this.emit("select", db);
      }
    }
    if (writable && commandTraces.isActive) {
      const traced = traceCommand(this, command);
      if (command.sink === undefined) return traced;
    }
    return command.answer;
  }

  #isWritable(command: Command, stream: unknown): boolean {
    if (!this.wire?.writable) return false;
    if (this.status === "ready" || this.status === "monitoring") return true;
    if (stream || this.status !== "connect") return false;
    const name = command.name.toLowerCase();
    return this.condition!.handshake ? hasFlag("HANDSHAKE_COMMANDS", name) : LOADING_COMMANDS.has(name);
  }

  #write(command: Command, stream: unknown): void {
    const wire = this.wire!;
    wire.send(command.prepare(wire), stream, this.condition!.select);
    const { blockingTimeout } = this.options;
    if (blockingTimeout && blockingTimeout > 0 && hasFlag("BLOCKING_COMMANDS", command.name)) {
      const own = command.extractBlockingTimeout();
      if (own !== undefined) {
        command.setBlockingTimeout(
          own ? own + (this.options.blockingTimeoutGrace ?? 100) : blockingTimeout,
        );
      }
    }
    if (command.name.length === 4 && hasFlag("WILL_DISCONNECT", command.name)) this.manuallyClosing = true;
  }

  #queue(command: Command, stream: unknown): void {
    const { blockingTimeout } = this.options;
    if (command.name === "quit" && this.offlineQueue.length === 0) {
      this.disconnect();
      return command.resolve(Buffer.from("OK"));
    }
    this.offlineQueue.push({ command, stream, select: this.condition?.select });
    if (blockingTimeout && blockingTimeout > 0 && hasFlag("BLOCKING_COMMANDS", command.name)) {
      command.setBlockingTimeout(blockingTimeout);
    }
  }

  /**
   * Emits an event if it has a listener; an error without one is printed.
   *
   * @internal
   */
  silentEmit(event: string, arg?: unknown): boolean {
    if (event === "error") {
      if (this.status === "end") return false;
      const { message, syscall } = arg as { message?: string; syscall?: string };
      if (
        this.manuallyClosing && arg instanceof Error &&
        (message === CONNECTION_CLOSED_ERROR_MSG || syscall === "connect" || syscall === "read")
      ) return false;
    }
    if (this.listenerCount(event) > 0) return this.emit(event, arg);
    if (event === "error" && arg instanceof Error) {
      console.error("[ioredis] Unhandled error event:", arg.stack);
    }
    return false;
  }

  /**
   * Rejects waiting commands, and reconnects.
   *
   * @internal
   */
  recoverFromFatalError(_commandError: Error, error: Error, options?: FlushQueueOptions): void {
    this.flushQueue(error, options);
    this.silentEmit("error", error);
    this.disconnect(true);
  }

  /**
   * Rejects a failed command, and reconnects first if `reconnectOnError` requires it.
   *
   * @internal
   */
  handleReconnection(error: Error, item: CommandItem): void {
    const { name } = item.command;
    const ignored = hasFlag("IGNORE_RECONNECT_ON_ERROR", name) ||
      (this.condition?.handshake && hasFlag("HANDSHAKE_COMMANDS", name));
    const answer = !ignored && this.options.reconnectOnError?.(error);
    if (answer !== true && answer !== 1 && answer !== 2) return item.command.reject(error);
    if (this.status !== "reconnecting") this.disconnect(true);
    if (answer !== 2) return item.command.reject(error);
    if (this.condition?.select !== item.select && name !== "select") this.select(item.select!).catch(noop);
    this.sendCommand(item.command);
  }

  /**
   * Rejects waiting commands.
   *
   * @internal
   */
  flushQueue(error: Error, options?: FlushQueueOptions): void {
    const { offlineQueue, commandQueue } = defaults({} as FlushQueueOptions, options, {
      offlineQueue: true,
      commandQueue: true,
    });
    if (offlineQueue) {
      for (const { command } of this.offlineQueue.splice(0)) command.reject(error);
    }
    if (!commandQueue) return;
    const lost = [...this.prevCommandQueue ?? [], ...this.lostCommands];
    this.prevCommandQueue = null;
    this.lostCommands = [];
    for (const { command } of lost) command.reject(error);
    this.wire?.flush(error);
  }

  /** @internal */
  resetOfflineQueue(): void {
    this.offlineQueue = [];
  }

  /**
   * Changes the status, and emits it when the current turn is over, after promises that have settled: programs add
   * listeners until then.
   *
   * @internal
   */
  setStatus(status: RedisStatus, arg?: unknown): void {
    this.status = status;
    nextTick(() => this.emit(status, arg));
  }

  /**
   * The connection is ready.
   *
   * @internal
   */
  becomeReady(): void {
    ready(this);
  }

  /** @internal */
  _readyCheck(callback: (error: Error | null, info?: Record<string, string>) => void): void {
    checkReady(this, callback);
  }
}

/** The members of the client that other parts implement. */
export interface RedisBase extends EventEmitter, TransactionSupport, ScanStreams {}

addEvents(RedisBase.prototype);
addTransactions(RedisBase.prototype);
addScanStreams(RedisBase.prototype);
