/**
 * The transport for Cloudflare Workers and workerd, with `connect()` of `cloudflare:sockets`.
 *
 * A socket belongs to the request or Durable Object that opened it. `scope` returns the running one, so that a client
 * in global scope uses one connection for each.
 *
 * Not supported by the platform, so they throw: Unix sockets, `noDelay: false`, times of `keepAlive`, and all TLS
 * options except `serverName`.
 *
 * @example
 * ```ts ignore
 * import { RedisBase } from "@keywire/redis/base";
 * import { workerdTransport } from "@keywire/redis/transports/workerd";
 *
 * const redis = new RedisBase("rediss://cache.example.com:6380", { transport: workerdTransport });
 *
 * export default {
 *   async fetch(): Promise<Response> {
 *     return new Response(await redis.get("greeting"));
 *   },
 * };
 * ```
 *
 * @module
 */

import { BaseSocket } from "./shared/base_socket.ts";
import { checkConnect } from "./shared/check_options.ts";
import { addressOf, connectFailed, tlsFailed } from "./shared/failure.ts";
import { withinLimits } from "./shared/limits.ts";
import { checkWorkerd } from "./shared/workerd_options.ts";
import { currentScope } from "./shared/workerd_scope.ts";
import { workerdTimers } from "./shared/workerd_timers.ts";
import { loadSockets, type WorkerdSocket, type WorkerdSockets } from "./shared/workerd_sockets.ts";
import type {
  Endpoint,
  Socket,
  SocketHandlers,
  SocketOptions,
  TcpEndpoint,
  Transport,
} from "../src/transport.ts";

export type * from "../src/transport.ts";

class WorkerdAdapterSocket extends BaseSocket {
  readonly #socket: WorkerdSocket;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #readBufferSize: number;
  #wake: (() => void) | undefined;

  constructor(address: string, socket: WorkerdSocket, handlers: SocketHandlers, readBufferSize: number) {
    super(address, handlers, workerdTimers);
    this.#socket = socket;
    this.#readBufferSize = readBufferSize;
    this.#reader = socket.readable.getReader({ mode: "byob" });
    this.#writer = socket.writable.getWriter();
    socket.closed.catch(ignore);
    this.#reader.closed.catch(ignore);
    this.#writer.closed.catch(ignore);
  }

  protected send(bytes: Uint8Array): boolean {
    this.#writer.write(bytes).then(this.#written, this.#broken);
    return false;
  }

  readonly #written = (): void => this.flushed();

  readonly #broken = (error: unknown): void => this.failed(error);

  protected flow(on: boolean): void {
    if (!on) return;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  protected finishSending(): void {
    this.#writer.close().catch(this.#broken);
  }

  protected release(): void {
    this.flow(true);
    this.#socket.close().catch(ignore);
  }

  // Nothing outlives its request, so there is no process to keep.
  ref(): void {}

  unref(): void {}

  /** Reads into one buffer, which the stream returns with each chunk. */
  async read(): Promise<void> {
    let buffer = new ArrayBuffer(this.#readBufferSize);
    try {
      for (;;) {
        const { value, done } = await this.#reader.read(new Uint8Array(buffer));
        if (done) break;
        while (this.isPaused && !this.isEnded) await new Promise<void>((wake) => this.#wake = wake);
        if (this.isEnded) return;
        this.deliver(value);
        buffer = value.buffer;
      }
      this.peerEnded();
    } catch (error) {
      this.failed(error);
    }
  }
}

function ignore(): void {}

/** The platform's message for a failed handshake, which has no reason. */
const NO_REASON =
  "the handshake failed, and Workers do not tell why; the server must speak TLS at this port, and its " +
  "certificate must name the host, be valid now, and come from a public authority";

/** Returns whether the server can be reached without TLS, which the platform's error does not show. */
async function isReachable({ connect }: WorkerdSockets, hostname: string, port: number): Promise<boolean> {
  const socket = connect({ hostname, port }, { secureTransport: "off", allowHalfOpen: true });
  socket.closed.catch(ignore);
  try {
    await socket.opened;
    return true;
  } catch {
    return false;
  } finally {
    socket.close().catch(ignore);
  }
}

async function openSocket(
  sockets: WorkerdSockets,
  { host: hostname, port, tls }: TcpEndpoint,
  cut: AbortSignal,
): Promise<WorkerdSocket> {
  const named = tls?.serverName !== undefined;
  const secureTransport = tls === undefined ? "off" : named ? "starttls" : "on";
  let socket = sockets.connect({ hostname, port }, { secureTransport, allowHalfOpen: true });
  const giveUp = (): void => void socket.close().catch(ignore);
  cut.addEventListener("abort", giveUp, { once: true });
  socket.closed.catch(ignore);
  try {
    await socket.opened;
    if (!named) return socket;
    socket = socket.startTls({ expectedServerHostname: tls.serverName });
    socket.closed.catch(ignore);
    await socket.opened;
    return socket;
  } finally {
    cut.removeEventListener("abort", giveUp);
  }
}

async function open(
  endpoint: TcpEndpoint,
  options: SocketOptions,
  handlers: SocketHandlers,
  cut: AbortSignal,
): Promise<WorkerdAdapterSocket> {
  const sockets = await loadSockets();
  cut.throwIfAborted();
  let socket: WorkerdSocket;
  try {
    socket = await openSocket(sockets, endpoint, cut);
  } catch (error) {
    const { host, port, tls } = endpoint;
    if (tls === undefined || !await isReachable(sockets, host, port)) throw connectFailed(endpoint, error);
    throw tlsFailed(endpoint, new Error(NO_REASON, { cause: error }));
  }
  const link = new WorkerdAdapterSocket(
    addressOf(endpoint),
    socket,
    handlers,
    options.readBufferSize ?? 65_536,
  );
  link.read();
  return link;
}

/** Sockets by `connect()` of `cloudflare:sockets`. */
export const workerdTransport: Transport = {
  name: "workerd",
  async connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    checkConnect(endpoint, options);
    checkWorkerd(endpoint, options);
    return await withinLimits(
      endpoint,
      options,
      (cut) => open(endpoint, options, handlers, cut),
      workerdTimers,
    );
  },
  scope: currentScope,
};
