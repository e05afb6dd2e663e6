/**
 * A world: clients, a network and servers in simulated time, made from a scenario.
 *
 * @module
 */
import type { Redis } from "../../mod.ts";
import { derive } from "../harness/dice.ts";
import { Acknowledged } from "./acknowledged.ts";
import type { History, Operation, Outcome } from "./history.ts";
import { Network } from "./network.ts";
import { WorldObserver } from "./observer.ts";
import { OwnedClock } from "./owned_clock.ts";
import { poolFaults } from "./pools.ts";
import { Recorder } from "./recorder.ts";
import type { ClientPlan, Scenario } from "./scenario.ts";
import { Signals } from "./signals.ts";
import { WorldTime } from "./time.ts";
import { createTopology } from "./topologies/create.ts";
import type { SimulatedTopology, WorldPool } from "./topologies/topology.ts";

/** A client with what it stands on. */
export interface WorldClient {
  readonly redis: Redis;
  readonly pool: WorldPool;
  /** The number of the client that made the pool. */
  readonly owner: number;
  closing: Promise<void> | undefined;
}

/** The parts of one world. */
export class World {
  readonly scenario: Scenario;
  readonly time: WorldTime;
  readonly recorder: Recorder;
  readonly history: History;
  readonly network: Network;
  readonly topology: SimulatedTopology;
  readonly clients: WorldClient[] = [];
  /** The clocks of the clients that have pools of their own. */
  readonly clocks: OwnedClock[] = [];
  readonly observer: WorldObserver = new WorldObserver();
  readonly signals: Signals = new Signals();
  /** The replicas that have each write. */
  readonly acknowledged: Acknowledged = new Acknowledged(() => this.topology.servers);
  readonly #caches: boolean;
  /** Connections that programs hold. */
  leases = 0;
  /** The waits of programs beside calls: for connects, leases, and the begin and the end of subscriptions. */
  readonly waits: Set<{ readonly what: string; readonly since: number }> = new Set();

  /** `verbose`: the trace is kept as text, too. */
  constructor(scenario: Scenario, verbose: boolean) {
    const { seed, network } = scenario;
    const time = new WorldTime(derive(seed, 1));
    const recorder = new Recorder(scenario, {
      time,
      acknowledged: this.acknowledged,
      verbose,
      look: () => this.history.faults.push(...poolFaults(this.clients, this.history.faults.length)),
    });
    this.scenario = scenario;
    this.#caches = scenario.clients.some(({ options }) => options.cache);
    this.time = time;
    this.recorder = recorder;
    this.history = recorder.history;
    this.topology = createTopology({
      scenario,
      clock: new OwnedClock(time.clock, derive(seed, 2)),
      executed: (command, server) => recorder.executed(command, server),
      now: () => time.now,
      later: (ms, run) => time.later(ms, run),
      pause: (server, ms) => this.network.pause(server, ms),
    });
    this.network = new Network(
      time.clock,
      network,
      derive(seed, 3),
      (endpoint) => this.topology.find(endpoint),
      (bytes) => recorder.written(bytes),
    );
    scenario.clients.forEach((plan, at) => this.clients.push(this.#client(plan, at)));
    this.history.owners.push(...this.clients.map(({ owner }) => owner));
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.time.now;
  }

  /** Numbers an event, and puts it into the trace. */
  event(what: string, id: number, outcome?: Outcome): number {
    return this.recorder.event(what, id, outcome);
  }

  /** A command was called. */
  add(operation: Operation): void {
    this.recorder.add(operation);
  }

  /** Returns the server's time at which it sent the last bytes that the client's shared connection received. */
  heardAt(client: number, key: string): number {
    if (!this.#caches) return -Infinity;
    const { owner } = this.clients[client]!;
    let heard = Infinity;
    for (const home of this.topology.homes(key)) {
      let last = -Infinity;
      for (const socket of this.network.sockets) {
        if (socket.owner !== owner || !socket.tracks || socket.server !== home) continue;
        last = Math.max(last, this.time.since(socket.heardAt));
      }
      // Without a connection, nothing that was read there is kept.
      if (last > -Infinity) heard = Math.min(heard, last);
    }
    return heard === Infinity ? -Infinity : heard;
  }

  /** Notes that a program waits for a promise, which must settle. */
  wait(what: string, promise: Promise<unknown>): void {
    const one = { what, since: this.now };
    this.waits.add(one);
    const end = (): void => void this.waits.delete(one);
    promise.then(end, end);
  }

  /** A signal that is aborted after so long. */
  signal(ms: number): AbortSignal {
    return this.signals.make((abort) => this.time.later(ms, abort));
  }

  /** Stops the whole process for the given milliseconds. */
  jump(ms: number): void {
    this.history.sleeps.push({ at: this.now, ms });
    this.time.clock.jump(ms);
  }

  /** A part of the client that is loaded when it is first used is being loaded: that is not in simulated time. */
  loading(): void {
    this.time.waitFor(import("../../src/client/lazy_modules.ts"));
    if (this.scenario.topology === "sentinel") {
      this.time.waitFor(import("../../src/sentinel/lazy_modules.ts"));
    }
  }

  /** Closes a client. */
  closeClient(at: number): void {
    const client = this.clients[at]!;
    if (client.closing !== undefined) return;
    const event = this.event("closed", at);
    this.history.closedAt.set(at, event);
    for (const one of [...this.history.subscribers, ...this.history.consumers]) {
      if (one.client === at) one.ended = Math.min(one.ended, event);
    }
    client.closing = client.redis.close().finally(() => this.history.goneAt.set(at, this.now));
  }

  #client(plan: ClientPlan, at: number): WorldClient {
    const { shares, options } = plan;
    if (shares !== undefined) {
      const { pool, owner } = this.clients[shares]!;
      return { ...this.topology.open(plan, {}, pool), owner, closing: undefined };
    }
    const clock = new OwnedClock(this.time.clock, derive(this.scenario.seed, 100 + at));
    this.clocks.push(clock);
    const { cache: _cache, multiplex: _multiplex, observer, ...rest } = options;
    const common = {
      libName: false as const,
      ...rest,
      ...this.scenario.space,
      ...observer && { observer: this.observer },
      clock,
      transport: this.network.transport(at),
    };
    return { ...this.topology.open(plan, common, undefined), owner: at, closing: undefined };
  }
}
