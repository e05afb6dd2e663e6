/**
 * A model of a cluster whose slots refuse commands in all ways at random: they are moved key by key, down, loading, or at
 * another node. It writes down what ran, so that a test can compare that with the order of the calls.
 *
 * @module
 */
import { slotOf } from "../../src/cluster/slot.ts";
import type { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import type { Answer, PeerConnection } from "../harness/scripted_peer.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

interface SlotState {
  owner: number;
  /** Where the slot is moved to, and the keys that are there already. */
  target: number | undefined;
  readonly gone: Set<string>;
  /** What the owner says to all commands, and to how many more. */
  refusal: string | undefined;
  refusals: number;
}

const TEMPORARY = [
  "CLUSTERDOWN The cluster is down",
  "LOADING Redis is loading the dataset in memory",
  "MASTERDOWN Link with MASTER is down",
  "READONLY You can't write against a read only replica.",
  "BUSY Redis is busy running a script",
];

/** Three nodes whose slots move all the time. */
export class MovingSlots {
  /** The nodes. */
  readonly fake: FakeCluster = new FakeCluster(dealt(3));
  /** The values that were written, by key, in the order in which they were. */
  readonly written: Map<string, string[]> = new Map();
  /** Whether slots still change. */
  active = true;
  readonly #clock: SimulatedClock;
  readonly #slots: Map<number, SlotState> = new Map();

  /** Takes its random numbers from the clock. */
  constructor(clock: SimulatedClock) {
    this.#clock = clock;
    this.fake.before = (port, command, connection) => this.#answer(port, command, connection);
  }

  #chance(probability: number): boolean {
    return this.active && this.#clock.random() < probability;
  }

  #slotOf(key: string): SlotState {
    const slot = slotOf(key);
    let state = this.#slots.get(slot);
    if (state === undefined) {
      const owner = this.fake.belief.shards.find(({ range: [from, to] }) =>
        slot >= from && slot <= to
      )!.master;
      state = { owner, target: undefined, gone: new Set(), refusal: undefined, refusals: 0 };
      this.#slots.set(slot, state);
    }
    return state;
  }

  #otherThan(port: number): number {
    return 7000 + (port - 7000 + 1 + Math.floor(this.#clock.random() * 2)) % 3;
  }

  /** Changes a slot now and then, each time that it is asked for something. */
  #change(state: SlotState, keys: readonly string[]): void {
    if (state.refusals > 0) state.refusals--;
    else if (this.#chance(0.03)) {
      state.refusal = TEMPORARY[Math.floor(this.#clock.random() * TEMPORARY.length)];
      state.refusals = 1 + Math.floor(this.#clock.random() * 6);
    } else if (state.target === undefined) {
      if (this.#chance(0.05)) state.target = this.#otherThan(state.owner);
      else if (this.#chance(0.03)) state.owner = this.#otherThan(state.owner);
    } else if (this.#chance(0.3)) state.gone.add(keys[0]!);
    else if (this.#chance(0.1) || !this.active) {
      state.owner = state.target;
      state.target = undefined;
      state.gone.clear();
    }
  }

  #refusal(port: number, keys: readonly string[], asking: boolean): ErrorReply | undefined {
    const slot = slotOf(keys[0]!);
    const state = this.#slotOf(keys[0]!);
    this.#change(state, keys);
    if (asking && port === state.target) {
      const some = keys.some((key) => state.gone.has(key));
      return keys.length > 1 && some && keys.some((key) => !state.gone.has(key))
        ? new ErrorReply("TRYAGAIN Multiple keys request during rehashing of slot")
        : undefined;
    }
    if (port !== state.owner) return new ErrorReply(`MOVED ${slot} node:${state.owner}`);
    if (state.refusals > 0) return new ErrorReply(state.refusal!);
    const gone = keys.filter((key) => state.gone.has(key));
    if (gone.length === 0) return undefined;
    return gone.length < keys.length
      ? new ErrorReply("TRYAGAIN Multiple keys request during rehashing of slot")
      : new ErrorReply(`ASK ${slot} node:${state.target}`);
  }

  #run(command: readonly string[], keys: readonly string[]): number | "OK" {
    keys.forEach((key, index) => {
      const values = this.written.get(key) ?? [];
      this.written.set(key, values);
      values.push(command[0] === "MSET" ? command[2 + 2 * index]! : command[2]!);
    });
    return command[0] === "MSET" ? "OK" : 1;
  }

  readonly #asking: WeakMap<PeerConnection, boolean> = new WeakMap();
  readonly #queued: WeakMap<PeerConnection, { commands: (readonly string[])[]; spoiled: boolean }> =
    new WeakMap();

  #answer(port: number, command: readonly string[], connection: PeerConnection): Answer | Promise<Answer> {
    const [name = ""] = command;
    const asking = this.#asking.get(connection) === true;
    this.#asking.set(connection, name === "ASKING");
    const queue = this.#queued.get(connection);
    if (name === "MULTI") {
      this.#queued.set(connection, { commands: [], spoiled: false });
      return "OK";
    }
    if (name === "EXEC") {
      this.#queued.delete(connection);
      if (queue!.spoiled) {
        return new ErrorReply("EXECABORT Transaction discarded because of previous errors.");
      }
      return queue!.commands.map((one) => this.#run(one, keysOf(one)));
    }
    const keys = keysOf(command);
    if (keys.length === 0) return undefined;
    const refusal = this.#refusal(port, keys, asking);
    if (queue !== undefined) {
      if (refusal === undefined) queue.commands.push(command);
      else queue.spoiled = true;
      return refusal ?? "QUEUED";
    }
    const reply = refusal ?? this.#run(command, keys);
    // A slow node: what comes behind it on this connection waits.
    if (!this.#chance(0.3)) return reply;
    return new Promise((resolve) => {
      this.#clock.setTimeout(() => resolve(reply), Math.floor(this.#clock.random() * 20));
    });
  }
}

function keysOf([name, ...args]: readonly string[]): string[] {
  if (name === "RPUSH") return [args[0]!];
  return name === "MSET" ? args.filter((_, index) => index % 2 === 0) : [];
}
