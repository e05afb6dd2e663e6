/**
 * The wire between the two ends of a memory connection: two queues, and the rule by which they move.
 *
 * @module
 */
import type { Endpoint, Socket, SocketHandlers } from "../src/transport.ts";
import { ConnectionError } from "../src/errors.ts";

/** The direction of bytes. */
export type MemoryDirection = "toPeer" | "toClient";

/** The server's end of a connection. Iterating over it yields the bytes that the client sent. */
export interface MemoryPeer extends AsyncIterable<Uint8Array> {
  /** The address that the client connected to, including TLS options. Nothing is encrypted. */
  readonly endpoint: Endpoint;
  /**
   * Receives the bytes of the client; the chunk may be kept. Without it, and without iteration, the peer does not
   * read.
   */
  ondata: ((chunk: Uint8Array) => void) | undefined;
  /** Called when the client has closed the connection and all its bytes were read. */
  onclose: (() => void) | undefined;
  /** Sends bytes, or a text as UTF-8; they are copied. Does nothing once the connection has ended. */
  write(bytes: Uint8Array | string): void;
  /** Closes the connection as a server does. Earlier bytes still arrive. */
  close(): void;
  /**
   * Ends the connection with `error` on the client's side (default: a `ConnectionError` with the code `LOST`).
   * `"now"` (default) discards bytes in flight, even if the client has paused; `"flushed"` delivers them first.
   */
  reset(error?: Error, when?: "now" | "flushed"): void;
  /** Vanishes without telling the client, as a machine does that loses power: a half-open connection. */
  vanish(): void;
  /** Stops the bytes in one direction, or in both; the connection stays open. */
  freeze(direction?: MemoryDirection): void;
  /** Resumes after `freeze`. */
  thaw(direction?: MemoryDirection): void;
  /** Moves all pending bytes in both directions now. Returns their number. For `delivery: "manual"`. */
  deliver(): number;
  /** Bytes that the peer has written and the client has not received yet. */
  readonly unsent: number;
  /** Bytes that the client has written and the peer has not read yet, not counting a write that still waits. */
  readonly unread: number;
  /** Whether the connection has ended on this side. */
  readonly closed: boolean;
  /** Whether the client has called `pause`. */
  readonly paused: boolean;
  /** Whether the client's socket would keep a process alive: `false` after `unref`. */
  readonly referenced: boolean;
}

/** A link's own settings, all decided. */
export interface MemoryLinkOptions {
  /** Bytes that are taken from the client before its writes have to wait. */
  readonly highWaterMark: number;
  /** The most bytes in one chunk. */
  readonly chunkSize: number;
  /** Whether only `deliver` moves bytes. */
  readonly manual: boolean;
}

/** A write that was not taken whole; its bytes are borrowed from the client until it settles. */
interface WaitingWrite {
  bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

type Reader = (chunk: Uint8Array) => void;

/** The value that overwrites borrowed chunks after their return. */
const SPOILED = 0xee;
const encoder = new TextEncoder();

function sizeOf(chunks: readonly Uint8Array[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

/** One connection, seen from both sides. */
export class MemoryLink {
  /** The client's end. */
  readonly socket: Socket;
  /** The test's end. */
  readonly peer: MemoryPeer;

  readonly #handlers: SocketHandlers;
  readonly #options: MemoryLinkOptions;
  /** Bytes that the client has sent and the peer has not read, as in a kernel buffer. */
  #toPeer: Uint8Array[] = [];
  #toClient: Uint8Array[] = [];
  #waiting: WaitingWrite | undefined;
  readonly #frozen: Set<MemoryDirection> = new Set();
  readonly #iterators: ((result: IteratorResult<Uint8Array>) => void)[] = [];
  readonly #closers: (() => void)[] = [];
  #opened = false;
  #paused = false;
  #referenced = true;
  /** The client has called `close`: it ends once nothing waits. */
  #closing = false;
  #clientEnded = false;
  #peerEnded = false;
  /** The end of the connection as the client sees it: after the bytes, or before them for a reset. */
  #ending: { readonly error?: Error; readonly reset: boolean } | undefined;
  #scheduled = false;
  #moved = 0;

  /** Makes both ends; nothing moves before `open`. */
  constructor(endpoint: Endpoint, handlers: SocketHandlers, options: MemoryLinkOptions) {
    this.#handlers = handlers;
    this.#options = options;
    this.socket = this.#makeSocket();
    this.peer = this.#makePeer(endpoint);
  }

  /** The error if the peer reset the connection before it was open. */
  get refused(): Error | undefined {
    return this.#ending?.reset ? this.#ending.error : undefined;
  }

  /** The client has its socket: bytes may move from the next microtask on. */
  open(): void {
    this.#opened = true;
    this.#schedule();
  }

  /** Called when the client aborts connecting. Its handlers get no calls. */
  abandon(): void {
    this.#clientEnded = true;
    this.#toClient = [];
    this.#opened = true;
    this.#schedule();
  }

  #makeSocket(): Socket {
    return {
      noticesDeadPeer: true,
      write: (bytes) => this.#write(bytes),
      pause: () => {
        this.#paused = true;
      },
      resume: () => {
        this.#paused = false;
        this.#schedule();
      },
      ref: () => {
        this.#referenced = true;
      },
      unref: () => {
        this.#referenced = false;
      },
      close: () =>
        new Promise((resolve) => {
          if (this.#clientEnded) return resolve();
          this.#closers.push(resolve);
          this.#closing = true;
          // Bypasses the pump: the client's own end is not a delivery.
          queueMicrotask(() => this.#endIfFlushed());
        }),
      destroy: (error) => {
        if (this.#clientEnded) return;
        this.#toPeer = [];
        this.#endClient(error);
      },
    };
  }

  #makePeer(endpoint: Endpoint): MemoryPeer {
    // deno-lint-ignore no-this-alias -- the getters below need the link, and cannot be arrow functions
    const link = this;
    return {
      endpoint,
      get ondata() {
        return link.#ondata;
      },
      set ondata(reader: Reader | undefined) {
        link.#ondata = reader;
        link.#schedule();
      },
      onclose: undefined,
      get unsent() {
        return sizeOf(link.#toClient);
      },
      get unread() {
        return sizeOf(link.#toPeer);
      },
      get closed() {
        return link.#peerEnded;
      },
      get paused() {
        return link.#paused;
      },
      get referenced() {
        return link.#referenced;
      },
      write: (bytes) => this.#send(typeof bytes === "string" ? encoder.encode(bytes) : bytes.slice()),
      close: () => this.#endPeer({ reset: false }),
      reset: (error = lost("the memory peer reset it"), when = "now") => {
        if (this.#peerEnded) return;
        if (when === "now") this.#toClient = [];
        this.#endPeer({ reset: when === "now", error });
      },
      vanish: () => {
        this.#toClient = [];
        this.#endPeer(undefined);
      },
      freeze: (direction) => {
        for (const one of direction ? [direction] : ["toPeer", "toClient"] as const) this.#frozen.add(one);
      },
      thaw: (direction) => {
        for (const one of direction ? [direction] : ["toPeer", "toClient"] as const) this.#frozen.delete(one);
        this.#schedule();
      },
      deliver: () => {
        const before = this.#moved;
        while (this.#step());
        return this.#moved - before;
      },
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise((resolve) => {
            if (this.#peerEnded) return resolve({ done: true, value: undefined });
            this.#iterators.push(resolve);
            this.#schedule();
          }),
      }),
    };
  }

  #ondata: Reader | undefined;

  #write(bytes: Uint8Array): void | Promise<void> {
    if (this.#clientEnded || this.#closing) {
      return Promise.reject(
        new ConnectionError("Cannot write to the memory socket: it is closed", {
          code: "CLOSED",
          executed: "no",
        }),
      );
    }
    if (this.#waiting !== undefined) {
      throw new TypeError(
        "Cannot write to the memory socket: the promise of the write before is pending. Await it first",
      );
    }
    const rest = this.#take(bytes);
    this.#schedule();
    if (rest.length === 0) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting = { bytes: rest, resolve, reject };
    });
  }

  /** Takes as much as there is room for, and returns the rest. */
  #take(bytes: Uint8Array): Uint8Array {
    const room = Math.max(0, this.#options.highWaterMark - sizeOf(this.#toPeer));
    const taken = bytes.slice(0, room);
    if (taken.length > 0) this.#toPeer.push(taken);
    return bytes.subarray(taken.length);
  }

  #send(bytes: Uint8Array): void {
    if (this.#peerEnded || this.#clientEnded || bytes.length === 0) return;
    this.#toClient.push(bytes);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#options.manual || !this.#opened) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      let moved = true; // a handler that throws must not stop the link
      try {
        moved = this.#step();
      } finally {
        if (moved) this.#schedule();
      }
    });
  }

  /** One chunk in each direction, then endings. Returns whether anything changed. */
  #step(): boolean {
    if (!this.#opened) return false;
    const read = this.#stepToPeer();
    const sent = this.#stepToClient();
    return read || sent;
  }

  #stepToPeer(): boolean {
    if (this.#peerEnded || this.#frozen.has("toPeer")) return false;
    if (this.#toPeer.length === 0) {
      if (!this.#clientEnded) return false;
      this.#endPeer(undefined);
      this.peer.onclose?.();
      return true;
    }
    const iterator = this.#ondata === undefined ? this.#iterators.shift() : undefined;
    const reader = this.#ondata ?? (iterator && ((value: Uint8Array) => iterator({ done: false, value })));
    if (reader === undefined) return false;
    const chunk = this.#cut(this.#toPeer);
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      waiting.bytes = this.#take(waiting.bytes);
      if (waiting.bytes.length === 0) {
        this.#waiting = undefined;
        waiting.resolve();
        if (this.#closing) queueMicrotask(() => this.#endIfFlushed());
      }
    }
    reader(chunk);
    return true;
  }

  #stepToClient(): boolean {
    if (this.#clientEnded) return false;
    if (!this.#ending?.reset && (this.#paused || this.#frozen.has("toClient"))) return false;
    if (this.#toClient.length > 0) {
      const chunk = this.#cut(this.#toClient);
      try {
        this.#handlers.data(chunk);
      } finally {
        chunk.fill(SPOILED);
      }
      return true;
    }
    if (this.#ending === undefined) return false;
    this.#endClient(this.#ending.error);
    return true;
  }

  /** The next chunk off a queue, in memory of its own. */
  #cut(queue: Uint8Array[]): Uint8Array {
    const first = queue.shift()!;
    const chunk = first.slice(0, this.#options.chunkSize);
    if (chunk.length < first.length) queue.unshift(first.subarray(chunk.length));
    this.#moved += chunk.length;
    return chunk;
  }

  #endIfFlushed(): void {
    if (this.#waiting === undefined) this.#endClient();
  }

  #endClient(error?: Error): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    this.#toClient = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error ?? lost("it ended during a write"));
    // Deferred, as with a real socket: the call that ends a connection does not call its handlers.
    queueMicrotask(() => {
      try {
        this.#handlers.close(error);
      } finally {
        for (const resolve of this.#closers.splice(0)) resolve();
      }
    });
    this.#schedule();
  }

  #endPeer(ending: { readonly error?: Error; readonly reset: boolean } | undefined): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    this.#ending = ending;
    for (const resolve of this.#iterators.splice(0)) resolve({ done: true, value: undefined });
    this.#schedule();
  }
}

function lost(why: string): ConnectionError {
  return new ConnectionError(`The memory connection was lost: ${why}`, { code: "LOST" });
}
