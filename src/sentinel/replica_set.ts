/**
 * The replicas of a service: found by way of the sentinels, and looked for again after events, losses and some time.
 *
 * @module
 */
import type { Timer } from "../clock.ts";
import type { CloseOptions } from "../pool/stats.ts";
import { configuredZone } from "../topology/read_selector.ts";
import { formatAddress } from "../topology/format_address.ts";
import type { ReadingOptions } from "./reading_options.ts";
import { ReplicaNode } from "./replica.ts";
import type { ReplicaAnswer } from "./replies.ts";
import type { SentinelClient } from "./sentinel_client.ts";

/**
 * The milliseconds after an event or a loss until the sentinels are asked for the replicas again. Sentinels learn in
 * steps, and do not announce short outages of replicas. The delay doubles each time.
 */
const SOON = 500;
/** Milliseconds between looks at most. */
const SELDOM = 10_000;

/** Keeps a node for each replica that can be read from. */
export class ReplicaSet {
  /** The error of the last request to the sentinels, if it failed. */
  reason: Error | undefined = undefined;
  readonly #options: ReadingOptions;
  readonly #sentinels: SentinelClient;
  readonly #looksAgain: () => void;
  readonly #nodes: Map<string, ReplicaNode> = new Map();
  #unwatch: (() => void) | undefined = undefined;
  #looking: Promise<void> | undefined = undefined;
  #timer: Timer = undefined;
  #ended = false;

  /** Queries no sentinel before `begin()`; calls `looksAgain` when it looks by itself. */
  constructor(options: ReadingOptions, sentinels: SentinelClient, looksAgain: () => void) {
    this.#options = options;
    this.#sentinels = sentinels;
    this.#looksAgain = looksAgain;
  }

  /** The replicas. */
  get nodes(): ReplicaNode[] {
    return [...this.#nodes.values()];
  }

  /** Looks for the replicas; resolves when one of them is ready, or none can be. */
  async begin(): Promise<void> {
    this.#unwatch = this.#sentinels.watch(this.#options.service, {
      switched: (address) => {
        this.#drop(this.#nodes.get(formatAddress(address)));
        this.#look();
      },
      changed: () => void this.#look(),
    });
    await this.#look();
    const opened = this.nodes.map(async (node) => {
      await node.opened;
      if (!node.ready) throw new Error("gone");
    });
    await Promise.any(opened).catch(() => {});
  }

  /** Closes the connections to all replicas, and looks for no more. */
  async close(options?: CloseOptions): Promise<void> {
    this.#ended = true;
    this.#unwatch?.();
    this.#options.home.background.clear(this.#timer);
    await Promise.all(this.nodes.map((node) => node.executor.close(options)));
  }

  #look(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#schedule(SOON);
    return this.#query();
  }

  #query(): Promise<void> {
    return this.#looking ??= this.#compare().finally(() => this.#looking = undefined);
  }

  async #compare(): Promise<void> {
    try {
      const replicas = await this.#sentinels.findReplicas(this.#options.service);
      this.reason = undefined;
      if (!this.#ended) this.#take(replicas);
    } catch (error) {
      // No sentinel replies: keep using the known replicas.
      this.reason = error as Error;
    }
  }

  #take(replicas: readonly ReplicaAnswer[]): void {
    const named = new Set(replicas.map(({ address }) => formatAddress(address)));
    for (const node of this.nodes) if (!named.has(node.name)) this.#drop(node);
    const { replica, open, readFrom } = this.#options;
    for (const { address, sure, linked } of replicas) {
      const name = formatAddress(address);
      let node = this.#nodes.get(name);
      if (sure && node === undefined) {
        const pool = replica(address);
        const zone = configuredZone(readFrom, address);
        node = new ReplicaNode(address, pool, open(pool), zone, (lost) => this.#lost(lost));
        this.#nodes.set(name, node);
      }
      if (node !== undefined) node.announcedLinked = linked;
    }
  }

  #lost(node: ReplicaNode): void {
    if (this.#ended || node.gone) return;
    this.#drop(node);
    this.#schedule(SOON);
  }

  #drop(node: ReplicaNode | undefined): void {
    if (node === undefined || node.gone) return;
    this.#nodes.delete(node.name);
    node.drop();
  }

  #schedule(delay: number): void {
    this.#options.home.background.clear(this.#timer);
    if (this.#ended) return;
    this.#timer = this.#options.home.background.set(() => {
      void this.#query();
      this.#looksAgain();
      // Without known replicas, the next query follows sooner.
      this.#schedule(this.#nodes.size === 0 ? SOON : Math.min(2 * delay, SELDOM));
    }, delay);
  }
}
