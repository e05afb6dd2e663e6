/**
 * One direction of a proxied connection: forwards bytes between two sockets, with faults.
 *
 * @module
 */
import type { Socket } from "node:net";

/** The number of bytes in the pipe above which the source is paused. */
const MOST_HELD = 1_048_576;

interface Held {
  bytes: Uint8Array;
  readonly due: number;
}

/** Bytes on their way in one direction. */
export class ProxyPipe {
  /** Bytes that have gone through. */
  bytes = 0;
  /** The number of bytes after which the connection is cut. */
  limit: number = Infinity;
  /** Milliseconds that each chunk is held back. */
  delay = 0;
  /** Bytes a second; `Infinity` does not throttle. */
  rate: number = Infinity;

  readonly #source: Socket;
  readonly #target: Socket;
  readonly #onCut: () => void;
  readonly #held: Held[] = [];
  #size = 0;
  #frozen = false;
  #collecting = false;
  #full = false;
  #swallow = false;
  #ended = false;
  /** A throttled pipe sends nothing before this time. */
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Joins two sockets; `onCut` is called when the limit is reached. */
  constructor(source: Socket, target: Socket, onCut: () => void) {
    this.#source = source;
    this.#target = target;
    this.#onCut = onCut;
    source.on("data", (chunk: Uint8Array) => this.#take(chunk));
    source.on("end", () => {
      this.#ended = true;
      this.#work();
    });
    target.on("drain", () => {
      this.#full = false;
      this.#work();
    });
  }

  /** Stops, until `thaw`; the source is not read, so that it feels it. */
  freeze(): void {
    this.#frozen = true;
    this.#source.pause();
  }

  /** Stops forwarding until `thaw`, but keeps reading: see `held`. */
  collect(): void {
    this.#frozen = true;
    this.#collecting = true;
    this.#work();
  }

  /** The received bytes that were not forwarded. */
  get held(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let end = 0;
    for (const { bytes } of this.#held) {
      all.set(bytes, end);
      end += bytes.length;
    }
    return all;
  }

  /** Resumes forwarding. */
  thaw(): void {
    this.#frozen = false;
    if (this.#collecting) {
      this.#collecting = false;
      const bytes = this.held;
      this.#held.splice(0, this.#held.length, ...bytes.length > 0 ? [{ bytes, due: 0 }] : []);
    }
    this.#work();
  }

  /** Discards all further bytes. */
  swallow(): void {
    this.#swallow = true;
    this.#held.length = 0;
    this.#size = 0;
    this.#source.resume();
  }

  /** Looks at its limit again, and at delay and rate. */
  retune(): void {
    if (this.bytes >= this.limit) this.#onCut();
    else this.#work();
  }

  /** The connection is over. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
    this.#ended = false;
  }

  #take(chunk: Uint8Array): void {
    if (this.#swallow) return;
    this.#held.push({ bytes: chunk, due: performance.now() + this.delay });
    this.#size += chunk.length;
    this.#work();
  }

  #work(): void {
    if (this.#swallow) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#frozen && !this.#full && this.#timer === undefined) {
      const first = this.#held[0];
      if (first === undefined) break;
      const wait = Math.max(first.due, this.#next) - performance.now();
      if (wait > 0) this.#later(wait);
      else this.#send(first);
      if (this.bytes >= this.limit) return this.#onCut();
    }
    if (this.#ended && this.#held.length === 0) this.#target.end();
    if ((this.#frozen && !this.#collecting) || this.#size > MOST_HELD) this.#source.pause();
    else this.#source.resume();
  }

  /** A throttled pipe sends a twentieth of a second's worth at once. */
  #send(first: Held): void {
    const portion = Number.isFinite(this.rate) ? Math.max(1, Math.floor(this.rate / 20)) : Infinity;
    const size = Math.min(first.bytes.length, portion, this.limit - this.bytes);
    this.#full = !this.#target.write(first.bytes.subarray(0, size));
    this.bytes += size;
    this.#size -= size;
    if (size === first.bytes.length) this.#held.shift();
    else first.bytes = first.bytes.subarray(size);
    if (Number.isFinite(this.rate)) this.#next = performance.now() + (size / this.rate) * 1000;
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.#work(), ms);
  }
}
