/**
 * The way out of a connection: the arena, what waits behind a slow peer, and what has been handed to the socket.
 *
 * @module
 */
import { Encoder } from "../resp/encoder.ts";
import type { Socket } from "../transport.ts";

/**
 * Bytes at which what is encoded goes out before the tick is over: the server works on the first part while the rest is
 * being encoded. With less, what a further `send` costs outweighs it where little follows. What follows in the same tick
 * goes out in parts that double, up to a whole arena, so that the server never runs dry and there are few of them.
 */
const FIRST = 8_192;
/** A server takes about that much longer for a command than it takes to encode it and to come round to the next write. */
const SLOWER = 3;

/** Bytes that wait for the socket, how many there were, and how many commands are complete when they have gone. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly upTo: number;
}

/** Encodes commands and writes them: one write a tick, or a few where there is much. */
export class Output {
  /** Encodes into the arena; what is in there goes out with the next `flush`. */
  readonly encoder: Encoder;
  /** How many commands have been encoded. */
  encoded = 0;
  /** How many of them have been handed to the socket: the others cannot have run. */
  sent = 0;
  /** Bytes in the arena at which `flushEarly` is worth its while. */
  early = FIRST;
  readonly #socket: Socket;
  readonly #failed: (cause: unknown) => void;
  #busy = false;
  #backlog: Chunk[] = [];
  #backlogBytes = 0;

  /** Writes to `socket`; `failed` hears of it when that cannot be done any more. */
  constructor(socket: Socket, failed: (cause: unknown) => void) {
    this.#socket = socket;
    this.#failed = failed;
    this.encoder = new Encoder((bytes) => this.#put(bytes, this.encoded));
  }

  /** Whether the peer is slower than we are. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Bytes that the socket has not taken yet. */
  get waiting(): number {
    return this.encoder.length + this.#backlogBytes;
  }

  /** There is much, and more may come in this tick: hands over what there is by now. */
  flushEarly(): void {
    this.early *= 2;
    this.flush();
  }

  /** Hands to the socket what has been encoded; while it is busy, all waits. */
  flush(): void {
    if (this.#busy) return;
    const bytes = this.encoder.take();
    if (bytes.length > 0) this.#write(bytes, this.encoded);
  }

  /**
   * The tick is over: hands over the rest. A socket whose every write is a promise takes one part a tick, which must
   * keep the server busy while the rest is being encoded: a third of what was left this time.
   */
  flushTick(): void {
    this.flush();
    this.early = this.#busy ? Math.max(this.waiting / SLOWER, FIRST) : FIRST;
  }

  #put(bytes: Uint8Array, upTo: number): void {
    if (!this.#busy) return this.#write(bytes, upTo);
    const { length } = bytes;
    this.#backlog.push({ bytes, length, upTo });
    this.#backlogBytes += length;
  }

  #write(bytes: Uint8Array, upTo: number): void {
    this.sent = upTo;
    let taken: void | Promise<void>;
    try {
      taken = this.#socket.write(bytes);
    } catch (error) {
      return this.#fail(error);
    }
    if (taken === undefined) return this.encoder.give(bytes);
    this.#busy = true;
    taken.then(() => this.#goOn(bytes), (error) => this.#fail(error));
  }

  /** Nothing can go out any more. Later, as this may be the middle of a command, which then counts as queued. */
  #fail(cause: unknown): void {
    this.#busy = true;
    queueMicrotask(() => this.#failed(cause));
  }

  #goOn(bytes: Uint8Array): void {
    this.encoder.give(bytes);
    this.#busy = false;
    const backlog = this.#backlog;
    for (let index = 0; index < backlog.length; index++) {
      const chunk = backlog[index]!;
      this.#backlogBytes -= chunk.length;
      if (chunk.bytes.length !== chunk.length) {
        // Its header has been sent: what follows would be read as part of this value.
        const message = "A Uint8Array was transferred or resized while it waited to be sent";
        return this.#fail(new TypeError(message));
      }
      this.#write(chunk.bytes, chunk.upTo);
      if (this.#busy) {
        this.#backlog = backlog.slice(index + 1);
        return;
      }
    }
    this.#backlog = [];
    this.flush();
  }
}
