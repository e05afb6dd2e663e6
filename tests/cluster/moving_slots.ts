/**
 * A model of a cluster whose slots refuse commands in all ways at random: they are moved key by key, down, loading, or at
 * another node. It writes down what ran, so that a test can compare that with the order of the calls.
 *
 * @module
 */
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { sha1 } from "../../src/commands/sha1.ts";
import type { Timer } from "../../src/clock.ts";
import type { Transport } from "../../src/transport.ts";
import type { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { type Answer, Many, type PeerConnection } from "../harness/scripted_peer.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

interface SlotState {
  owner: number;
  /** The node that receives the slot, and the keys that are there already. */
  target: number | undefined;
  readonly gone: Set<string>;
  /** The error with which the owner replies to all commands, and the number of commands left. */
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

/** Additional events. */
export interface Troubles {
  /** Connections end, before or after a command has run. */
  readonly losses?: boolean;
  /** Whether a node leaves the cluster, and returns. */
  readonly departures?: boolean;
  /** Sockets take bytes late, and some stall for longer than a connection lives. */
  readonly slow?: boolean;
  /** Connections are replaced when their time is over (`maxLifetime`). */
  readonly lifetimes?: boolean;
  /** Calls of GET have large replies, which arrive in chunks: the values of the key, and much behind them. */
  readonly large?: boolean;
}

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
  readonly #troubles: Troubles;
  /** The digests of the scripts that each node knows. */
  readonly #scripts: Map<number, Set<string>> = new Map();

  /** Takes its random numbers from the clock. */
  constructor(clock: SimulatedClock, troubles: Troubles = {}) {
    this.#clock = clock;
    this.#troubles = troubles;
    this.fake.before = (port, command, connection) => this.#answer(port, command, connection);
  }

  /** The way to the nodes. */
  transport(): Transport {
    const inner = this.#troubles.large ? inChunks(this.fake.transport()) : this.fake.transport();
    if (this.#troubles.slow !== true) return inner;
    return {
      ...inner,
      connect: async (...given) => {
        const socket = await inner.connect(...given);
        const write = socket.write.bind(socket);
        const destroy = socket.destroy.bind(socket);
        // One at a time: the next write follows when the socket has taken this one.
        let timer: Timer;
        socket.write = (bytes) =>
          new Promise<void>((resolve, reject) => {
            timer = this.#clock.setTimeout(
              () => Promise.resolve(write(bytes)).then(resolve, reject),
              (this.#clock.random() < 0.1 ? 150 : 15) * this.#clock.random(),
            );
          });
        socket.destroy = () => {
          this.#clock.clearTimeout(timer);
          destroy();
        };
        return socket;
      },
    };
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
    const others = this.fake.belief.shards.map(({ master }) => master).filter((other) => other !== port);
    return others[Math.floor(this.#clock.random() * others.length)]!;
  }

  /** Removes a node, whose slots move to the others, or adds it again without slots. */
  #departOrReturn(): void {
    const { epoch, shards } = this.fake.belief;
    const gone = 7000 + Math.floor(this.#clock.random() * 3);
    const left = dealt(3, epoch + 1);
    if (shards.length === 3) {
      left.shards = left.shards.map(({ range, master }) => ({
        range,
        master: master === gone ? 7000 + (gone - 7000 + 1) % 3 : master,
      }));
    }
    this.fake.belief = left;
    for (const [slot, state] of this.#slots) {
      const known = new Set(left.shards.map(({ master }) => master));
      if (state.target !== undefined && !known.has(state.target)) {
        state.target = undefined;
        state.gone.clear();
      }
      if (known.has(state.owner)) continue;
      state.owner = left.shards.find(({ range: [from, to] }) => slot >= from && slot <= to)!.master;
      state.target = undefined;
      state.gone.clear();
    }
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

  #run(command: readonly string[], keys: readonly string[]): number | string {
    if (command[0] === "GET") return `${this.written.get(keys[0]!) ?? ""} ${PADDING}`;
    keys.forEach((key, index) => {
      const values = this.written.get(key) ?? [];
      this.written.set(key, values);
      const value = { MSET: 2 + 2 * index, EVAL: 4, EVALSHA: 4 }[command[0]!] ?? 2;
      values.push(command[value]!);
    });
    return command[0] === "MSET" ? "OK" : 1;
  }

  #unknownScript(port: number, [name, script = ""]: readonly string[]): ErrorReply | undefined {
    let known = this.#scripts.get(port);
    if (known === undefined || this.#chance(0.02)) this.#scripts.set(port, known = new Set());
    if (name === "EVAL") known.add(sha1(script));
    const unknown = name === "EVALSHA" && !known.has(script);
    return unknown ? new ErrorReply("NOSCRIPT No matching script. Please use EVAL.") : undefined;
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
    // A node that loads refuses commands for all nodes, too; they are retried at that node.
    if (name === "DBSIZE") return this.#chance(0.5) ? new ErrorReply(TEMPORARY[1]!) : 0;
    if (keys.length === 0) return undefined;
    if (this.#troubles.departures && this.#chance(0.01)) this.#departOrReturn();
    const refusal = this.#refusal(port, keys, asking) ?? this.#unknownScript(port, command);
    if (queue !== undefined) {
      if (refusal === undefined) queue.commands.push(command);
      else queue.spoiled = true;
      return refusal ?? "QUEUED";
    }
    if (this.#troubles.losses && this.#chance(0.02)) {
      if (refusal === undefined && this.#chance(0.5)) this.#run(command, keys);
      if (this.#chance(0.5)) connection.close();
      else connection.reset();
      return new Many([]);
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
  if (name === "RPUSH" || name === "GET") return [args[0]!];
  if (name === "EVAL" || name === "EVALSHA") return [args[2]!];
  return name === "MSET" ? args.filter((_, index) => index % 2 === 0) : [];
}

/** Makes a reply large. */
const PADDING = "-".repeat(132_000);
const CHUNK = 131_072;

/** A transport whose sockets receive long data in parts. */
function inChunks(inner: Transport): Transport {
  return {
    ...inner,
    connect: (endpoint, options, handlers) =>
      inner.connect(endpoint, options, {
        ...handlers,
        data(chunk) {
          for (let at = 0; at < chunk.length; at += CHUNK) handlers.data(chunk.subarray(at, at + CHUNK));
        },
      }),
  };
}
