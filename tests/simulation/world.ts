/**
 * A world: clients, a network and a server in simulated time, run from a scenario.
 *
 * @module
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import { MaxConnectionsError, type Redis } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { Acknowledged } from "./acknowledged.ts";
import { Collections, COUNTABLE } from "./collections.ts";
import { Calls } from "./calls.ts";
import { LIBRARY, numberOf } from "./commands.ts";
import { derive } from "../harness/dice.ts";
import { type History, isLossy, type Operation, type Outcome } from "./history.ts";
import { checkPools, leftovers } from "./leftovers.ts";
import { applyFault } from "./faults.ts";
import { owedBy } from "./judges/streams.ts";
import { MARKERS } from "./judges/subscriptions.ts";
import { Network } from "./network.ts";
import { WorldObserver } from "./observer.ts";
import { OwnedClock } from "./owned_clock.ts";
import { type Action, type ClientPlan, isFault, type Scenario } from "./scenario.ts";
import type { SimulatedServer } from "./server.ts";
import { Signals } from "./signals.ts";
import { createTopology, type SimulatedTopology, type WorldPool } from "./topology.ts";
import { Trace } from "./trace.ts";

/** Milliseconds in which all must be in order again when nothing goes wrong any more. */
const RECOVERY = 90_000;

/** The limit of calls that must succeed: a slow network and new connections take less. */
const PATIENT = 6_000;

/** The entries that a collection of a client may keep beside its connections: worlds have fewer keys and channels. */
const KEPT = 64;

/** A client with what it stands on. */
export interface WorldClient {
  readonly redis: Redis;
  readonly pool: WorldPool;
  /** The number of the client that made the pool. */
  readonly owner: number;
  closing: Promise<void> | undefined;
}

/** All that is ready to run runs. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One world, for one run. */
export class World {
  readonly scenario: Scenario;
  readonly history: History;
  readonly clients: WorldClient[] = [];
  readonly network: Network;
  readonly topology: SimulatedTopology;
  readonly trace: Trace;
  /** The log says that everything ran twice: a promise that is broken on purpose. */
  lies = false;
  /** The replicas that have each write. */
  readonly acknowledged: Acknowledged = new Acknowledged(() => this.topology.servers);
  /** Connections that programs hold. */
  leases = 0;
  /** The outcomes of calls, and their numbers. */
  readonly endings: Map<string, number> = new Map();
  readonly #clock: SimulatedClock;
  readonly #begin: number;
  readonly #clocks: OwnedClock[] = [];
  readonly #calls: Calls;
  readonly #operations: Map<number, Operation> = new Map();
  #pending = 0;
  readonly #signals: Signals = new Signals();
  #loading: Promise<unknown>[] = [];

  readonly #collections: Collections | undefined;

  /** `verbose`: the trace is kept as text, too. `counted`: what clients keep is counted at the end. */
  constructor(scenario: Scenario, verbose: boolean = false, counted: boolean = false) {
    this.#collections = counted && COUNTABLE ? new Collections() : undefined;
    this.scenario = scenario;
    this.#clock = new SimulatedClock({ seed: derive(scenario.seed, 1) });
    this.#begin = this.#clock.now();
    this.trace = new Trace(() => this.now, verbose);
    this.history = {
      scenario,
      operations: [],
      subscribers: [],
      published: [],
      consumers: [],
      served: [],
      owners: [],
      added: [],
      flushes: [],
      times: [],
      sleeps: [],
      closedAt: new Map(),
      faults: [],
    };
    const time = new OwnedClock(this.#clock, derive(scenario.seed, 2));
    const lossy = isLossy(scenario);
    const { keyPrefix = "", channelPrefix = "" } = scenario.space ?? {};
    const bare = (key: string): string => key.slice(keyPrefix.length);
    this.topology = createTopology(this, time, ({ name, args, client }, server) => {
      if (lossy && name === "GET") this.#served(bare(args[1]!), client, server);
      if (name === "FLUSHALL") {
        this.history.flushes.push({ event: this.event("flushed", 0), at: this.now });
        return;
      }
      const number = numberOf(name, args, keyPrefix);
      if (number === undefined) return;
      const event = this.event("executed", number);
      const operation = this.#operations.get(number);
      operation?.executions.push(event);
      if (lossy) operation?.states.push(server.textOf(operation.part.key));
      if (operation?.replicas !== undefined) this.acknowledged.note(number, server);
      if (this.lies) this.#operations.get(number)?.executions.push(this.event("executed", number));
      if (name.endsWith("PUBLISH")) {
        this.history.published.push({ id: number, channel: args[1]!.slice(channelPrefix.length), event });
      }
      if (name === "XADD") this.history.added.push({ id: number, stream: bare(args[1]!), event });
    });
    this.network = new Network(
      this.#clock,
      scenario.network,
      derive(scenario.seed, 3),
      (endpoint) => this.topology.find(endpoint),
    );
    scenario.clients.forEach((plan, at) => this.clients.push(this.#client(plan, at)));
    this.history.owners.push(...this.clients.map(({ owner }) => owner));
    this.#calls = new Calls(this);
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#clock.now() - this.#begin;
  }

  /** Numbers an event, and puts it into the trace. */
  event(what: string, id: number, outcome?: Outcome): number {
    this.trace.add(what, id, outcome);
    const number = this.history.times.push(this.now) - 1;
    if (number % 32 === 0) checkPools(this);
    return number;
  }

  /** A command was called. */
  add(operation: Operation): void {
    this.history.operations.push(operation);
    if (operation.how !== "pop") this.#operations.set(operation.part.id, operation);
    this.#pending++;
  }

  /** A call has ended. */
  ended({ error, executed }: Outcome): void {
    this.#pending--;
    const { code, name } = (error ?? {}) as { code?: string; name?: string };
    const ending = error === undefined ? "ok" : `${code ?? name} ${executed}`;
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
  }

  #served(key: string, session: number, server: SimulatedServer): void {
    const owner = server.owners.get(session);
    // Scripts have sessions of their own.
    if (owner === undefined) return;
    const replica = server.state.replication.master !== undefined;
    const event = this.history.times.length;
    this.history.served.push({ key, value: server.textOf(key), owner, event, replica });
  }

  /** Returns the server's time at which it sent the last bytes that the client's shared connection received. */
  heardAt(client: number, key: string): number {
    const { owner } = this.clients[client]!;
    const home = this.topology.home(key);
    let last = -Infinity;
    for (const socket of this.network.sockets) {
      if (socket.owner !== owner || !socket.tracks || socket.server !== home) continue;
      last = Math.max(last, socket.heardAt - this.#begin);
    }
    return last;
  }

  /** A signal that is aborted after so long. */
  signal(ms: number): AbortSignal {
    return this.#signals.make((abort) => this.later(ms, abort));
  }

  /** Calls back later. */
  later(ms: number, run: () => void): void {
    this.#clock.setTimeout(run, ms);
  }

  /** Waits. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  /** Stops the whole process for the given milliseconds. */
  jump(ms: number): void {
    this.history.sleeps.push({ at: this.now, ms });
    this.#clock.jump(ms);
  }

  /** A part of the client that is loaded when it is first used is being loaded: that is not in simulated time. */
  loading(): void {
    this.#loading.push(import("../../src/client/lazy_modules.ts"));
    if (this.scenario.topology === "sentinel") {
      this.#loading.push(import("../../src/sentinel/lazy_modules.ts"));
    }
  }

  readonly #observer: WorldObserver = new WorldObserver();

  /** Closes a client. */
  closeClient(at: number): void {
    const client = this.clients[at]!;
    if (client.closing !== undefined) return;
    const event = this.event("closed", at);
    this.history.closedAt.set(at, event);
    for (const one of [...this.history.subscribers, ...this.history.consumers]) {
      if (one.client === at) one.ended = Math.min(one.ended, event);
    }
    client.closing = client.redis.close();
  }

  #client(plan: ClientPlan, at: number): WorldClient {
    const { shares, options } = plan;
    if (shares !== undefined) {
      const { pool, owner } = this.clients[shares]!;
      return { ...this.topology.open(plan, {}, pool), owner, closing: undefined };
    }
    const clock = new OwnedClock(this.#clock, derive(this.scenario.seed, 100 + at));
    this.#clocks.push(clock);
    const { cache: _cache, multiplex: _multiplex, observer, ...rest } = options;
    const common = {
      libName: false as const,
      ...rest,
      ...this.scenario.space,
      ...observer && { observer: this.#observer },
      clock,
      transport: this.network.transport(at),
    };
    return { ...this.topology.open(plan, common, undefined), owner: at, closing: undefined };
  }

  async #settle(): Promise<void> {
    await settle();
    while (this.#loading.length > 0) {
      await Promise.all(this.#loading.splice(0));
      await settle();
    }
  }

  async #skip(ms: number): Promise<void> {
    for (let left = ms;;) {
      await this.#settle();
      left = await this.#clock.rush(left, () => this.#loading.length > 0);
      if (left === 0 && this.#loading.length === 0) return;
    }
  }

  /** Runs it to its end. */
  async run(): Promise<void> {
    const unhandled = (reason: unknown): void =>
      void this.history.faults.push(`unhandled rejection: ${reason}`);
    process.on("unhandledRejection", unhandled);
    try {
      await this.#prepare();
      await this.#live();
      await this.#recover();
      await this.#emptyStreams();
      await this.#count();
      await this.#end();
      await settle();
    } catch (error) {
      this.history.faults.push(`the world broke: ${error instanceof Error ? error.stack : error}`);
    } finally {
      this.#collections?.stop();
      process.removeListener("unhandledRejection", unhandled);
    }
  }

  /** Functions are at all servers from the beginning. */
  async #prepare(): Promise<void> {
    if (!JSON.stringify(this.scenario.steps).includes('"via":"function"')) return;
    for (const { state } of this.topology.servers) await state.scripting.load();
    // A replica may become a master before the library comes from its own.
    for (const server of this.topology.servers) server.run("FUNCTION", "LOAD", LIBRARY);
  }

  async #live(): Promise<void> {
    for (const step of this.scenario.steps) {
      this.#clock.setTimeout(() => {
        this.trace.step(step);
        if (isFault(step)) applyFault(this, step);
        else this.#begins(step as Action);
      }, step.at);
    }
    await this.#skip(this.scenario.duration);
  }

  #begins(action: Action): void {
    this.#calls.begin(action);
    // Its client is loaded by its first use.
    if (this.scenario.topology === "sentinel") this.loading();
  }

  /** Ends all faults, and checks that all calls settle and each client works again. */
  async #recover(): Promise<void> {
    this.network.heal();
    this.topology.heal();
    for (const server of this.topology.servers) server.heal();
    const until = this.now + RECOVERY;
    while (this.#pending > 0 && this.now < until) await this.#skip(500);
    let id = MARKERS;
    for (const [at, { closing, redis }] of this.clients.entries()) {
      if (closing !== undefined) continue;
      let last: unknown;
      let works = false;
      for (let tries = 0; !works && tries < 10; tries++) {
        let settled = false;
        this.loading();
        redis.with({ timeout: PATIENT }).set(`probe${at}`, "x").then(
          () => works = true,
          (error) => last = error,
        )
          .finally(() => settled = true);
        for (let rounds = 0; !settled && rounds < 20; rounds++) await this.#skip(500);
      }
      if (!works) this.history.faults.push(`recovery: client ${at} does not work again: ${last}`);
    }
    // The last subscriptions stand again by then.
    await this.#skip(20_000);
    const channels = new Set(this.history.subscribers.flatMap((one) => one.channels));
    const first = this.clients.findIndex(({ closing }) => closing === undefined);
    for (const channel of first < 0 ? [] : channels) {
      const verb = /^s\d/.test(channel) ? "spublish" as const : "publish" as const;
      // All patterns of worlds have this channel.
      const part = { id: id++, verb, key: /[*?[]/.test(channel) ? "c0" : channel };
      this.#begins({ do: "call", client: first, part, timeout: PATIENT });
    }
    for (let at = 0; at < this.clients.length; at++) {
      if (this.clients[at]!.closing !== undefined) continue;
      for (let more = 0; more < 3; more++) {
        const part = { id: id++, verb: "append" as const, key: `k-${at}` };
        this.#begins({ do: "call", client: at, part, timeout: PATIENT });
      }
    }
    await this.#skip(PATIENT + 1_000);
    for (const operation of this.history.operations) {
      const error = operation.outcome?.error;
      // Calls without a shared connection may need more connections at once than there may be.
      if (
        operation.part.id >= MARKERS && error !== undefined && !(error instanceof MaxConnectionsError)
      ) {
        this.history.faults.push(`recovery: refused although all is in order: ${error}`);
      }
    }
  }

  /** Consumers get and acknowledge all that they owe: a lost reply is found by a pass that may be a minute away. */
  async #emptyStreams(): Promise<void> {
    const { consumers } = this.history;
    const streams = new Set(consumers.map(({ stream }) => stream));
    let owed: string[] = [];
    for (let rounds = 0; rounds < 40 && streams.size > 0; rounds++) {
      owed = [...streams].flatMap((stream) => owedBy(this.history, stream, this.topology.home(stream)));
      if (owed.length === 0) return;
      await this.#skip(3_000);
    }
    for (const one of owed) this.history.faults.push(`streams: ${one}`);
  }

  /** Checks that the memory of clients whose calls have all settled does not grow with the number of calls. */
  async #count(): Promise<void> {
    const open = this.clients.map(({ pool }) => pool.stats().created);
    const most = KEPT + Math.max(...open);
    for (const one of await this.#collections?.above(most) ?? []) this.history.faults.push(`memory: ${one}`);
  }

  async #end(): Promise<void> {
    for (let at = 0; at < this.clients.length; at++) this.closeClient(at);
    let closed = false;
    const pools = new Set(this.clients.map(({ pool }) => pool));
    Promise.all(this.clients.map(({ closing }) => closing)).then(() =>
      Promise.all([...pools].map((pool) => pool.close()))
    )
      .then(() => closed = true);
    for (let rounds = 0; !closed && rounds < 30; rounds++) await this.#skip(500);
    const { faults } = this.history;
    if (!closed) faults.push("close: it never ended");
    await this.#skip(3_000);
    faults.push(...leftovers(this, {
      pools,
      operations: this.#observer.running,
      timers: this.#clocks.map(({ pendingTimers }) => pendingTimers),
      listeners: this.#signals.listeners,
    }));
    this.topology.close();
  }
}
