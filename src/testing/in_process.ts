/**
 * The transport for clients in the same process.
 *
 * Requests are done within `write`, without a copy. Replies come in a microtask of their own, as no handler is called
 * from within a call of the client. After some milliseconds of nothing but microtasks a delivery waits for a turn of the
 * event loop, so that timers and sockets get theirs.
 *
 * @module
 */
import { runSoon, systemClock } from "../clock.ts";
import { ConnectionError } from "../errors.ts";
import type { Endpoint, Socket, SocketHandlers, SocketOptions, Transport } from "../transport.ts";
import { Connection, type Wire } from "./connection.ts";
import type { ServerState } from "./state.ts";

/** Milliseconds without a turn of the event loop. */
const MOST = 8;

/** Makes connections to a server in the process. */
export class InProcessTransport implements Transport {
  /** `"memory"`. */
  readonly name: string = "memory";
  readonly #server: ServerState;
  readonly #fair: boolean;
  #port = 49152;
  #turnAt = 0;
  /** Returns the reason for refusing connections; `undefined` accepts them. */
  refuse: (() => string | undefined) | undefined;

  readonly #address: string;

  /** `fair`: takes turns with the event loop, by the runtime's own clock; `address`: the server's, as it is shown. */
  constructor(server: ServerState, fair: boolean, address: string = "127.0.0.1:6379") {
    this.#server = server;
    this.#address = address;
    this.#fair = fair;
  }

  /** Connects. The endpoint is only the name that the client uses. */
  async connect(_endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    options.signal?.throwIfAborted();
    const why = this.refuse?.();
    if (why !== undefined) {
      throw new ConnectionError(`Cannot connect to the test server: ${why}`, {
        code: "CONNECT",
        executed: "no",
      });
    }
    await undefined;
    options.signal?.throwIfAborted();
    this.#port = this.#port === 65535 ? 49152 : this.#port + 1;
    const client = `127.0.0.1:${this.#port}`;
    return new InProcessSocket(this.#server, client, this.#address, handlers, (run) => this.#soon(run));
  }

  #soon(run: () => void): void {
    if (!this.#fair) return runSoon(run);
    const now = systemClock.now();
    if (this.#turnAt === 0) {
      this.#turnAt = now;
      systemClock.setTimeout(() => this.#turnAt = 0, 0);
    }
    if (now - this.#turnAt > MOST) systemClock.setTimeout(run, 0);
    else runSoon(run);
  }
}

class InProcessSocket implements Socket, Wire {
  readonly address: string;
  readonly localAddress: string;
  readonly #connection: Connection;
  readonly #handlers: SocketHandlers;
  readonly #soon: (run: () => void) => void;
  #out: Uint8Array = new Uint8Array(4096);
  #length = 0;
  #spare: Uint8Array | undefined;
  #scheduled = false;
  #paused = false;
  /** Whether the server has closed its end, after the buffered data. */
  #finished = false;
  #ended = false;
  readonly #closers: (() => void)[] = [];

  constructor(
    server: ServerState,
    address: string,
    localAddress: string,
    handlers: SocketHandlers,
    soon: (run: () => void) => void,
  ) {
    this.address = address;
    this.localAddress = localAddress;
    this.#handlers = handlers;
    this.#soon = soon;
    this.#connection = new Connection(server, this);
  }

  /** The client writes. */
  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#ended) {
      return Promise.reject(
        new ConnectionError("Cannot write to the test server: the connection is closed", {
          code: "CLOSED",
          executed: "no",
        }),
      );
    }
    this.#connection.receive(bytes);
  }

  /** The server writes. */
  send(bytes: Uint8Array): void {
    if (this.#ended || this.#finished) return;
    const need = this.#length + bytes.length;
    if (need > this.#out.length) {
      const wider = new Uint8Array(Math.max(need, 2 * this.#out.length));
      wider.set(this.#out.subarray(0, this.#length));
      this.#out = wider;
    }
    this.#out.set(bytes, this.#length);
    this.#length = need;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#ended) return;
    this.#scheduled = true;
    this.#soon(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#paused || this.#ended) return;
    if (this.#length > 0) {
      const chunk = this.#out.subarray(0, this.#length);
      const memory = this.#out;
      this.#out = this.#spare ?? new Uint8Array(4096);
      this.#spare = undefined;
      this.#length = 0;
      try {
        this.#handlers.data(chunk);
      } finally {
        if (memory.length <= 1 << 20) this.#spare = memory;
      }
      if (this.#length > 0) this.#schedule();
    }
    if (this.#finished && this.#length === 0 && !this.#paused) this.#end();
  }

  #end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.ended();
    runSoon(() => {
      try {
        this.#handlers.close(error);
      } finally {
        for (const resolve of this.#closers.splice(0)) resolve();
      }
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#schedule();
  }

  ref(): void {}

  unref(): void {}

  /** Both ends close in this way: the client's `close()`, and the server's `close(now)`. */
  close(now?: boolean): Promise<void> {
    if (now === undefined) {
      return new Promise((resolve) => {
        if (this.#ended) return resolve();
        this.#closers.push(resolve);
        this.#end();
      });
    }
    if (now) this.#length = 0;
    this.#finished = true;
    this.#schedule();
    return Promise.resolve();
  }

  destroy(error?: Error): void {
    this.#end(error);
  }
}
