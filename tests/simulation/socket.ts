/**
 * A connection of a simulated network: the client's socket at one end, the test server's connection at the other.
 *
 * @module
 */
import { ConnectionError } from "../../src/errors.ts";
import type { Clock, Timer } from "../../src/clock.ts";
import { Connection, type Wire } from "../../src/testing/connection.ts";
import type { Socket, SocketHandlers } from "../../src/transport.ts";
import type { Dice } from "../harness/dice.ts";
import { Link } from "./link.ts";
import type { NetworkPlan } from "./scenario.ts";
import type { SimulatedServer } from "./server.ts";

interface Waiting {
  bytes: Uint8Array;
  resolve: () => void;
  reject: (error: Error) => void;
}

function closedError(why: string): ConnectionError {
  return new ConnectionError(`Cannot write: ${why}`, { code: "CLOSED", executed: "no" });
}

/** The owner of a socket, which receives its events. */
interface SocketHome {
  /** The client's end has ended. */
  gone(socket: SimulatedSocket): void;
  /** The client has written something. */
  written(bytes: Uint8Array): void;
}

/** Both ends and what is between them. */
export class SimulatedSocket implements Socket {
  /** The number of the client whose transport made it. */
  readonly owner: number;
  /** The server at the other end. */
  server: SimulatedServer | undefined = undefined;
  readonly #clock: Clock;
  readonly #plan: NetworkPlan;
  readonly #handlers: SocketHandlers;
  readonly #home: SocketHome;
  readonly #toServer: Link;
  readonly #toClient: Link;
  readonly #closers: (() => void)[] = [];
  #server: Connection | undefined;
  #waiting: Waiting | undefined;
  /** Bytes that it takes before it stalls; `Infinity`: it does not. */
  #stallAfter = Infinity;
  #stall: Timer = undefined;
  #silent = false;
  #closing = false;
  #ended = false;
  #serverGone = false;
  /** The time at which the server sent the last bytes that the client received. */
  heardAt = 0;
  #sent: { at: number; left: number }[] = [];

  /** Reports to `home`. */
  constructor(
    owner: number,
    clock: Clock,
    plan: NetworkPlan,
    dice: Dice,
    handlers: SocketHandlers,
    home: SocketHome,
  ) {
    this.owner = owner;
    this.#clock = clock;
    this.#plan = plan;
    this.#handlers = handlers;
    this.#home = home;
    this.#toServer = new Link(clock, plan, dice, (bytes) => this.#server?.receive(bytes));
    this.#toServer.onRoom = () => this.#grant();
    this.#toClient = new Link(clock, plan, dice, (bytes) => this.#receive(bytes));
  }

  get noticesDeadPeer(): boolean {
    return this.#plan.keepAlive > 0;
  }

  /** Whether the client's end is open. */
  get open(): boolean {
    return !this.#ended;
  }

  /** Whether the server sends it invalidations. */
  get tracks(): boolean {
    return this.#server?.session.tracking !== undefined;
  }

  /** Puts a server behind it. */
  accept(server: SimulatedServer, address: string): void {
    this.server = server;
    const wire: Wire = {
      address,
      localAddress: server.address,
      send: (bytes) => this.#transmit(bytes),
      close: (now) => this.#serverCloses(now),
    };
    this.#server = new Connection(server.state, wire);
    server.owners.set(this.#server.session.id, this.owner);
  }

  /** Turns the client away with a line of text. */
  turnAway(line: string): void {
    this.#transmit(new TextEncoder().encode(line));
    this.#serverCloses(false);
  }

  #transmit(bytes: Uint8Array): void {
    if (this.#silent) return;
    this.#sent.push({ at: this.#clock.now(), left: bytes.length });
    this.#toClient.send(bytes);
  }

  #receive(bytes: Uint8Array): void {
    let { length } = bytes;
    while (length > 0) {
      const first = this.#sent[0]!;
      const taken = Math.min(first.left, length);
      length -= taken;
      first.left -= taken;
      if (first.left > 0) break;
      this.heardAt = first.at;
      this.#sent.shift();
    }
    this.#handlers.data(bytes);
  }

  #serverCloses(now: boolean): void {
    this.#serverGone = true;
    if (this.#silent) return;
    if (now) this.#toClient.drop();
    if (now) this.#breakLater("ECONNRESET");
    else this.#toClient.finish(() => this.#end());
  }

  #breakLater(why: string): void {
    this.#clock.setTimeout(() => this.#end(new Error(why)), this.#plan.latency);
  }

  write(bytes: Uint8Array): void | Promise<void> {
    // Clients cannot know how much of it a socket has taken that is about to report its end.
    this.#home.written(bytes);
    if (this.#ended || this.#closing) return Promise.reject(closedError("the socket has ended"));
    if (this.#waiting !== undefined) throw new Error("written to before the last write was taken");
    const rest = this.#take(bytes);
    if (rest.length === 0) return this.#plan.promises ? Promise.resolve() : undefined;
    return new Promise((resolve, reject) => this.#waiting = { bytes: rest, resolve, reject });
  }

  #take(bytes: Uint8Array): Uint8Array {
    const room = Math.max(0, Math.min(this.#plan.capacity - this.#toServer.inFlight, this.#stallAfter));
    const taken = Math.min(room, bytes.length);
    if (taken > 0) {
      this.#stallAfter -= taken;
      this.#toServer.send(bytes.subarray(0, taken));
    }
    return bytes.subarray(taken);
  }

  #grant(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#ended) return;
    waiting.bytes = this.#take(waiting.bytes);
    if (waiting.bytes.length > 0) return;
    this.#waiting = undefined;
    waiting.resolve();
  }

  pause(): void {
    this.#toClient.hold(true);
  }

  resume(): void {
    this.#toClient.hold(false);
  }

  ref(): void {}

  unref(): void {}

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended) return resolve();
      this.#closers.push(resolve);
      if (this.#closing) return;
      this.#closing = true;
      if (this.#silent || this.#waiting !== undefined) return this.#end();
      this.#toServer.finish(() => {
        this.#server?.ended();
        this.#end();
      });
      // As the adapters do: a peer that does not take the rest is not waited for.
      this.#clock.setTimeout(() => this.#end(), 1_000);
    });
  }

  /** Closes the client's side at once. Bytes that the network has accepted still reach the server. */
  destroy(error?: Error): void {
    if (!this.#silent) this.#toServer.finish(() => this.#server?.ended());
    this.#end(error);
  }

  #end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#clock.clearTimeout(this.#stall);
    this.#toClient.drop();
    if (this.#serverGone) this.#toServer.drop();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(closedError("the socket has ended"));
    this.#home.gone(this);
    queueMicrotask(() => {
      try {
        this.#handlers.close(error);
      } finally {
        for (const resolve of this.#closers.splice(0)) resolve();
      }
    });
  }

  /** Breaks both ends after the given number of further bytes in one direction. */
  cut(toServer: boolean, bytes: number): void {
    const link = toServer ? this.#toServer : this.#toClient;
    const broken = (): void => {
      this.#toServer.drop();
      this.#serverGone = true;
      this.#server?.ended();
      if (toServer) this.#breakLater("ECONNRESET");
      else this.#end(new Error("ECONNRESET"));
    };
    if (bytes === 0) {
      link.drop();
      return broken();
    }
    link.cutAfter = bytes;
    link.onCut = broken;
  }

  /** Cancels all later faults of the connection. */
  heal(): void {
    this.#toServer.cutAfter = this.#toClient.cutAfter = this.#stallAfter = Infinity;
    if (!this.#silent) this.#grant();
  }

  /** Stops both directions for the given milliseconds. */
  freeze(ms: number): void {
    this.#toServer.freeze(ms);
    this.#toClient.freeze(ms);
  }

  /** Stops both directions permanently without an event; the server may keep its side of the connection. */
  halfOpen(serverKeeps: boolean): void {
    if (this.#silent || this.#ended) return;
    this.#silent = true;
    this.#toServer.drop();
    this.#toClient.drop();
    this.#serverGone = true;
    if (!serverKeeps) this.#server?.ended();
    const { keepAlive } = this.#plan;
    if (keepAlive > 0) {
      this.#stall = this.#clock.setTimeout(() => this.#end(new Error("ETIMEDOUT")), keepAlive);
    }
  }

  /** Accepts the given number of further bytes, then none for the given milliseconds. */
  stall(bytes: number, ms: number): void {
    if (this.#silent || this.#ended) return;
    this.#stallAfter = bytes;
    this.#clock.clearTimeout(this.#stall);
    this.#stall = this.#clock.setTimeout(() => {
      this.#stallAfter = Infinity;
      this.#grant();
    }, ms);
  }

  /** Delays all bytes from the server by the given milliseconds. */
  delayReplies(ms: number): void {
    this.#toClient.freeze(ms);
  }

  /** The server ends the connection. */
  kill(): void {
    if (this.#silent) return;
    this.#server?.close(true);
  }
}
