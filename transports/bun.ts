/**
 * Sockets by `Bun.connect`.
 *
 * @module
 */

import type { BunGlobal, BunHandlers, BunSocket } from "./shared/bun_types.ts";
import { addressOf, connectFailed } from "./shared/failure.ts";
import { withinLimits } from "./shared/limits.ts";
import { Link } from "./shared/link.ts";
import type { Endpoint, Socket, SocketHandlers, SocketOptions, Transport } from "../src/transport.ts";

class BunLink extends Link {
  readonly #socket: BunSocket;
  #rest: Uint8Array | undefined;

  constructor(address: string, socket: BunSocket, handlers: SocketHandlers) {
    super(address, handlers);
    this.#socket = socket;
  }

  protected send(bytes: Uint8Array): boolean {
    const length = this.#socket.write(bytes);
    if (length === bytes.length) return true;
    // Negative: the socket is dead, which `close` is about to say.
    this.#rest = length > 0 ? bytes.subarray(length) : bytes;
    return false;
  }

  /** The system takes bytes again. */
  drain(): void {
    const rest = this.#rest;
    if (rest === undefined || this.isEnded) return;
    if (this.send(rest)) {
      this.#rest = undefined;
      this.flushed();
    }
  }

  take(chunk: Uint8Array): void {
    this.deliver(chunk);
  }

  ends(): void {
    this.peerEnded();
  }

  breaks(error: unknown): void {
    this.failed(error);
  }

  protected flow(on: boolean): void {
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  protected finishSending(): void {
    this.#socket.shutdown();
  }

  protected release(): void {
    this.#socket.terminate();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }
}

function open(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<BunLink> {
  return new Promise((resolve, reject) => {
    let link: BunLink | undefined;
    const socket: BunHandlers = {
      open(socket) {
        if (!("path" in endpoint)) {
          socket.setNoDelay(options.noDelay ?? true);
          socket.setKeepAlive(options.keepAlive !== false);
        }
        link = new BunLink(addressOf(endpoint), socket, handlers);
        resolve(link);
      },
      data: (_socket, chunk) => link?.take(chunk),
      drain: () => link?.drain(),
      end: () => link?.ends(),
      close: (_socket, error) => error ? link?.breaks(error) : link?.ends(),
      error: (_socket, error) => link?.breaks(error),
      connectError: (_socket, error) => reject(connectFailed(endpoint, error)),
      handshake: () => {},
    };
    const { Bun } = globalThis as unknown as { readonly Bun: BunGlobal };
    Bun.connect(
      "path" in endpoint
        ? { unix: endpoint.path, allowHalfOpen: true, socket }
        : { hostname: endpoint.host, port: endpoint.port, allowHalfOpen: true, socket },
    ).catch((error) => reject(connectFailed(endpoint, error)));
  });
}

/** Sockets by `Bun.connect`. */
export const bunTransport: Transport = {
  name: "bun",
  connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    return withinLimits(endpoint, options, () => open(endpoint, options, handlers));
  },
};
