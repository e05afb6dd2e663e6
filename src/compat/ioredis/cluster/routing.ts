/**
 * Sends a command to the node that serves its slot, and again after redirections and losses.
 *
 * @module
 */
import { hasFlag } from "../command_flags.ts";
import { isReadOnly } from "../command_table.ts";
import type { Command } from "../command.ts";
import { AbortError } from "../errors.ts";
import type { RedisBase } from "../redis.ts";
import { CONNECTION_CLOSED_ERROR_MSG, noop, sample } from "../support.ts";
import type { ClusterParts, Left, Target } from "./contract.ts";
import { nodeKey, type NodeOptions, type NodeRole } from "./options.ts";

type Router = (nodes: RedisBase[], command: Command) => RedisBase | RedisBase[] | undefined;

const routed: WeakSet<Command> = new WeakSet();

/** A command on its way through a cluster. */
export class Routing {
  readonly #cluster: ClusterParts;
  readonly #command: Command;
  readonly #stream: unknown;
  readonly #node: Target | undefined;
  readonly #to: NodeRole | Router;
  readonly #left: Left = {};
  #slot: number | null | undefined;
  /** The node that refused it last. */
  #last: RedisBase | undefined = undefined;

  /** Makes a command ready; its errors may send it again. */
  constructor(cluster: ClusterParts, command: Command, stream: unknown, node: Target | undefined) {
    this.#cluster = cluster;
    this.#command = command;
    this.#stream = stream;
    this.#node = node;
    const to = cluster.options.scaleReads ?? "master";
    this.#to = command.isReadOnly || isReadOnly(command.name) ? to : "master";
    this.#slot = node === undefined ? command.getSlot() : node.slot;
    if (node !== undefined || routed.has(command)) return;
    routed.add(command);
    const { reject } = command;
    command.reject = (error) => this.#failed(error, (reason) => reject(reason));
  }

  #failed(error: Error, reject: (error: Error) => void): void {
    const cluster = this.#cluster;
    const anywhere = (): void => this.send(true);
    cluster.handleError(error, this.#left, {
      moved: (slot, key) => {
        this.#slot = slot;
        cluster.noteMoved(slot, key, true);
        const node = cluster.natMapper(key) as NodeOptions;
        const mapped = nodeKey(node);
        const pool = cluster.connectionPool;
        // Redirected to itself: another server has taken the place of the one that the connection leads to.
        const same = this.#last !== undefined && nodeKey({ ...this.#last.options }) === mapped &&
          pool.getInstanceByKey(mapped) === this.#last;
        if (same) pool.recreate(node);
        else pool.findOrCreate(node);
        this.send();
        cluster.refreshSlotsCache();
      },
      ask: (_slot, key) => {
        const node = cluster.natMapper(key) as NodeOptions;
        cluster.connectionPool.findOrCreate(node);
        this.send(false, `${node.host}:${node.port}`);
      },
      tryagain: anywhere,
      clusterDown: anywhere,
      connectionClosed: anywhere,
      maxRedirections: reject,
      defaults: () => reject(error),
    });
  }

  /** Sends the command: to any node, or with ASKING to one, else to the one that serves the slot. */
  send(anywhere = false, asking?: string): void {
    const cluster = this.#cluster;
    const command = this.#command;
    if (cluster.status === "end") return command.reject(new AbortError("Cluster is ended."));
    let redis: RedisBase | undefined;
    if (cluster.status === "ready" || command.name === "cluster") {
      const chosen = this.#choose(anywhere, asking);
      if (chosen === null) return;
      redis = chosen;
      if (this.#node !== undefined) this.#node.redis ??= redis;
    }
    if (redis === undefined) {
      if (cluster.options.enableOfflineQueue) {
        cluster.offlineQueue.push({ command, stream: this.#stream, node: this.#node });
      } else {
        command.reject(new Error("Cluster isn't ready and enableOfflineQueue options is false"));
      }
      return;
    }
    this.#last = redis;
    if (asking !== undefined) redis.asking().catch(noop);
    redis.sendCommand(command, this.#stream);
  }

  /** Returns the node; null where the command is rejected. */
  #choose(anywhere: boolean, asking: string | undefined): RedisBase | null | undefined {
    const cluster = this.#cluster;
    const command = this.#command;
    if (this.#node?.redis !== undefined) return this.#node.redis;
    if (hasFlag("ENTER_SUBSCRIBER_MODE", command.name) || hasFlag("EXIT_SUBSCRIBER_MODE", command.name)) {
      const subscriber = cluster.subscriberFor(command);
      if (subscriber instanceof Error) command.reject(subscriber);
      else if (subscriber !== null) return subscriber;
      else command.reject(new AbortError("No subscriber for the cluster"));
      return null;
    }
    const pool = cluster.connectionPool;
    let redis = anywhere ? undefined : this.#bySlot();
    if (asking !== undefined) redis = pool.getInstanceByKey(asking);
    redis ??= (typeof this.#to === "function" ? undefined : pool.getSampleInstance(this.#to)) ??
      pool.getSampleInstance("all");
    if (
      redis !== undefined && !cluster.options.enableOfflineQueue && redis.status !== "ready" &&
      redis.status !== "wait"
    ) {
      command.reject(new Error(CONNECTION_CLOSED_ERROR_MSG));
      return null;
    }
    return redis;
  }

  #bySlot(): RedisBase | undefined {
    const keys = typeof this.#slot === "number" ? this.#cluster.slots[this.#slot] : undefined;
    if (keys === undefined) return undefined;
    const pool = this.#cluster.connectionPool;
    const to = this.#to;
    if (typeof to === "function") {
      const nodes = keys.map((key) => pool.getInstanceByKey(key)!);
      const chosen = to(nodes, this.#command);
      return (Array.isArray(chosen) ? sample(chosen) : chosen) || nodes[0];
    }
    const key = to === "all" ? sample(keys) : to === "slave" && keys.length > 1 ? sample(keys, 1) : keys[0];
    return pool.getInstanceByKey(key!);
  }
}
