/**
 * The client of a cluster, as ioredis has it: one client for each node, and the slots that they serve.
 *
 * @module
 */
import { EventEmitter } from "node:events";
import { nextTick } from "node:process";
import { type AutoPipeline, queueSize } from "../auto_pipelining.ts";
import type { Command } from "../command.ts";
import { Commander } from "../commander.ts";
import { addEvents } from "../events.ts";
import { ClusterAllFailedError, RedisError } from "../errors.ts";
import type { RedisOptions } from "../options.ts";
import { RedisBase } from "../redis.ts";
import { addScanStreams, type ScanStreams } from "../scan_stream.ts";
import { asCallback, type Callback, CONNECTION_CLOSED_ERROR_MSG, defaults, noop } from "../support.ts";
import { addTransactions, type TransactionSupport } from "../transaction.ts";
import { ConnectionPool } from "./connection_pool.ts";
import {
  type ClusterStatus,
  type ErrorHandlers,
  isConnecting,
  type Left,
  type Target,
  type Waiting,
} from "./contract.ts";
import { DelayQueue } from "./delay_queue.ts";
import { decide } from "./error_policy.ts";
import {
  type ClusterNode,
  type ClusterOptions,
  DEFAULT_CLUSTER_OPTIONS,
  mapAddress,
  type NodeOptions,
  type NodeRole,
} from "./options.ts";
import { Routing } from "./routing.ts";
import { ShardedSubscribers } from "./sharded_subscribers.ts";
import { isInOrder, readRanges, SlotGroups, type SlotRange } from "./slots.ts";
import { SlotsRefresher } from "./slots_refresher.ts";
import { resolveStartupNodes } from "./startup_nodes.ts";
import { ClusterSubscriber } from "./subscriber.ts";

/** A cluster's client without a transport: the package's entry point adds the runtime's. */
export class ClusterBase extends Commander {
  /** @internal */
  static readonly client: typeof RedisBase = RedisBase;

  /** The options, with defaults. */
  declare options: ClusterOptions;
  /** The status. */
  status: ClusterStatus | undefined = undefined;
  /** Distinguishes it from a client of one server. */
  readonly isCluster: boolean = true;
  /** The keys of the nodes that serve each slot, the master first. */
  slots: string[][] = [];
  /** The nodes that the client was made with. */
  readonly startupNodes: readonly ClusterNode[];
  /** @internal */
  readonly connectionPool: ConnectionPool;
  /** @internal */
  offlineQueue: Waiting[] = [];
  /** @internal */
  _autoPipelines: Map<string, AutoPipeline> = new Map();
  /** @internal */
  _runningAutoPipelines: Set<string> = new Set();
  readonly #groups = new SlotGroups();
  readonly #delayQueue = new DelayQueue();
  readonly #subscriber: ClusterSubscriber;
  readonly #sharded: ShardedSubscribers | undefined;
  #manuallyClosing = false;
  #retryAttempts = 0;
  #epoch = 0;
  #reconnectTimeout: ReturnType<typeof setTimeout> | null = null;
  readonly #refresher: SlotsRefresher = new SlotsRefresher(this, (ranges) => this.#setSlots(ranges));
  #readyCallbacks: ((error?: Error) => void)[] = [];

  /**
   * Makes a client of the cluster that some nodes belong to.
   *
   * @throws {Error} for an invalid `scaleReads`.
   */
  constructor(startupNodes: readonly ClusterNode[], options: ClusterOptions = {}) {
    super();
    EventEmitter.call(this as unknown as EventEmitter);
    this.startupNodes = startupNodes;
    this.options = defaults({} as ClusterOptions, options, DEFAULT_CLUSTER_OPTIONS);
    const { scaleReads, redisOptions, strict } = this.options;
    if (redisOptions?.keyPrefix && !this.options.keyPrefix) this.options.keyPrefix = redisOptions.keyPrefix;
    if (typeof scaleReads !== "function" && !["all", "master", "slave"].includes(scaleReads!)) {
      throw new Error(
        `Invalid option scaleReads "${scaleReads}". Expected "all", "master", "slave" or a custom function`,
      );
    }
    const make = (given: RedisOptions): RedisBase =>
      new (this.constructor as typeof ClusterBase).client(given);
    const nodeOptions = { ...(strict ? { strict } : {}), ...redisOptions };
    const pool = new ConnectionPool(nodeOptions, this.options.clusterNodeRetryStrategy, make);
    pool.on("-node", (redis: RedisBase) => this.emit("-node", redis));
    pool.on("+node", (redis: RedisBase) => this.emit("+node", redis));
    pool.on("drain", () => this.#setStatus("close"));
    pool.on("nodeError", (error: Error, key: string) => this.emit("node error", error, key));
    this.connectionPool = pool;
    this.#subscriber = new ClusterSubscriber(pool, this, make);
    this.#sharded = this.options.shardedSubscribers ? new ShardedSubscribers(pool, this, make) : undefined;
    for (const [name, script] of Object.entries(this.options.scripts ?? {})) this.defineCommand(name, script);
    this.on("forceRefresh", () => this.refreshSlotsCache());
    if (this.options.lazyConnect) this.#setStatus("wait");
    else this.connect().catch(noop);
  }

  /** The number of commands in pipelines that auto-pipelining collects. */
  get autoPipelineQueueSize(): number {
    return queueSize(this._autoPipelines);
  }

  /** @internal */
  get _groupsBySlot(): (number | undefined)[] {
    return this.#groups.bySlot;
  }

  /** Connects. Resolves when the client is ready. */
  async connect(): Promise<void> {
    if (this.status === "connecting" || this.status === "connect" || this.status === "ready") {
      throw new Error("Redis is already connecting/connected");
    }
    const epoch = ++this.#epoch;
    this.#setStatus("connecting");
    let nodes: NodeOptions[];
    try {
      nodes = await resolveStartupNodes(this.startupNodes, this.options);
      if (this.#epoch !== epoch) {
        throw new RedisError("Connection is discarded because a new connection is made");
      }
      if (!isConnecting(this)) throw new RedisError("Connection is aborted");
      this.connectionPool.reset(nodes);
    } catch (error) {
      if (this.#epoch === epoch && isConnecting(this)) {
        this.#setStatus("close");
        this.#closed(error as Error);
        this.#callReady(error as Error);
      }
      throw error;
    }
    await this.#becomeReady();
  }

  #becomeReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const ready = (): void => {
        this.#setStatus("ready");
        this.#retryAttempts = 0;
        this.#sendOffline();
        this.#refresher.start();
        resolve();
      };
      const onRefresh = (): void => {
        this.#callReady();
        this.off("close", onClose);
        this.#manuallyClosing = false;
        this.#setStatus("connect");
        if (!this.options.enableReadyCheck) return ready();
        isInOrder(this).then((inOrder) => {
          if (this.status !== "connect") return;
          if (inOrder) ready();
          else this.disconnect(true);
        });
      };
      const onClose = (): void => {
        const error = new Error("None of startup nodes is available");
        this.off("refresh", onRefresh);
        this.#callReady(error);
        reject(error);
      };
      this.once("refresh", onRefresh);
      this.once("close", onClose);
      this.once("close", () => this.#closed());
      this.refreshSlotsCache((error) => {
        if (error?.message !== ClusterAllFailedError.defaultMessage) return;
        RedisBase.prototype.silentEmit.call(this as unknown as RedisBase, "error", error);
        this.connectionPool.reset([]);
      });
      this.#subscriber.start();
    });
  }

  /** Disconnects from all nodes, and reconnects if `reconnect` is true. */
  disconnect(reconnect = false): void {
    const { status } = this;
    if (status === "end") return;
    this.#setStatus("disconnecting");
    if (!reconnect) this.#stopReconnecting();
    this.#stopSubscribers();
    if (status !== "wait" && status !== "reconnecting") return this.connectionPool.reset([]);
    this.#setStatus("close");
    this.#closed();
  }

  /** Sends QUIT to all nodes. */
  // deno-lint-ignore no-explicit-any
  override quit(...args: any[]): Promise<"OK"> {
    const callback = args[0] as Callback<"OK"> | undefined;
    const { status } = this;
    this.#setStatus("disconnecting");
    this.#stopReconnecting();
    this.#stopSubscribers();
    if (status === "wait") {
      setTimeout(() => {
        this.#setStatus("close");
        this.#closed();
      }, 0);
      return asCallback(Promise.resolve("OK" as const), callback);
    }
    const all = this.nodes().map((node) =>
      (node.quit() as Promise<unknown>).catch((error) => {
        if (error.message !== CONNECTION_CLOSED_ERROR_MSG) throw error;
      })
    );
    return asCallback(Promise.all(all).then(() => "OK" as const), callback);
  }

  #stopReconnecting(): void {
    this.#manuallyClosing = true;
    if (this.#reconnectTimeout) clearTimeout(this.#reconnectTimeout);
    this.#reconnectTimeout = null;
  }

  #stopSubscribers(): void {
    this.#refresher.stop();
    this.#subscriber.stop();
    this.#sharded?.stop();
  }

  /** Makes a client of the same cluster, or of other nodes, with options over its own. */
  duplicate(nodes: readonly ClusterNode[] = [], over: ClusterOptions = {}): this {
    const options = { ...this.options, ...over };
    if (this.options.redisOptions && over.redisOptions) {
      options.redisOptions = { ...this.options.redisOptions, ...over.redisOptions };
    }
    const make = this.constructor as new (nodes: readonly ClusterNode[], options: ClusterOptions) => this;
    return new make(nodes.length > 0 ? nodes : this.startupNodes, options);
  }

  /** Returns the clients of nodes. */
  nodes(role: NodeRole = "all"): RedisBase[] {
    if (role !== "all" && role !== "master" && role !== "slave") {
      throw new Error(`Invalid role "${role}". Expected "all", "master" or "slave"`);
    }
    return this.connectionPool.getNodes(role);
  }

  /** @internal */
  delayUntilReady(callback: (error?: Error) => void): void {
    this.#readyCallbacks.push(callback);
  }

  #callReady(error?: Error): void {
    const callbacks = this.#readyCallbacks;
    this.#readyCallbacks = [];
    for (const callback of callbacks) nextTick(() => callback(error));
  }

  /** Asks nodes which slots they serve. */
  refreshSlotsCache(callback?: (error?: Error) => void): void {
    this.#refresher.refresh(callback);
  }

  #setSlots(ranges: readonly SlotRange[]): void {
    const nodes = readRanges(ranges, this.slots, (address) => this.natMapper(address));
    this.#groups.reset(this.slots);
    this.connectionPool.reset(nodes);
    this.#sharded?.reset(this.slots);
  }

  /** @internal */
  noteMoved(slot: number, key: string, inPlace = false): void {
    const known = this.slots[slot];
    if (known === undefined) this.slots[slot] = [key];
    else if (inPlace) known[0] = key;
    else if (known[0] !== key) this.slots[slot] = [key];
    this.#groups.note(slot, this.slots[slot]!);
  }

  /** @internal */
  subscriberFor(command: Command): RedisBase | Error | null {
    const sharded = command.name === "ssubscribe" || command.name === "sunsubscribe";
    if (sharded && this.#sharded !== undefined) return this.#sharded.responsible(command, this.slots);
    return this.#subscriber.getInstance();
  }

  /** Sends a command to the node that serves its slot. */
  // deno-lint-ignore no-explicit-any
  override sendCommand(command: Command, stream?: unknown, node?: Target): any {
    if (this.status === "wait") this.connect().catch(noop);
    if (this.status === "end") {
      command.reject(new Error(CONNECTION_CLOSED_ERROR_MSG));
      return command.answer;
    }
    new Routing(this, command, stream, node).send();
    return command.answer;
  }

  /** @internal */
  handleError(error: Error, left: Left, handlers: ErrorHandlers): void {
    decide(this, this.#delayQueue, error, left, handlers);
  }

  /** @internal */
  natMapper(node: string | { host: string; port: number }): { host: string; port: number } {
    return mapAddress(node, this.options.natMap);
  }

  #sendOffline(): void {
    for (const { command, stream, node } of this.offlineQueue.splice(0)) {
      this.sendCommand(command, stream, node);
    }
  }

  #setStatus(status: ClusterStatus): void {
    this.status = status;
    nextTick(() => this.emit(status));
  }

  /** All nodes are gone: reconnects, or ends the client. */
  #closed(reason?: Error): void {
    const { clusterRetryStrategy } = this.options;
    const delay = !this.#manuallyClosing && typeof clusterRetryStrategy === "function"
      ? clusterRetryStrategy.call(this, ++this.#retryAttempts, reason)
      : undefined;
    if (typeof delay === "number") {
      this.#setStatus("reconnecting");
      this.#reconnectTimeout = setTimeout(() => {
        this.#reconnectTimeout = null;
        this.connect().catch(noop);
      }, delay);
      return;
    }
    this.#setStatus("end");
    const error = new Error("None of startup nodes is available");
    for (const { command } of this.offlineQueue.splice(0)) command.reject(error);
  }
}

/** The members of the client that other parts implement. */
export interface ClusterBase extends EventEmitter, TransactionSupport, ScanStreams {}

addEvents(ClusterBase.prototype);
addTransactions(ClusterBase.prototype);
addScanStreams(ClusterBase.prototype, true);
