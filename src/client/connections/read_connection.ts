/**
 * A further connection, for reads with large replies. It is opened when it is needed, and closed when it is idle.
 *
 * @module
 */
import { runSoon, type Timer } from "../../clock.ts";
import type { Link } from "../../connection/link.ts";
import type { Pending } from "../../connection/pending.ts";
import { MultiplexedConnection } from "./multiplexed_connection.ts";
import { sendBarrier } from "./retry_hold.ts";

/** Milliseconds without reads after which the connection is closed. */
const IDLE = 30_000;
/** The first and the longest wait before the next try to open it, in milliseconds. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;
/** The maximum number of barriers before its reads are sent: a steady flow of them must not hold it back forever. */
const MOST_BARRIERS = 16;

/** The owner of a further connection. */
export interface ReadConnectionOwner {
  /** A large reply arrives. */
  large(pending: Pending): void;
  /** The main connection has answered all that was called before the waiting reads. */
  aligned(connection: ReadConnection): void;
  /** The connection is over; these commands wait, in order. */
  ended(waiting: Pending[]): void;
}

/** A further connection, open or not. */
export class ReadConnection {
  /** The number of reads that wait on it. */
  reads = 0;
  /** The number of barriers on the main connection that its reads wait for, and all since they were last sent. */
  #barriers = 0;
  #sent = 0;
  /** The number of replies over the main connection before the last barrier. */
  #alignedTo = 0;
  /** Sends the reads, while it is open or being opened. */
  sender: MultiplexedConnection | undefined = undefined;
  readonly #main: MultiplexedConnection;
  readonly #owner: ReadConnectionOwner;
  #usedAt = 0;
  #retryAt = 0;
  #wait = 0;
  #timer: Timer = undefined;
  #retiring = false;

  /** Makes it beside the main connection, from the same pool. */
  constructor(main: MultiplexedConnection, owner: ReadConnectionOwner) {
    this.#main = main;
    this.#owner = owner;
  }

  /** Whether reads can be sent now, or as soon as earlier replies have arrived. */
  get usable(): boolean {
    return this.sender !== undefined && (this.aligning || this.sender.usable);
  }

  /** Whether no further keys use it. */
  get retiring(): boolean {
    return this.#retiring;
  }

  /** Whether its reads wait for replies over the main connection. */
  get aligning(): boolean {
    return this.#barriers > 0;
  }

  /**
   * Holds its reads back until the main connection has answered all that was sent up to this position. Returns whether
   * another read can wait for that.
   */
  align(until: number, link: Link, position: number): boolean {
    if (this.aligning && until <= this.#alignedTo) return true;
    if (this.#sent >= MOST_BARRIERS) return false;
    const { sender } = this;
    this.#barriers++;
    this.#sent++;
    // The position of what waits for the socket is not known yet.
    this.#alignedTo = link.busy ? 0 : position;
    sender!.holdBack();
    sendBarrier(this.#main.connection!, () => {
      if (this.sender !== sender || --this.#barriers > 0) return;
      this.#sent = 0;
      this.#owner.aligned(this);
      sender!.proceed();
    });
    return true;
  }

  /** Opens it in the background, if the pool has room: at most half of its places are in use. */
  open(): void {
    const { pool, clock } = this.#main;
    if (this.sender !== undefined || clock.now() < this.#retryAt || pool.closed) return;
    this.#retryAt = clock.now() + FIRST_WAIT;
    if (!pool.roomy) return;
    const sender = this.sender = new MultiplexedConnection(pool);
    sender.further = true;
    sender.large = (pending) => this.#owner.large(pending);
    sender.events.addEventListener("ready", () => this.#ready(sender));
    // Within these events the connection still changes its state.
    for (const end of ["reconnecting", "closed"] as const) {
      sender.events.addEventListener(end, () => runSoon(() => this.#failed(sender)));
    }
    sender.ensureConnected();
  }

  /** A read has settled; `ok`: with a reply. */
  settled(ok: boolean): void {
    this.reads--;
    this.#usedAt = this.#main.clock.now();
    if (ok) this.#wait = 0;
    // Within the reply, the connection still reads.
    if (this.#retiring && this.reads === 0) runSoon(() => this.retire());
  }

  /** Closes it when its reads have settled. */
  retire(): void {
    this.#retiring = true;
    if (this.reads === 0) this.#discard();
  }

  /** Waits for pending replies, then closes it. */
  async close(): Promise<void> {
    this.#main.clock.clearTimeout(this.#timer);
    await this.sender?.close();
  }

  #ready(sender: MultiplexedConnection): void {
    if (sender !== this.sender) return;
    // By another name the server may be another one.
    if (sender.connection?.address !== this.#main.connection?.address) {
      return runSoon(() => this.#failed(sender));
    }
    this.#usedAt = this.#main.clock.now();
    this.#checkIdle(IDLE);
  }

  #checkIdle(delay: number): void {
    const { clock } = this.#main;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      const left = this.#usedAt + IDLE - clock.now();
      if (this.reads === 0 && left <= 0) this.#discard();
      else this.#checkIdle(this.reads === 0 ? left : IDLE);
    }, delay);
    // The process may end before.
    (this.#timer as { unref?(): void } | undefined)?.unref?.();
  }

  #failed(sender: MultiplexedConnection): void {
    if (sender !== this.sender) return;
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2 || FIRST_WAIT);
    this.#retryAt = this.#main.clock.now() + this.#wait;
    this.#discard();
  }

  #discard(): void {
    const { sender } = this;
    if (sender === undefined) return;
    this.#main.clock.clearTimeout(this.#timer);
    this.sender = undefined;
    this.#barriers = this.#sent = 0;
    this.#owner.ended(sender.takeWaiting());
    // Closed, and not left to the pool as an idle connection.
    sender.connection?.disconnect();
    void sender.close();
  }
}
