/**
 * All known sentinels, their replies, and their announcements while listeners exist.
 *
 * @module
 */
import { ReplyError } from "../errors.ts";
import type { Reply } from "../resp/types.ts";
import type { AddressFunction } from "../topology/address_map.ts";
import { formatAddress, type ServerAddress } from "../topology/format_address.ts";
import {
  InvalidAnswer,
  type MasterAnswer,
  masterCommands,
  type OtherSentinel,
  readMaster,
  readOthers,
  readReplicas,
  type ReplicaAnswer,
} from "./replies.ts";
import { discoveryError, type Outcome, querySentinels } from "./query_sentinels.ts";
import { type ConnectSentinel, SentinelConnection } from "./sentinel_connection.ts";
import { Service, type ServiceListener } from "./service.ts";
import { type SentinelEventListener, SentinelEvents } from "./sentinel_events.ts";

/** The settings of a sentinel client. */
export interface SentinelClientSettings {
  /** The initial sentinels. */
  readonly seeds: readonly ServerAddress[];
  /** Makes connections to them. */
  readonly connect: ConnectSentinel;
  /** Makes the address that can be reached of one that was announced. */
  readonly mapAddress: AddressFunction;
  /** The number of other sentinels that a sentinel must know. */
  readonly minOthers: number;
}

const NOBODY: ReadonlyMap<string, string> = new Map();

/** The sentinels. */
export class SentinelClient implements SentinelEventListener {
  readonly #options: SentinelClientSettings;
  readonly #services: Map<string, Service> = new Map();
  readonly #watches: Map<SentinelConnection, SentinelEvents> = new Map();
  /** The sentinels; the one with the last valid reply is first. */
  #peers: SentinelConnection[];
  /** The number of listeners and pending queries. */
  #users = 0;
  #watchers = 0;
  #keepsProcess = true;

  /** Creates a client that has not asked any sentinel. */
  constructor(options: SentinelClientSettings) {
    this.#options = options;
    this.#peers = options.seeds.map((address) => new SentinelConnection(address, options.connect, false));
  }

  /** The sentinels that are known now. */
  get addresses(): ServerAddress[] {
    return this.#peers.map(({ address }) => address);
  }

  /** Listens to announcements about a service. Returns a function that stops it. */
  watch(name: string, listener: ServiceListener): () => void {
    const { listeners } = this.service(name);
    listeners.add(listener);
    this.#users++;
    if (++this.#watchers === 1) { for (const peer of this.#peers) this.#listen(peer); }
    return () => {
      if (!listeners.delete(listener)) return;
      if (--this.#watchers === 0) {
        for (const watch of this.#watches.values()) watch.stop();
        this.#watches.clear();
      }
      this.#leave();
    };
  }

  /** Sets whether the connections to sentinels, and what they wait for, keep the process alive. */
  keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    for (const peer of this.#peers) peer.keepProcess(alive);
    for (const watch of this.#watches.values()) watch.keepProcess(alive);
  }

  /** Returns the known state of a service. */
  service(name: string): Service {
    let service = this.#services.get(name);
    if (service === undefined) this.#services.set(name, service = new Service(name));
    return service;
  }

  /**
   * Finds the master of a service. `refused` are addresses that were found not to be the master.
   *
   * @throws {ConnectionError} with code `NO_MASTER` if no sentinel gives a valid reply; the message has the reply of
   * each.
   * @throws {AuthenticationError} if all sentinels refuse the credentials.
   */
  async findMaster(
    name: string,
    refused: ReadonlyMap<string, string> = NOBODY,
    signal?: AbortSignal,
  ): Promise<MasterAnswer> {
    const service = this.service(name);
    const late: MasterAnswer[] = [];
    const outcome = await this.#ask(
      masterCommands(name),
      (replies, peer) => this.#readMaster(replies, peer, service, service.known?.address, refused, late),
      signal,
    );
    if ("value" in outcome) return outcome.value;
    const unreachable = outcome.refusals.filter(({ error }) =>
      !(error instanceof InvalidAnswer || error instanceof ReplyError)
    );
    for (const { peer } of unreachable) service.forget(peer.name);
    const silent = unreachable.length === outcome.refusals.length;
    const fallback = service.fallback(this.#peers.length, refused, late, silent);
    if (fallback !== undefined) return fallback;
    throw discoveryError("the master", name, outcome.refusals);
  }

  /** Finds the replicas of a service that are up; there may be none. Throws as `findMaster` does. */
  async findReplicas(name: string, signal?: AbortSignal): Promise<ReplicaAnswer[]> {
    const outcome = await this.#ask(
      [["SENTINEL", "REPLICAS", name]],
      (replies) => readReplicas(replies[0], this.#options.mapAddress),
      signal,
    );
    if ("value" in outcome) return outcome.value;
    throw discoveryError("the replicas", name, outcome.refusals);
  }

  /** @inheritdoc */
  listening(peer: SentinelConnection): void {
    for (const service of this.#services.values()) {
      if (service.listeners.size > 0) this.#check(peer, service);
    }
  }

  /** @inheritdoc */
  announced(peer: SentinelConnection, channel: string, message: string): void {
    const words = message.split(" ");
    // "+switch-master" names the service first; the others end in it, as "master NAME" or "... @ NAME ip port".
    const at = words.indexOf("@");
    const name = channel === "+switch-master" ? words[0]! : words[at < 0 ? 1 : at + 1] ?? "";
    const service = this.#services.get(name);
    if (service === undefined || service.listeners.size === 0) return;
    if (channel === "+switch-master") {
      const [, , , host, port] = words;
      try {
        this.#check(peer, service, this.#options.mapAddress({ host: host!, port: Number(port) }));
      } catch {
        // A message that names no address is nothing to follow.
      }
    } else if (channel === "+sentinel" || channel === "+promoted-slave" || channel === "+monitor") {
      this.#check(peer, service);
    }
    service.notify();
  }

  /** Asks the sentinel that announced a change for its present state, because the announcement may be outdated. */
  #check(peer: SentinelConnection, service: Service, announced?: ServerAddress): void {
    peer.ask(masterCommands(service.name)).then((replies) => {
      if (this.#users === 0) return void peer.close();
      const answer = this.#readMaster(replies, peer, service, announced, NOBODY, []);
      // Before the first connection there is nothing that could have moved.
      if (service.known !== undefined) service.confirm(answer);
    }).catch(() => {
      // The sentinel is unreachable, or its reply is invalid: the others announce the same.
    });
  }

  /** Reads the replies to `masterCommands`, and learns of other sentinels by them. */
  #readMaster(
    replies: readonly (Reply | Error)[],
    peer: SentinelConnection,
    service: Service,
    trusted: ServerAddress | undefined,
    refused: ReadonlyMap<string, string>,
    late: MasterAnswer[],
  ): MasterAnswer {
    const { mapAddress, minOthers } = this.#options;
    this.#meet(peer, replies[3], readOthers(replies[2], mapAddress));
    let answer: MasterAnswer;
    try {
      answer = readMaster(replies, mapAddress, minOthers, trusted);
    } catch (error) {
      service.forget(peer.name);
      throw error;
    }
    const from = { sentinel: peer.name, sentinels: this.#peers.length };
    return service.accept(answer, from, refused, late);
  }

  /** Asks all sentinels. Without listeners, connections are closed after the query. */
  async #ask<T>(
    commands: readonly (readonly string[])[],
    read: Parameters<typeof querySentinels<T>>[2],
    signal: AbortSignal | undefined,
  ): Promise<Outcome<T>> {
    this.#users++;
    try {
      const outcome = await querySentinels(this.#peers, commands, read, signal);
      if ("value" in outcome && this.#peers[0] !== outcome.peer) {
        this.#peers = [outcome.peer, ...this.#peers.filter((peer) => peer !== outcome.peer)];
      }
      return outcome;
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    if (--this.#users === 0) { for (const peer of this.#peers) peer.close(); }
  }

  #listen(peer: SentinelConnection): void {
    if (this.#watchers === 0) return;
    const watch = new SentinelEvents(peer, this);
    watch.keepProcess(this.#keepsProcess);
    this.#watches.set(peer, watch);
  }

  /** Adds discovered sentinels, and removes those that are unreachable and no longer named. */
  #meet(by: SentinelConnection, id: unknown, others: readonly OtherSentinel[]): void {
    if (typeof id === "string") by.id = id;
    for (const { address, id } of others) {
      const name = formatAddress(address);
      if (this.#peers.some((peer) => peer.name === name || (id !== undefined && peer.id === id))) continue;
      const peer = new SentinelConnection(address, this.#options.connect, true, id);
      peer.keepProcess(this.#keepsProcess);
      this.#peers = [...this.#peers, peer];
      this.#listen(peer);
    }
    const named = new Set(others.map(({ address }) => formatAddress(address)));
    const gone = this.#peers.filter((peer) =>
      peer.learned && peer !== by && !peer.connected && !named.has(peer.name)
    );
    for (const peer of gone) {
      this.#watches.get(peer)?.stop();
      this.#watches.delete(peer);
    }
    if (gone.length > 0) this.#peers = this.#peers.filter((peer) => !gone.includes(peer));
  }
}
