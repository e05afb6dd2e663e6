/**
 * The bytes of all connections on their way: late, held back, lost, or cut off.
 *
 * @module
 */
import { selects } from "../client_info.ts";
import type { ServerState, Session } from "../state.ts";
import type { Alarm } from "../time.ts";
import type { CountedFault, Direction } from "./fault.ts";

type Pass = (bytes: Uint8Array) => void;

/** Late bytes. */
export interface LatencyFault {
  /** Counts, and knows its clients. */
  readonly fault: CountedFault;
  /** The direction. */
  readonly direction: Direction;
  /** The delay of the next chunk in milliseconds. */
  readonly delay: () => number;
}

/** Bytes that wait until it is over. */
export interface FreezeFault {
  /** Counts, and knows its clients. */
  readonly fault: CountedFault;
  /** The direction; `undefined` for both. */
  readonly direction: Direction | undefined;
}

/** A fault that ends connections after a number of bytes. */
export interface CutFault {
  /** Counts, and knows its clients. */
  readonly fault: CountedFault;
  /** The direction. */
  readonly direction: Direction;
  /** The number of bytes. */
  readonly bytes: number;
  /** The number of bytes so far, by connection. */
  readonly passed: WeakMap<Session, number>;
}

/** Bytes of one direction of a connection that wait. */
class Queue {
  readonly chunks: { readonly bytes: Uint8Array; readonly at: number }[] = [];
  readonly session: Session;
  readonly direction: Direction;
  readonly pass: Pass;
  alarm: Alarm | undefined;

  constructor(session: Session, direction: Direction, pass: Pass) {
    this.session = session;
    this.direction = direction;
    this.pass = pass;
  }
}

/** Delays, drops or cuts the bytes of connections. */
export class Traffic {
  /** Late bytes. */
  readonly latencies: Set<LatencyFault> = new Set();
  /** Bytes that wait. */
  readonly freezes: Set<FreezeFault> = new Set();
  /** Connections that will be cut. */
  readonly cuts: Set<CutFault> = new Set();
  /** Connections whose bytes are lost. */
  readonly dead: Set<Session> = new Set();
  readonly #server: ServerState;
  readonly #queues: Record<Direction, Map<Session, Queue>> = { in: new Map(), out: new Map() };

  readonly #idle: () => void;

  /** Handles all connections of a server. `idle` is called when no bytes wait any more. */
  constructor(server: ServerState, idle: () => void) {
    this.#server = server;
    this.#idle = idle;
  }

  /** Whether bytes have to come by here. */
  get active(): boolean {
    for (const session of this.dead) if (session.closed) this.dead.delete(session);
    return this.latencies.size + this.freezes.size + this.cuts.size + this.dead.size > 0 ||
      this.#queues.in.size + this.#queues.out.size > 0;
  }

  /** Bytes are on their way; returns what passes at once. */
  carry(direction: Direction, session: Session, bytes: Uint8Array, pass: Pass): Uint8Array | undefined {
    if (this.dead.has(session)) return undefined;
    const queues = this.#queues[direction];
    let queue = queues.get(session);
    let delay = 0;
    for (const one of this.latencies) {
      if (one.direction === direction && selects(one.fault.clients, session)) delay += one.delay();
    }
    if (queue === undefined && delay === 0 && !this.#frozen(direction, session)) {
      return this.#cut(direction, session, bytes, pass);
    }
    if (queue === undefined) queues.set(session, queue = new Queue(session, direction, pass));
    const { time } = this.#server;
    const at = Math.max(time.now() + delay, queue.chunks.at(-1)?.at ?? 0);
    queue.chunks.push({ bytes: bytes.slice(), at });
    this.#pump(queue);
    return undefined;
  }

  /** Lets pass what no fault holds back any more. */
  release(): void {
    for (const queues of Object.values(this.#queues)) {
      for (const queue of [...queues.values()]) this.#pump(queue);
    }
  }

  #frozen(direction: Direction, session: Session): boolean {
    for (const one of this.freezes) {
      if ((one.direction ?? direction) === direction && selects(one.fault.clients, session)) return true;
    }
    return false;
  }

  #pump(queue: Queue): void {
    const { session, direction, chunks } = queue;
    const { time } = this.#server;
    while (chunks.length > 0 && !session.closed && !this.dead.has(session)) {
      if (this.#frozen(direction, session)) return;
      const { at, bytes } = chunks[0]!;
      if (at > time.now()) {
        if (queue.alarm === undefined || queue.alarm.done || queue.alarm.at > at) {
          time.cancel(queue.alarm);
          queue.alarm = time.set(at, () => this.#pump(queue));
        }
        return;
      }
      chunks.shift();
      const now = this.#cut(direction, session, bytes, queue.pass);
      if (now !== undefined) queue.pass(now);
    }
    time.cancel(queue.alarm);
    this.#queues[direction].delete(session);
    if (!this.active) this.#idle();
  }

  #cut(direction: Direction, session: Session, bytes: Uint8Array, pass: Pass): Uint8Array | undefined {
    for (const one of this.cuts) {
      if (one.direction !== direction || !selects(one.fault.clients, session)) continue;
      const passed = one.passed.get(session) ?? 0;
      const room = Math.max(0, one.bytes - passed);
      if (bytes.length < room) {
        one.passed.set(session, passed + bytes.length);
        continue;
      }
      if (room > 0) pass(bytes.slice(0, room));
      session.link?.close();
      one.fault.hit();
      return undefined;
    }
    return bytes;
  }
}
