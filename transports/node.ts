/**
 * Sockets by `node:net` and `node:tls`. It is made for Node, and runs on Deno and Bun too.
 *
 * @module
 */

import net from "node:net";
import { addressOf, connectFailed } from "./shared/failure.ts";
import { withinLimits } from "./shared/limits.ts";
import { Link } from "./shared/link.ts";
import type { Endpoint, Socket, SocketHandlers, SocketOptions, Transport } from "../src/transport.ts";

class NodeLink extends Link {
  readonly #socket: net.Socket;

  constructor(address: string, socket: net.Socket, handlers: SocketHandlers) {
    super(address, handlers);
    this.#socket = socket;
    socket.on("error", (error) => this.failed(error));
    socket.on("end", () => this.peerEnded());
    socket.on("close", () => this.peerEnded());
  }

  // One function for all writes; it also runs for those that were taken at once, hence the check.
  readonly #written = (): void => {
    if (this.#socket.writableLength === 0) this.flushed();
  };

  protected send(bytes: Uint8Array): boolean {
    this.#socket.write(bytes, this.#written);
    return this.#socket.writableLength === 0;
  }

  protected flow(on: boolean): void {
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  protected finishSending(): void {
    this.#socket.end();
  }

  protected release(): void {
    this.#socket.destroy();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  take(chunk: Uint8Array): void {
    this.deliver(chunk);
  }
}

function open(
  endpoint: Endpoint,
  options: SocketOptions,
  handlers: SocketHandlers,
  cut: AbortSignal,
): Promise<NodeLink> {
  return new Promise((resolve, reject) => {
    let link: NodeLink | undefined;
    // Read into one buffer again and again, instead of a new one for each chunk.
    const onread = {
      buffer: new Uint8Array(options.readBufferSize ?? 65_536),
      callback(length: number, buffer: Uint8Array): boolean {
        link?.take(buffer.subarray(0, length));
        return true;
      },
    };
    const shared = { allowHalfOpen: true, onread };
    const socket = net.connect(
      "path" in endpoint
        ? { ...shared, path: endpoint.path }
        : { ...shared, host: endpoint.host, port: endpoint.port, noDelay: options.noDelay ?? true },
    );
    const onCut = () => socket.destroy();
    const onError = (error: Error) => reject(connectFailed(endpoint, error));
    cut.addEventListener("abort", onCut, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => {
      cut.removeEventListener("abort", onCut);
      socket.off("error", onError);
      if (!("path" in endpoint)) socket.setKeepAlive(options.keepAlive !== false);
      link = new NodeLink(addressOf(endpoint), socket, handlers);
      resolve(link);
    });
  });
}

/** Sockets by `node:net` and `node:tls`. */
export const nodeTransport: Transport = {
  name: "node",
  connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    return withinLimits(endpoint, options, (cut) => open(endpoint, options, handlers, cut));
  },
};
