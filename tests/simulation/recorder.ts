/**
 * Records what happens in a world: calls and their outcomes, and the log of the servers.
 *
 * @module
 */
import type { ExecutedCommand } from "../../src/testing/executed_log.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { numberOf, numbersIn } from "./commands.ts";
import { type History, isLossy, type Operation, type Outcome } from "./history.ts";
import type { Scenario } from "./scenario.ts";
import type { SimulatedServer } from "./server.ts";
import type { WorldTime } from "./time.ts";
import { Trace } from "./trace.ts";

/** The events between two looks at the pools. */
const LOOK = 32;

/** The properties of a recorder. */
export interface RecorderOptions {
  readonly time: WorldTime;
  readonly acknowledged: Acknowledged;
  /** The trace is kept as text, too. */
  readonly verbose: boolean;
  /** Is called now and then, to look at what must always be true. */
  readonly look: () => void;
}

/** Writes the history and the trace of a world. */
export class Recorder {
  readonly history: History;
  readonly trace: Trace;
  /** The log says that everything ran twice: a promise that is broken on purpose. */
  lies = false;
  /** The number of calls that have not settled. */
  pending = 0;
  /** The outcomes of calls, and their numbers. */
  readonly endings: Map<string, number> = new Map();
  readonly #time: WorldTime;
  readonly #acknowledged: Acknowledged;
  readonly #look: () => void;
  readonly #operations: Map<number, Operation> = new Map();
  readonly #lossy: boolean;
  readonly #keyPrefix: string;
  readonly #channelPrefix: string;

  /** Begins with an empty history. */
  constructor(scenario: Scenario, { time, acknowledged, verbose, look }: RecorderOptions) {
    this.#time = time;
    this.#acknowledged = acknowledged;
    this.#look = look;
    this.#lossy = isLossy(scenario);
    this.#keyPrefix = scenario.space?.keyPrefix ?? "";
    this.#channelPrefix = scenario.space?.channelPrefix ?? "";
    this.trace = new Trace(() => time.now, verbose);
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
      goneAt: new Map(),
      faults: [],
    };
  }

  /** Numbers an event, and puts it into the trace. */
  event(what: string, id: number, outcome?: Outcome): number {
    this.trace.add(what, id, outcome);
    const number = this.history.times.push(this.#time.now) - 1;
    if (number % LOOK === 0) this.#look();
    return number;
  }

  /** A command was called. */
  add(operation: Operation): void {
    this.history.operations.push(operation);
    if (operation.how !== "pop") this.#operations.set(operation.part.id, operation);
    this.pending++;
  }

  /** A call has ended. */
  ended({ error, executed }: Outcome): void {
    this.pending--;
    const { code, name } = (error ?? {}) as { code?: string; name?: string };
    const ending = error === undefined ? "ok" : `${code ?? name} ${executed}`;
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
  }

  /** A client gives bytes to a socket. */
  written(bytes: Uint8Array): void {
    for (const number of numbersIn(bytes)) {
      const operation = this.#operations.get(number);
      if (operation !== undefined) operation.written = true;
    }
  }

  /** A server executes a command for a client. */
  executed({ name, args, client }: ExecutedCommand, server: SimulatedServer): void {
    const { history } = this;
    if (this.#lossy && name === "GET") this.#served(this.#bare(args[1]!), client, server);
    if (name === "FLUSHALL") {
      history.flushes.push({ event: this.event("flushed", 0), at: this.#time.now });
      return;
    }
    const number = numberOf(name, args, this.#keyPrefix);
    if (number === undefined) return;
    const event = this.event("executed", number);
    const operation = this.#operations.get(number);
    operation?.executions.push(event);
    if (this.#lossy) operation?.states.push(server.textOf(operation.part.key));
    if (operation?.replicas !== undefined) this.#acknowledged.note(number, server);
    if (this.lies) operation?.executions.push(this.event("executed", number));
    if (name.endsWith("PUBLISH")) {
      history.published.push({ id: number, channel: args[1]!.slice(this.#channelPrefix.length), event });
    }
    if (name === "XADD") history.added.push({ id: number, stream: this.#bare(args[1]!), event });
  }

  #bare(key: string): string {
    return key.slice(this.#keyPrefix.length);
  }

  #served(key: string, session: number, server: SimulatedServer): void {
    const owner = server.owners.get(session);
    // Scripts have sessions of their own.
    if (owner === undefined) return;
    const replica = server.state.replication.master !== undefined;
    const event = this.history.times.length;
    this.history.served.push({ key, value: server.textOf(key), owner, event, replica });
  }
}
