/**
 * The base class of sockets: the life of a connected socket.
 *
 * ```text
 *            close()                    all sent, FIN sent, FIN of the peer (or linger is over)
 *   open ------------------> closing ------------------------------------------------------> ended
 *     \________________________ destroy(), an error, the peer's FIN __________________________/
 * ```
 *
 * A subclass implements the native operations and calls `deliver`, `flushed`, `peerEnded` and `failed`.
 *
 * @module
 */

import { type Deferred, deferred } from "./deferred.ts";
import { ConnectionError } from "../../src/errors.ts";
import type { Socket, SocketHandlers } from "../../src/transport.ts";
import { linkLost } from "./failure.ts";
import type { SocketTimers } from "./socket_timers.ts";

const OPEN = 0;
const CLOSING = 1;
const ENDED = 2;

/**
 * The milliseconds that `close` waits for the peer's FIN. With unread bytes in the receive buffer, closing at once
 * would make the kernel send a reset and discard data in flight.
 */
const LINGER = 1_000;

/** The size from which the time to handle a chunk is measured, in bytes. */
const LONG_CHUNK = 16_384;
/** Milliseconds for which long chunks are handled in one turn of the event loop. */
const SLICE = 4;

const NONE = new Uint8Array(0);
/** Places of delivered chunks that a list of held ones has before it is shortened. */
const MANY = 1_024;

/** The time of the first long chunk of this turn on any socket, if there was one. */
let turnStart: number | undefined;
const endTurn = (): void => {
  turnStart = undefined;
};

/** A connected socket without its native half. */
export abstract class BaseSocket implements Socket {
  /** The address, for messages. */
  readonly address: string;
  noticesDeadPeer = false;
  /** `undefined` when it has ended: Node keeps closed sockets for long, and with them all that they refer to. */
  #handlers: SocketHandlers | undefined;
  #state: typeof OPEN | typeof CLOSING | typeof ENDED = OPEN;
  #pending: Deferred<void> | undefined;
  #ended: Deferred<void> | undefined;
  readonly #timers: SocketTimers;
  #stopLinger: (() => void) | undefined;
  #paused = false;
  /** Whether the native half was last told to stop reading. */
  #stopped = false;
  /** Whether reading continues in the next turn of the event loop, so that other work is not delayed. */
  #resting = false;
  /** Whether the next turn will wake it up. */
  #wakes = false;
  #started = false;
  /** Copies of chunks that arrived before `start`, or although the socket was paused. */
  #held: Uint8Array[] = [];
  /** The place of the first one in `#held`: those before it were delivered. */
  #first = 0;
  /** The number of bytes in `#held`. */
  #heldBytes = 0;
  #peerEnded = false;
  /** No more bytes are to be sent, or the FIN has been. */
  #writeClosed = false;
  #finished = false;

  /** Makes the half that all runtimes share. */
  constructor(address: string, handlers: SocketHandlers, timers: SocketTimers) {
    this.address = address;
    this.#handlers = handlers;
    this.#timers = timers;
  }

  /** Hands bytes to the system; true when all were taken, false when `flushed` or `failed` will follow. */
  protected abstract send(bytes: Uint8Array): boolean;
  /** Starts or stops reading. */
  protected abstract flow(on: boolean): void;
  /** Sends FIN. Called once, when everything has been sent. */
  protected abstract finishSending(): void;
  /** Frees the native socket at once. Never throws. */
  protected abstract release(): void;
  abstract ref(): void;
  abstract unref(): void;

  /** Starts `data`. Runtimes may have bytes before the caller of `connect` has the socket. */
  start(): void {
    this.#started = true;
    if (!this.#paused) this.#deliverHeld();
  }

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#state !== OPEN || this.#writeClosed || this.#pending !== undefined) {
      return this.#writeLater(bytes);
    }
    if (this.send(bytes)) return;
    // `send` may have found out that the socket is dead.
    if (this.isEnded) return this.#writeLater(bytes);
    this.#pending = deferred<void>();
    return this.#pending.promise;
  }

  pause(): void {
    if (this.#paused || this.#state !== OPEN) return;
    this.#paused = true;
    if (!this.#resting) this.#setFlow(false);
  }

  resume(): void {
    if (!this.#paused || this.#state !== OPEN) return;
    this.#paused = false;
    if (!this.#started || this.#resting) return;
    if (this.#held.length > 0 || this.#peerEnded) queueMicrotask(() => this.#deliverHeld());
    else this.#setFlow(true);
  }

  closeWrite(): void {
    if (this.#state !== OPEN || this.#writeClosed) return;
    this.#writeClosed = true;
    if (this.#pending === undefined) this.#finish();
  }

  close(): Promise<void> {
    if (this.#handlers === undefined) return Promise.resolve();
    this.#ended ??= deferred<void>();
    if (this.#state === OPEN) {
      this.#state = CLOSING;
      // A peer that is blocked in writing would never read our data: keep reading, and discard.
      this.#dropHeld();
      this.#paused = this.#resting = false;
      if (this.#stopped) this.#setFlow(true);
      if (this.#pending === undefined) this.#shutDown();
    }
    return this.#ended.promise;
  }

  destroy(error?: Error): void {
    this.end(error);
  }

  /** True while no data may be delivered. */
  protected get isPaused(): boolean {
    return this.#paused || this.#resting;
  }

  /** True between `pause` and `resume`. */
  protected get isStopped(): boolean {
    return this.#paused;
  }

  /** The number of bytes that arrived and were not delivered. */
  protected get heldBytes(): number {
    return this.#heldBytes;
  }

  /** True when nothing more will happen. */
  protected get isEnded(): boolean {
    return this.#state === ENDED;
  }

  /** Memory to read the next bytes into; undefined: any. They must be passed to `deliver` before anything else is. */
  get destination(): Uint8Array | undefined {
    if (this.#state !== OPEN || this.isPaused || !this.#started || this.#held.length > 0) return undefined;
    return this.#handlers!.destination?.();
  }

  /** Bytes came in. */
  protected deliver(chunk: Uint8Array): void {
    if (this.#state !== OPEN) return;
    if (this.isPaused || !this.#started || this.#held.length > 0) {
      this.#held.push(chunk.slice());
      this.#heldBytes += chunk.length;
    } else this.#handOn(chunk);
  }

  /** Called when the rest of `send` was sent. */
  protected flushed(): void {
    const pending = this.#pending;
    if (pending === undefined || this.#state === ENDED) return;
    this.#pending = undefined;
    pending.resolve();
    if (this.#state === CLOSING) this.#shutDown();
    else if (this.#writeClosed) this.#finish();
  }

  /** The peer has sent FIN. */
  protected peerEnded(): void {
    this.#peerEnded = true;
    if (this.#state === OPEN && (this.isPaused || !this.#started || this.#held.length > 0)) return;
    // A peer that has ended its own half may still be reading what `close` is sending.
    if (this.#state === CLOSING && this.#pending !== undefined) return;
    this.end();
  }

  /** The runtime reports an error: the link is lost, unless we were only waiting for the peer's FIN. */
  protected failed(cause: unknown): void {
    this.deliverBeyond(0);
    if (this.#state === CLOSING && this.#pending === undefined) this.end();
    else this.end(linkLost(this.address, cause));
  }

  /** Delivers held chunks in this turn until at most `most` bytes are held, unless `pause` was called. */
  protected deliverBeyond(most: number): void {
    while (this.#resting && this.#heldBytes > most) {
      this.#resting = false;
      this.#deliverHeld();
    }
  }

  /** The end, once. */
  protected end(error?: Error): void {
    if (this.#state === ENDED) return;
    this.#state = ENDED;
    this.#stopLinger?.();
    this.#stopLinger = undefined;
    this.#dropHeld();
    this.release();
    if (this.#pending !== undefined) {
      // An unobserved promise must not end the process; `close` reports the error.
      this.#pending.promise.catch(ignore);
      this.#pending.reject(error ?? linkLost(this.address, undefined));
      this.#pending = undefined;
    }
    queueMicrotask(() => {
      const handlers = this.#handlers!;
      this.#handlers = undefined;
      try {
        handlers.close(error);
      } catch {
        // This was the last call, so nothing can receive the error.
      }
      this.#ended?.resolve();
    });
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.finishSending();
  }

  #shutDown(): void {
    if (this.#peerEnded) return this.end();
    this.#finish();
    if (this.isEnded) return;
    this.#stopLinger = this.#timers.background(() => this.end(), LINGER);
  }

  #writeLater(bytes: Uint8Array): Promise<void> {
    if (this.#state === OPEN && !this.#writeClosed && this.#pending !== undefined) {
      const later = this.#pending.promise.then(() => this.write(bytes));
      later.catch(ignore);
      return later;
    }
    const refused = Promise.reject(
      new ConnectionError(`Cannot write to ${this.address}: the socket is closed`, {
        code: "CLOSED",
        executed: "no",
      }),
    );
    refused.catch(ignore);
    return refused;
  }

  #setFlow(on: boolean): void {
    this.#stopped = !on;
    this.flow(on);
  }

  #handOn(chunk: Uint8Array): void {
    const isLong = chunk.length >= LONG_CHUNK && this.#timers.outliveTasks;
    if (isLong && turnStart === undefined) {
      turnStart = performance.now();
      this.#timers.nextTurn(endTurn);
    }
    try {
      this.#handlers!.data(chunk);
      if (isLong && performance.now() - turnStart! >= SLICE) this.#rest();
    } catch (error) {
      this.end(error instanceof Error ? error : new Error("A handler of data failed", { cause: error }));
    }
  }

  /** Stops reading until the next turn of the event loop. */
  #rest(): void {
    if (this.#state !== OPEN) return;
    if (!this.#paused) this.#setFlow(false);
    this.#resting = true;
    // `deliverBeyond` may have ended another rest in this turn.
    if (this.#wakes) return;
    this.#wakes = true;
    this.#timers.nextTurn(() => {
      this.#wakes = this.#resting = false;
      this.#deliverHeld();
    });
  }

  #deliverHeld(): void {
    while (!this.isPaused && this.#state === OPEN) {
      const held = this.#held;
      if (held.length === 0) {
        if (this.#peerEnded) this.end();
        else this.#setFlow(true);
        return;
      }
      const chunk = held[this.#first]!;
      held[this.#first++] = NONE;
      this.#heldBytes -= chunk.length;
      if (this.#first === held.length) this.#dropHeld();
      else if (this.#first >= MANY && this.#first * 2 >= held.length) {
        held.splice(0, this.#first);
        this.#first = 0;
      }
      this.#handOn(chunk);
    }
  }

  #dropHeld(): void {
    this.#held = [];
    this.#first = this.#heldBytes = 0;
  }
}

function ignore(): void {}
