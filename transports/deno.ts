/**
 * Sockets by `Deno.connect` and `Deno.startTls`.
 *
 * @module
 */

import { addressOf, connectFailed } from "./shared/failure.ts";
import { withinLimits } from "./shared/limits.ts";
import { Link } from "./shared/link.ts";
import type { Endpoint, Socket, SocketHandlers, SocketOptions, Transport } from "../src/transport.ts";

class DenoLink extends Link {
  readonly #conn: Deno.Conn;
  #wake: (() => void) | undefined;
  #rest: Uint8Array | undefined;

  constructor(address: string, conn: Deno.Conn, handlers: SocketHandlers) {
    super(address, handlers);
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
    try {
      this.#conn.close();
    } catch {
      // Closed already, by an error in the runtime.
    }
  }

  ref(): void {
    (this.#conn as Deno.TcpConn).ref();
  }

  unref(): void {
    (this.#conn as Deno.TcpConn).unref();
  }

  /** Reads into one buffer until the socket ends. */
  async read(size: number): Promise<void> {
    const conn = this.#conn;
    const buffer = new Uint8Array(size);
    try {
      for (;;) {
        const length = await conn.read(buffer);
        if (length === null) break;
        while (this.isPaused && !this.isEnded) await new Promise<void>((wake) => this.#wake = wake);
        if (this.isEnded) return;
        this.deliver(length === size ? buffer : buffer.subarray(0, length));
      }
      this.peerEnded();
    } catch (error) {
      this.failed(error);
    }
  }
}

async function open(
  endpoint: Endpoint,
  options: SocketOptions,
  handlers: SocketHandlers,
  cut: AbortSignal,
): Promise<DenoLink> {
  let conn: Deno.Conn;
  try {
    if ("path" in endpoint) {
      conn = await Deno.connect({ transport: "unix", path: endpoint.path });
    } else {
      const tcp = await Deno.connect({ hostname: endpoint.host, port: endpoint.port, signal: cut });
      tcp.setNoDelay(options.noDelay ?? true);
      tcp.setKeepAlive(options.keepAlive !== false);
      conn = tcp;
    }
  } catch (error) {
    throw connectFailed(endpoint, error);
  }
  const link = new DenoLink(addressOf(endpoint), conn, handlers);
  link.read(options.readBufferSize ?? 65_536);
  return link;
}

/** Sockets by `Deno.connect`. */
export const denoTransport: Transport = {
  name: "deno",
  connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    return withinLimits(endpoint, options, (cut) => open(endpoint, options, handlers, cut));
  },
};
