/**
 * The reads of a sentinel's client: on replicas, and on the master if `readFrom` allows it.
 *
 * @module
 */
import type { CloseOptions } from "../pool/stats.ts";
import { sleep } from "../connection/sleep.ts";
import type { Timer } from "../clock.ts";
import { text } from "../commands/replies.ts";
import type { Call } from "../client/executor.ts";
import type { StandaloneExecutor } from "../client/standalone_executor.ts";
import { ConnectionError, RedisError, ReplyError, TimeoutError } from "../errors.ts";
import { abortable, startLimit } from "../connection/time_limit.ts";
import { averageLatency, measureLatency } from "../topology/latency.ts";
import { configuredZone, ReadSelector } from "../topology/read_selector.ts";
import type { SentinelClient } from "./sentinel_client.ts";
import { ReplicationLag } from "./replication_lag.ts";
import { type Readable, ReplicaNode, zoneOf } from "./replica.ts";
import type { ReadingOptions } from "./reading_options.ts";
import { ReplicaSet } from "./replica_set.ts";

/** Runs the commands of one server. */
type Home = Readable["executor"];
/** A read, as it is run on a server, within what is left of its time. */
type Run = (executor: Home, call: Call) => Promise<unknown>;

/** Selects a server for each read. */
export class ReplicaReader {
  readonly #options: ReadingOptions;
  readonly #sentinels: SentinelClient;
  readonly #replicas: ReplicaSet;
  readonly #home: Home;
  readonly #selector: ReadSelector;
  readonly #lag: ReplicationLag;
  #master: StandaloneExecutor | undefined = undefined;
  #masterLatency: number | undefined = undefined;
  #first: Promise<void> | undefined = undefined;
  /** Whether the replicas have been looked for. */
  #begun = false;
  #offsetTimer: Timer = undefined;
  #ended = false;

  /** Queries no sentinel before the first read. `home` runs commands on the home pool itself. */
  constructor(options: ReadingOptions, sentinels: SentinelClient, home: Home) {
    this.#options = options;
    this.#sentinels = sentinels;
    this.#home = home;
    this.#replicas = new ReplicaSet(options, sentinels, () => {
      for (const node of this.#replicas.nodes) node.measure();
      this.#measureMaster();
    });
    // Clients that start together do not all begin with the same replica.
    const turn = Math.floor(options.home.options.connection.clock.random() * 1_024);
    this.#lag = new ReplicationLag(options.maxLag);
    this.#selector = new ReadSelector(options.readFrom, undefined, turn);
  }

  /** Ends all connections to servers that are read from; reads go to the home pool from now on. */
  async close(options?: CloseOptions): Promise<void> {
    this.#ended = true;
    this.#options.home.background.clear(this.#offsetTimer);
    await Promise.all([this.#master?.close(options), this.#replicas.close(options)]);
  }

  /** Reads, and reads elsewhere when the server goes away meanwhile: a read can be repeated. */
  async read(run: Run, call: Call): Promise<unknown> {
    const { clock } = this.#options.home.options.connection;
    const end = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
    let rest = call;
    const remaining = (): Call =>
      end === Infinity ? call : { ...call, timeout: Math.max(1, end - clock.now()) };
    if (!this.#ended && !this.#begun) {
      await this.#limited(this.#first ??= this.#begin(), call);
      rest = remaining();
    }
    const tried = new Set<Readable>();
    while (true) {
      // A closed reader opens no connection; the call on `home` rejects with the reason.
      if (this.#ended) return await run(this.#home, rest);
      const node = this.#pick();
      // A server that refused at once would do so again, and nothing else would run meanwhile.
      const inVain = tried.has(node) && !node.ready;
      tried.add(node);
      const failed = (error: unknown): boolean =>
        !inVain && error instanceof RedisError && !(error instanceof ReplyError) &&
        node instanceof ReplicaNode &&
        !node.ready && clock.now() < end && !call.signal?.aborted && !this.#ended;
      try {
        const result = await run(node.executor, rest);
        if (!Array.isArray(result) || !result.some(failed)) return result;
      } catch (error) {
        if (!failed(error)) throw error;
      }
      rest = remaining();
    }
  }

  /** Waits for the first look at the replicas, for as long as a call may take. */
  async #limited(looked: Promise<void>, { timeout, signal }: Call): Promise<void> {
    const late = (): TimeoutError => {
      const message = `The command waited ${timeout} ms for the replicas of "${this.#options.service}"`;
      return new TimeoutError(message, { code: "COMMAND_TIMEOUT", executed: "no" });
    };
    const limit = startLimit(this.#options.home.options.connection.clock, timeout, late, signal);
    try {
      await abortable(looked, limit.signal);
    } finally {
      limit.release();
    }
  }

  #pick(): Readable {
    const { nodes, reason } = this.#replicas;
    // A replica that has lost its master has old data: it is read where there is no other one.
    const linked = nodes.filter((node) => node.linked && node.ready);
    const master = this.#masterReadable();
    const picked = this.#selector.select<Readable>(
      master,
      this.#lag.limit > 0 ? linked.filter((node) => this.#isFresh(node)) : linked.length > 0 ? linked : nodes,
    );
    if (picked !== undefined) return picked;
    if (this.#options.readFrom !== "replica") return master;
    const waiting = this.#lag.limit === 0 && nodes.find((node) => !node.gone);
    if (waiting) return waiting;
    throw new ConnectionError(
      `Cannot read from a replica of "${this.#options.service}": none is up${
        this.#lag.limit > 0 ? " and within maxLag" : ""
      }` +
        `${reason === undefined ? "" : ` (${reason.message})`}; ` +
        'with readFrom: "preferReplica" the master would be read instead',
      { code: "NO_REPLICA", executed: "no", cause: reason },
    );
  }

  /** The master as one to read from; a connection to it is opened by the first read. */
  #masterReadable(): Readable {
    const { home, master, readFrom, service } = this.#options;
    const sentinels = this.#sentinels;
    const address = sentinels.service(service).known?.address;
    const shared = this.#master?.shared;
    const openMaster = (): Readable["executor"] => {
      if (this.#master !== undefined) return this.#master;
      const pool = master();
      if (pool === home) return this.#home;
      return this.#master = this.#options.open(pool);
    };
    return {
      get executor() {
        return openMaster();
      },
      ready: (shared ?? this.#home.shared).connection !== undefined &&
        (shared !== undefined || !this.#options.readonly),
      latency: this.#masterLatency,
      zone: (address && configuredZone(readFrom, address)) ??
        zoneOf((shared ?? this.#home.shared).connection?.server.availability_zone),
      wake: () => void openMaster().shared.connect().catch(() => {}),
    };
  }

  /** Looks for the replicas; ready when one of them is, or none can be. */
  async #begin(): Promise<void> {
    await this.#find();
    this.#begun = true;
  }

  async #find(): Promise<void> {
    await this.#replicas.begin();
    if (this.#lag.limit === 0) return;
    const { clock } = this.#options.home.options.connection;
    await this.#compareOffsets();
    // A replica that is a moment behind the master's first offset catches up soon.
    const end = clock.now() + Math.min(this.#lag.limit, 1_000);
    const isBehind = (): boolean => !this.#replicas.nodes.some((node) => this.#isFresh(node));
    while (!this.#ended && this.#replicas.nodes.length > 0 && isBehind() && clock.now() < end) {
      await sleep(clock, 10);
      await Promise.all(this.#replicas.nodes.map((node) => node.measure()));
    }
  }

  #isFresh({ offset }: ReplicaNode): boolean {
    return this.#lag.allows(offset, this.#options.home.options.connection.clock.now());
  }

  /** Asks the master, then the replicas for their replication offsets, again and again. */
  async #compareOffsets(): Promise<void> {
    const { clock } = this.#options.home.options.connection;
    const at = clock.now();
    try {
      const { shared } = this.#masterReadable().executor;
      await shared.connect();
      const reply = await shared.connection?.send(["ROLE"]);
      if (Array.isArray(reply) && text(reply[0]!) === "master") this.#lag.add(at, Number(reply[1]));
    } catch {
      // Without its offset the replicas' data counts as older and older.
    }
    await Promise.all(this.#replicas.nodes.map((node) => node.measure()));
    if (this.#ended) return;
    this.#offsetTimer = this.#options.home.background.set(
      () => void this.#compareOffsets(),
      this.#lag.limit / 3,
    );
  }

  async #measureMaster(): Promise<void> {
    const connection = this.#master?.shared.connection;
    if (connection !== undefined) {
      this.#masterLatency = averageLatency(this.#masterLatency, await measureLatency(connection));
    }
  }
}
