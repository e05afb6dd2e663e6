/**
 * The transport of a simulated world.
 *
 * @module
 */
import { ConnectionError, TimeoutError } from "../../src/errors.ts";
import type { Clock, Timer } from "../../src/clock.ts";
import type { Endpoint, Socket, SocketHandlers, SocketOptions, Transport } from "../../src/transport.ts";
import { derive, Dice } from "../harness/dice.ts";
import type { NetworkPlan } from "./scenario.ts";
import type { SimulatedServer } from "./server.ts";
import { SimulatedSocket } from "./socket.ts";

/** The network between clients and a server. */
export class Network {
  /** The properties of the network. */
  readonly plan: NetworkPlan;
  /** Sockets whose client's end is open, in the order of their making. */
  readonly sockets: Set<SimulatedSocket> = new Set();
  /** Until when connects are refused. */
  refusedUntil = 0;
  /** Until when connects are not answered. */
  mutedUntil = 0;
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #find: (endpoint: Endpoint) => SimulatedServer | undefined;
  readonly #written: (bytes: Uint8Array) => void;
  /** Until when connects to a server are not answered. */
  readonly #paused: Map<SimulatedServer, number> = new Map();
  #made = 0;
  #port = 40_000;

  /** Calls `find` at each connect; `undefined`: no server listens there. `written` gets what clients give to sockets. */
  constructor(
    clock: Clock,
    plan: NetworkPlan,
    seed: number,
    find: (endpoint: Endpoint) => SimulatedServer | undefined,
    written: (bytes: Uint8Array) => void,
  ) {
    this.#clock = clock;
    this.plan = plan;
    this.#seed = seed;
    this.#find = find;
    this.#written = written;
  }

  /** Refuses connects for the given milliseconds. */
  refused(ms: number): void {
    this.refusedUntil = Math.max(this.refusedUntil, this.#clock.now() + ms);
  }

  /** Answers no connect for the given milliseconds. */
  muted(ms: number): void {
    this.mutedUntil = Math.max(this.mutedUntil, this.#clock.now() + ms);
  }

  /** Stops the reads and writes of a server for the given milliseconds. */
  pause(server: SimulatedServer, ms: number): void {
    for (const socket of this.sockets) if (socket.server === server) socket.freeze(ms);
    this.#paused.set(server, this.#clock.now() + ms);
  }

  /** Ends all faults; dead connections stay dead. */
  heal(): void {
    this.refusedUntil = this.mutedUntil = 0;
    this.#paused.clear();
    for (const socket of this.sockets) socket.heal();
  }

  /** One of the open sockets, counted round; `undefined` without any. */
  pick(which: number): SimulatedSocket | undefined {
    if (this.sockets.size === 0) return undefined;
    return [...this.sockets][which % this.sockets.size];
  }

  /** The transport of one client. */
  transport(owner: number): Transport {
    return {
      name: "simulated",
      connect: (endpoint, options, handlers) => this.#connect(owner, endpoint, options, handlers),
    };
  }

  #connect(
    owner: number,
    endpoint: Endpoint,
    { signal, connectTimeout = 0 }: SocketOptions,
    handlers: SocketHandlers,
  ): Promise<Socket> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const clock = this.#clock;
      const dice = new Dice(derive(this.#seed, ++this.#made));
      let reach: Timer;
      let limit: Timer;
      const settle = (): void => {
        signal?.removeEventListener("abort", aborted);
        clock.clearTimeout(reach);
        clock.clearTimeout(limit);
      };
      const fail = (error: unknown): void => {
        settle();
        reject(error);
      };
      const aborted = (): void => fail(signal!.reason);
      signal?.addEventListener("abort", aborted);
      if (connectTimeout > 0) {
        limit = clock.setTimeout(() => {
          fail(
            new TimeoutError(`Cannot connect: no connection in ${connectTimeout} ms`, {
              code: "CONNECT_TIMEOUT",
              executed: "no",
            }),
          );
        }, connectTimeout);
      }
      const arrive = (): void => {
        const now = clock.now();
        const server = this.#find(endpoint);
        if (now < this.mutedUntil || (server !== undefined && now < (this.#paused.get(server) ?? 0))) {
          // The SYN is lost, and is sent again.
          reach = clock.setTimeout(arrive, 1_000);
          return;
        }
        if (now < this.refusedUntil || server === undefined) {
          return fail(new ConnectionError("Cannot connect: refused", { code: "CONNECT", executed: "no" }));
        }
        settle();
        resolve(this.#accept(server, owner, dice, handlers));
      };
      reach = clock.setTimeout(arrive, 2 * this.plan.latency);
    });
  }

  #accept(server: SimulatedServer, owner: number, dice: Dice, handlers: SocketHandlers): Socket {
    const socket = new SimulatedSocket(owner, this.#clock, this.plan, dice, handlers, {
      gone: (gone) => this.sockets.delete(gone),
      written: this.#written,
    });
    this.sockets.add(socket);
    const { state } = server;
    if (state.sessions.size >= state.config.number("maxclients")) {
      socket.turnAway("-ERR max number of clients reached\r\n");
    } else {
      this.#port = this.#port === 65_535 ? 40_000 : this.#port + 1;
      socket.accept(server, `127.0.0.1:${this.#port}`);
    }
    return socket;
  }
}
