/**
 * The transport for Deno, with `Deno.connect`. For TLS and keepalive times it uses Deno's `node:tls` and `node:net`.
 * `tls.ciphers`, `tls.sessionResumption: false` without `tls.ca`, `keepAlive.interval` and `keepAlive.count` are not supported
 * and throw.
 *
 * @example One word to a server, and its answer
 * ```ts
 * import { denoTransport } from "@keywire/redis/transports/deno";
 *
 * const replied = Promise.withResolvers<string>();
 * const socket = await denoTransport.connect({ host: "localhost", port: 6379 }, { connectTimeout: 5_000 }, {
 *   data: (chunk) => replied.resolve(new TextDecoder().decode(chunk)),
 *   close: (error) => replied.reject(error),
 * });
 * await socket.write(new TextEncoder().encode("PING\r\n"));
 * console.log(await replied.promise); // "+PONG\r\n"
 * await socket.close();
 * ```
 *
 * @module
 */

import { checkConnect } from "./shared/check_options.ts";
import { addressOf, connectFailed } from "./shared/failure.ts";
import { withinLimits } from "./shared/limits.ts";
import { nodeTimers } from "./shared/node_timers.ts";
import { BaseSocket } from "./shared/base_socket.ts";
import { ReadBuffers } from "./shared/read_buffers.ts";
import type { Endpoint, Socket, SocketHandlers, SocketOptions, Transport } from "../src/transport.ts";

export type * from "../src/transport.ts";

class DenoAdapterSocket extends BaseSocket {
  readonly #conn: Deno.Conn;
  #wake: (() => void) | undefined;
  #rest: Uint8Array | undefined;

  constructor(address: string, conn: Deno.Conn, handlers: SocketHandlers) {
    super(address, handlers, nodeTimers);
    this.#conn = conn;
  }

  protected send(bytes: Uint8Array): boolean {
    this.#rest = bytes;
    this.#conn.write(bytes).then(this.#written, this.#broken);
    return false;
  }

  readonly #written = (length: number): void => {
    const rest = this.#rest as Uint8Array;
    if (length === rest.length) {
      this.#rest = undefined;
      this.flushed();
    } else if (!this.isEnded) {
      this.send(rest.subarray(length));
    }
  };

  readonly #broken = (error: unknown): void => this.failed(error);

  protected flow(on: boolean): void {
    if (!on) return;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  protected finishSending(): void {
    this.#conn.closeWrite().catch(this.#broken);
  }

  protected release(): void {
    this.flow(true);
    close(this.#conn);
  }

  ref(): void {
    (this.#conn as Deno.TcpConn).ref();
  }

  unref(): void {
    (this.#conn as Deno.TcpConn).unref();
  }

  /** Reads until the socket ends. A read that waits for bytes holds its buffer. */
  async read(size: number | undefined): Promise<void> {
    const conn = this.#conn;
    const buffers = new ReadBuffers(size);
    try {
      for (;;) {
        const buffer = this.destination ?? buffers.buffer;
        const length = await conn.read(buffer);
        if (length === null) break;
        while (this.isPaused && !this.isEnded) await new Promise<void>((wake) => this.#wake = wake);
        if (this.isEnded) return;
        this.deliver(length === buffer.length ? buffer : buffer.subarray(0, length));
        buffers.used(length);
      }
      this.peerEnded();
    } catch (error) {
      this.failed(error);
    } finally {
      buffers.end();
    }
  }
}

/**
 * Whether `node:net` and `node:tls` must connect. The native API cannot set keepalive times, nor choose how a name is
 * resolved. Its TLS has no encrypted keys, always verifies, and trusts `caCerts` beside its own authorities. If it is
 * closed during the handshake (Deno 2.9), the TCP connection stays open until the peer closes it. So each connect that
 * times out would leak a socket.
 */
function needsNode(endpoint: Endpoint, options: SocketOptions): boolean {
  return !("path" in endpoint) &&
    (endpoint.tls !== undefined || typeof options.keepAlive === "object" ||
      (options.family ?? options.lookup) !== undefined);
}

/** The time in milliseconds after which a connect is aborted that was abandoned and has not finished. */
const LATE = 1_000;

/**
 * Opens a TCP connection. Deno (2.9) leaks a socket if its connect is aborted in the moment of success. So an
 * abandoned connect may finish, and its socket is closed; only a connect that hangs is aborted.
 */
async function connectTcp(hostname: string, port: number, cut: AbortSignal): Promise<Deno.TcpConn> {
  const hanging = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    timer = setTimeout(() => hanging.abort(cut.reason), LATE);
  };
  cut.addEventListener("abort", wait, { once: true });
  try {
    return await Deno.connect({ hostname, port, signal: hanging.signal });
  } finally {
    clearTimeout(timer);
    cut.removeEventListener("abort", wait);
  }
}

async function open(
  endpoint: Endpoint,
  options: SocketOptions,
  handlers: SocketHandlers,
  cut: AbortSignal,
): Promise<DenoAdapterSocket> {
  let conn: Deno.Conn | undefined;
  try {
    if ("path" in endpoint) {
      conn = await Deno.connect({ transport: "unix", path: endpoint.path });
    } else {
      conn = await connectTcp(endpoint.host, endpoint.port, cut);
      (conn as Deno.TcpConn).setNoDelay(options.noDelay ?? true);
      (conn as Deno.TcpConn).setKeepAlive(options.keepAlive !== false);
    }
  } catch (error) {
    if (conn !== undefined) close(conn);
    throw connectFailed(endpoint, error);
  }
  const link = new DenoAdapterSocket(addressOf(endpoint), conn, handlers);
  // Keepalive is on, with the two hours of the system: Deno cannot set another time.
  link.noticesDeadPeer = "path" in endpoint;
  link.read(options.readBufferSize);
  return link;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}

/** Sockets by `Deno.connect`; TLS, and keepalive times, by Deno's own `node:tls` and `node:net`. */
export const denoTransport: Transport = {
  name: "deno",
  async connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    checkConnect(endpoint, options);
    if (needsNode(endpoint, options)) {
      const { nodeTransport } = await import("./node.ts");
      return await nodeTransport.connect(endpoint, options, handlers);
    }
    return await withinLimits(endpoint, options, (cut) => open(endpoint, options, handlers, cut), nodeTimers);
  },
};
