/**
 * The clients of a cluster's nodes, by address and role.
 *
 * @module
 */
import { EventEmitter } from "node:events";
import type { RedisOptions, RetryStrategy } from "../options.ts";
import type { RedisBase } from "../redis.ts";
import { defaults, noop, sample } from "../support.ts";
import { nodeKey, type NodeOptions, type NodeRole } from "./options.ts";

/** Makes a client. */
export type MakeClient = (options: RedisOptions) => RedisBase;

type Nodes = Record<string, RedisBase>;

/** The clients of nodes. Emits `+node`, `-node`, `nodeError` and `drain`. */
export class ConnectionPool extends EventEmitter {
  /** The clients by role and key. */
  readonly nodes: Record<NodeRole, Nodes> = { all: {}, master: {}, slave: {} };
  readonly #options: RedisOptions;
  readonly #retryStrategy: RetryStrategy;
  readonly #make: MakeClient;
  /** The options of startup nodes besides their addresses. */
  readonly #given: Map<string, NodeOptions> = new Map();

  /** Makes clients with options. */
  constructor(options: RedisOptions, retryStrategy: RetryStrategy, make: MakeClient) {
    super();
    this.#options = options;
    this.#retryStrategy = retryStrategy;
    this.#make = make;
  }

  /** Returns the clients of a role. */
  getNodes(role: NodeRole = "all"): RedisBase[] {
    return Object.values(this.nodes[role]);
  }

  /** Returns the client of a node. */
  getInstanceByKey(key: string): RedisBase | undefined {
    return this.nodes.all[key];
  }

  /** Returns any client of a role. */
  getSampleInstance(role: NodeRole): RedisBase | undefined {
    return sample(this.getNodes(role)) ?? undefined;
  }

  /** Returns the client of a node, new or not, in a role. */
  findOrCreate(node: NodeOptions, readOnly = false): RedisBase {
    const key = nodeKey(node);
    const given = this.#given.get(key);
    if (given !== undefined) Object.assign(node, given);
    else this.#given.set(key, node);
    const known = this.nodes.all[key];
    if (known !== undefined) {
      this.#setRole(known, key, readOnly);
      return known;
    }
    const redis = this.#make(
      defaults(
        {
          retryStrategy: typeof this.#retryStrategy === "function" ? this.#retryStrategy : null,
          enableOfflineQueue: true,
          readOnly,
        } as RedisOptions,
        node,
        this.#options,
        { lazyConnect: true },
      ),
    );
    this.nodes.all[key] = redis;
    this.nodes[readOnly ? "slave" : "master"][key] = redis;
    redis.once("end", () => {
      // Replaced meanwhile.
      if (this.nodes.all[key] !== undefined && this.nodes.all[key] !== redis) return;
      this.#remove(key);
      this.emit("-node", redis, key);
      if (Object.keys(this.nodes.all).length === 0) this.emit("drain");
    });
    this.emit("+node", redis, key);
    redis.on("error", (error: Error) => this.emit("nodeError", error, key));
    return redis;
  }

  #setRole(redis: RedisBase, key: string, readOnly: boolean): void {
    if (redis.options.readOnly === readOnly) return;
    redis.options.readOnly = readOnly;
    (readOnly ? redis.readonly() : redis.readwrite()).catch(noop);
    delete this.nodes[readOnly ? "master" : "slave"][key];
    this.nodes[readOnly ? "slave" : "master"][key] = redis;
  }

  /** Replaces the client of a node: its connection leads to a server that is another one now. */
  recreate(node: NodeOptions): RedisBase {
    const key = nodeKey(node);
    const known = this.nodes.all[key];
    if (known !== undefined) {
      this.#remove(key);
      known.disconnect();
    }
    const redis = this.findOrCreate(node);
    if (known !== undefined) this.emit("-node", known, key);
    return redis;
  }

  /** Keeps the clients of these nodes, creates missing ones, and disconnects all others. */
  reset(nodes: readonly NodeOptions[]): void {
    const wanted: Record<string, NodeOptions> = {};
    for (const node of nodes) {
      const key = nodeKey(node);
      if (!(node.readOnly && wanted[key])) wanted[key] = node;
    }
    for (const [key, redis] of Object.entries(this.nodes.all)) {
      if (wanted[key]) continue;
      redis.disconnect();
      this.#remove(key);
    }
    for (const node of Object.values(wanted)) this.findOrCreate(node, Boolean(node.readOnly));
  }

  #remove(key: string): void {
    const { all, master, slave } = this.nodes;
    delete all[key];
    delete master[key];
    delete slave[key];
  }
}
