/**
 * A master with replicas and sentinels in the process.
 *
 * @module
 */
import type { Clock } from "../../../clock.ts";
import type { Transport } from "../../../transport.ts";
import { after } from "../../dispatch.ts";
import { flush } from "../../keyspace.ts";
import type { Listener, SentinelsListenOptions } from "../../listener.ts";
import { createTime, stateOf } from "../../server.ts";
import type { ServerTime } from "../../time.ts";
import { allListening, type Host, listenAt, Network } from "../network.ts";
import { joinAsSentinel, SENTINEL_GROUPS } from "./commands.ts";
import { DataServer } from "./data_server.ts";
import type { Snapshot } from "../../snapshot.ts";
import { TopologySnapshots } from "../topology_snapshots.ts";
import { SentinelMonitor } from "./monitor.ts";
import { TestReplicatedServer } from "./replicated_server.ts";
import { TestSentinel } from "./sentinel.ts";
import { joinAsServer, REPLICATED_GROUPS } from "./server_commands.ts";
import { Watcher } from "./watcher.ts";

/** Options of test sentinels. Times are milliseconds. */
export interface TestSentinelsOptions {
  /** The name of the master. Default `"mymaster"`. */
  readonly name?: string;
  /** The number of replicas. Default 2. */
  readonly replicas?: number;
  /** The number of sentinels. Default 3. */
  readonly sentinels?: number;
  /** The number of sentinels that must report the master as down. Default: the majority. */
  readonly quorum?: number;
  /** Time and chance. Default: the runtime's. */
  readonly clock?: Clock;
  /** The time at the start, in milliseconds since 1970. Default: now; with a `clock` 1,700,000,000,000. */
  readonly epoch?: number;
  /** Silence that means down (`down-after-milliseconds`). Default 1,000. */
  readonly downAfter?: number;
  /** The minimum time in milliseconds until a sentinel stands for election; the maximum is twice that. Default 100. */
  readonly electionDelay?: number;
  /** The time in milliseconds until other sentinels learn of a failover. Default 0: immediately. */
  readonly announceDelay?: number;
  /** The time in milliseconds until a replaced master is made a replica after its return. Default 1,000. */
  readonly convertDelay?: number;
  /** The time in milliseconds until a failed failover is retried (half of it is `failover-timeout`). Default 10,000. */
  readonly failoverTimeout?: number;
  /** Milliseconds until writes arrive at replicas. Default 0: before the reply. */
  readonly replicationLag?: number;
  /** The password of the servers. Default: none. */
  readonly password?: string;
  /** The password of the sentinels. Default: none. */
  readonly sentinelPassword?: string;
  /** Parameters as CONFIG SET takes them, for the servers. */
  readonly config?: Readonly<Record<string, string>>;
  /** The number of executed commands that each server keeps. Default 10,000. */
  readonly logLimit?: number;
  /** Loads the package `wasmoon-lua5.1` for scripts. Default: imports it. */
  readonly lua?: () => Promise<unknown>;
}

/** A master, its replicas and its sentinels in this process; the entry point `testing` adds a way to listen. */
export class TestSentinelsBase implements AsyncDisposable {
  /** The name of the master. */
  readonly name: string;
  readonly #options: TestSentinelsOptions;
  readonly #time: ServerTime;
  readonly #network: Network<Host> = new Network();
  readonly #monitor: SentinelMonitor;
  /** All sentinels, those that do not monitor the master, too. */
  readonly #watchers: Watcher[] = [];
  readonly #listener: Listener | undefined;
  readonly #snapshots: TopologySnapshots<Host>;
  #closed = false;

  /**
   * Starts them; nothing has to be awaited.
   *
   * @throws {TypeError} without sentinels, or for a `config` that Redis refuses.
   */
  constructor(options: TestSentinelsOptions = {}, listener?: Listener) {
    const { name = "mymaster", replicas = 2, sentinels = 3 } = options;
    if (!(sentinels >= 1 && replicas >= 0)) {
      throw new TypeError("Cannot start test sentinels: there are none");
    }
    this.name = name;
    this.#options = options;
    this.#listener = listener;
    this.#time = createTime(options);
    this.#monitor = new SentinelMonitor(this.#network, this.#time, {
      name,
      electionDelay: options.electionDelay ?? 100,
      announceDelay: options.announceDelay ?? 0,
      convertDelay: options.convertDelay ?? 1_000,
    });
    const servers = Array.from({ length: 1 + replicas }, (_, index) => this.#addServer(6380 + index));
    const [master] = servers as [DataServer];
    for (const replica of servers.slice(1)) replica.follow(master, this.#network, false);
    for (let index = 0; index < sentinels; index++) this.#addSentinel(26379 + index, master);
    const monitor = this.#monitor;
    this.#snapshots = new TopologySnapshots({
      network: this.#network,
      time: this.#time,
      remember: () => monitor.remember(this.#watchers),
      resume: () => monitor.resume(),
    });
  }

  #addServer(port: number): DataServer {
    const { clock, config, password, lua, logLimit, replicationLag = 0 } = this.#options;
    const server = new TestReplicatedServer(
      () => self,
      { clock, config, password, lua, logLimit },
      this.#listener,
      {
        time: this.#time,
        groups: REPLICATED_GROUPS,
        address: `127.0.0.1:${port}`,
        refuse: () => self.up ? undefined : "it is down",
      },
    );
    const state = stateOf(server);
    const self: DataServer = new DataServer({ host: "127.0.0.1", port }, server, state);
    self.lag = replicationLag;
    state.config.set("port", String(port));
    joinAsServer(state, this.#monitor, self);
    this.#network.add(self);
    this.#monitor.servers.push(self);
    return self;
  }

  #addSentinel(port: number, master: DataServer): void {
    const {
      clock,
      sentinels = 3,
      downAfter = 1_000,
      failoverTimeout = 10_000,
      sentinelPassword,
      logLimit,
    } = this.#options;
    const options = { clock, password: sentinelPassword, logLimit };
    const server = new TestSentinel(() => self, options, this.#listener, {
      time: this.#time,
      groups: SENTINEL_GROUPS,
      address: `127.0.0.1:${port}`,
      refuse: () => self.up ? undefined : "it is down",
    });
    const state = stateOf(server);
    const quorum = this.#options.quorum ?? Math.floor(sentinels / 2) + 1;
    const parts = { host: "127.0.0.1", port, server, state, master, downAfter, failoverTimeout, quorum };
    const self: Watcher = new Watcher(state.runId, parts);
    state.config.set("port", String(port));
    joinAsSentinel(state, this.#monitor, self);
    this.#network.add(self);
    this.#monitor.watchers.push(self);
    this.#watchers.push(self);
  }

  /** The transport for clients in this process: it leads to the server or sentinel at the address that they ask for. */
  get transport(): Transport {
    return this.#network.transport;
  }

  /** The addresses of the sentinels, for clients. */
  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.#watchers.map(({ host, port }) => ({ host, port }));
  }

  /** All servers: first the master of the start, then the replicas. */
  get servers(): TestReplicatedServer[] {
    return this.#monitor.servers.map(({ server }) => server as TestReplicatedServer);
  }

  /** The sentinels. */
  get sentinels(): TestSentinel[] {
    return this.#watchers.map(({ server }) => server as TestSentinel);
  }

  /** The master by the word of the sentinel that runs and knows most. */
  get master(): TestReplicatedServer {
    const watchers = this.#monitor.watchers.filter(({ up }) => up);
    const best = (watchers.length > 0 ? watchers : this.#watchers)
      .reduce((a, b) => b.configEpoch > a.configEpoch ? b : a);
    return best.master.server as TestReplicatedServer;
  }

  /** The servers that run and take themselves to be replicas. */
  get replicas(): TestReplicatedServer[] {
    return this.servers.filter(({ up, role }) => up && role === "replica");
  }

  /** The time, in milliseconds since 1970. */
  get now(): number {
    return this.#time.now();
  }

  /**
   * Listens on a TCP port for each server and sentinel; from then on these addresses are announced.
   *
   * @throws {TypeError} when there is no listener.
   * @throws the runtime's error when an address cannot be used.
   */
  async listen(options: SentinelsListenOptions = {}): Promise<void> {
    const { servers } = this.#monitor;
    const open = async (one: Host, first: number | undefined, index: number): Promise<void> => {
      const { host, port } = await listenAt(one.server, options, first, index);
      this.#network.rename(one, host, port);
      stateOf(one.server).config.set("port", String(port));
    };
    await allListening([
      ...servers.map((one, index) => open(one, options.port, index)),
      ...this.#watchers.map((one, index) => open(one, options.sentinelPort, index)),
    ]);
    for (const server of servers) server.wire(this.#network);
  }

  /** Lets a sentinel replace the master, as SENTINEL FAILOVER does. Writes that have not arrived are lost.
   *
   * @throws {TypeError} when no replica can take its place. */
  failover(): void {
    const watcher = this.#monitor.watchers.find(({ up }) => up);
    if (watcher === undefined || !this.#monitor.force(watcher)) {
      throw new TypeError("Cannot fail over: no sentinel runs, or none reaches a replica");
    }
  }

  /** Ends a server or a sentinel as a crash does. It keeps its data. */
  stop(one: TestReplicatedServer | TestSentinel): void {
    const host = this.#host(one);
    if (!host.up) return;
    host.up = false;
    one.kill();
    this.#network.onChange();
  }

  /** Starts a stopped server or sentinel with its data and its role; `empty`: without its data. */
  start(
    one: TestReplicatedServer | TestSentinel,
    { empty = false }: { readonly empty?: boolean } = {},
  ): void {
    const host = this.#host(one);
    if (host.up) return;
    if (empty) flush(stateOf(one), stateOf(one).databases);
    host.up = true;
    if (host instanceof Watcher) this.#monitor.restarted(host);
    this.#network.onChange();
  }

  /** Cuts the connections between these servers and sentinels and all others; clients reach all. Undone by `mend()`. */
  partition(...some: (TestReplicatedServer | TestSentinel)[]): void {
    const hosts = some.map((one) => this.#host(one));
    this.#network.cut(hosts, this.#network.hosts.filter((one) => !hosts.includes(one)), true);
  }

  /** Cuts the connection between two of them. Undone by `mend()`. */
  cut(one: TestReplicatedServer | TestSentinel, other: TestReplicatedServer | TestSentinel): void {
    this.#network.cut([this.#host(one)], [this.#host(other)], true);
  }

  /** Mends all connections. */
  mend(): void {
    this.#network.mend();
  }

  /** Moves the time of all of them forward; everything that is due on the way happens, in order, without waiting. */
  advance(ms: number): void {
    this.#time.advance(ms);
    for (const { server } of this.#network.hosts) {
      const state = stateOf(server);
      state.now = this.#time.now();
      after(state);
    }
  }

  /**
   * Remembers all servers with their data, roles and connections, and the time. Costs a few microseconds for each
   * server. Connections of clients are no part of it.
   */
  snapshot(): Snapshot {
    return this.#snapshots.take();
  }

  /**
   * Restores a snapshot. Later snapshots become invalid. Servers that were added since are gone.
   *
   * @throws {TypeError} for a snapshot of another topology, or an invalid one.
   */
  restore(snapshot: Snapshot): void {
    this.#snapshots.restore(snapshot);
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#time.stop();
    await Promise.all(this.#network.hosts.map(({ server }) => server.close()));
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #host(one: TestReplicatedServer | TestSentinel): Host {
    const found = this.#network.hosts.find(({ server }) => server === one);
    if (found === undefined) throw new TypeError("This server is of other sentinels");
    return found;
  }
}
