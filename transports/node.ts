/**
 * The transport for Node, with `node:net` and `node:tls`. It runs on Deno and Bun, too.
 *
 * `tls.ciphers`, and `tls.sessionResumption: false` without `tls.ca`, are not supported on Deno; `keepAlive.interval` and
 * `keepAlive.count` need Node 26.4.
 *
 * @example One word to a server, and its answer
 * ```ts ignore
 * import { nodeTransport } from "@keywire/redis/transports/node";
 *
 * const replied = Promise.withResolvers<string>();
 * const socket = await nodeTransport.connect({ host: "localhost", port: 6379 }, { connectTimeout: 5_000 }, {
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

import net from "node:net";
import process from "node:process";
import { addressOf, connectFailed, tlsFailed } from "./shared/failure.ts";
import { checkKeepAlive, noticesDeadPeer, setKeepAlive } from "./shared/keepalive.ts";
import { withinLimits } from "./shared/limits.ts";
import { nodeTimers } from "./shared/node_timers.ts";
import { BaseSocket } from "./shared/base_socket.ts";
import { giveReadBuffer, sharedReadBuffer, takeReadBuffer } from "./shared/read_buffers.ts";
import type {
  Endpoint,
  LookupFunction,
  Socket,
  SocketHandlers,
  SocketOptions,
  TcpEndpoint,
  TlsOptions,
  Transport,
} from "../src/transport.ts";
import type { TlsConnector } from "./shared/node_tls.ts";
import type { TlsSession } from "./shared/tls_sessions.ts";

export type * from "../src/transport.ts";

const NOTHING = new Uint8Array(0);
/** Deno (2.9) loses its way when nothing is written behind something; only on Node has it been measured. */
const ON_NODE = !("Deno" in globalThis) && !("Bun" in globalThis);
/** On Windows the system writes to the buffer of a read while others run. */
const SHARES = ON_NODE && process.platform !== "win32";

/** The bytes that a TLS socket keeps in memory on Deno before a pause stops reading. */
const MOST_KEPT = 1_048_576;
/** The bytes that it keeps in memory while chunks are handled in slices. Beyond that, each chunk that arrives displaces older ones. */
const MOST_BEHIND = 16_777_216;

class NodeAdapterSocket extends BaseSocket {
  readonly #socket: net.Socket;
  /** Whether the runtime may lose the peer's FIN while reading is stopped: Deno (2.9) does over TLS. */
  readonly #losesEnd: boolean;
  /** The last write was taken at once, and so may the next be; a callback would cost a tick of its own. */
  #prompt = ON_NODE;

  constructor(address: string, socket: net.Socket, handlers: SocketHandlers) {
    super(address, handlers, nodeTimers);
    this.#socket = socket;
    this.#losesEnd = "Deno" in globalThis && "encrypted" in socket;
    socket.on("error", (error) => this.failed(error));
    socket.on("end", () => this.peerEnded());
    socket.on("close", () => this.peerEnded());
  }

  // One callback for all writes. Node calls it for synchronous writes, too.
  readonly #written = (error?: Error | null): void => {
    if (!error && this.#socket.writableLength === 0) this.flushed();
  };

  protected send(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#prompt) {
      socket.write(bytes);
      if (socket.writableLength === 0) return true;
      // Called when the preceding data was sent.
      socket.write(NOTHING, this.#written);
    } else {
      socket.write(bytes, this.#written);
    }
    const taken = socket.writableLength === 0;
    this.#prompt = taken && ON_NODE;
    return taken;
  }

  protected flow(on: boolean): void {
    if (on) this.#socket.resume();
    else if (!this.#losesEnd) this.#socket.pause();
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
    if (!this.#losesEnd) return;
    if (!this.isStopped) this.deliverBeyond(MOST_BEHIND);
    else if (this.heldBytes > MOST_KEPT) this.#socket.pause();
  }
}

/** Calls the user's function as `node:net` calls that of `node:dns`. */
function nodeLookup(lookup: LookupFunction): net.LookupFunction {
  return (host, options, done) => {
    const family = options.family === 4 || options.family === 6 ? options.family : 0;
    const resolve = async (): Promise<{ address: string; family: number }[]> => {
      const found: unknown = await lookup(host, { family, all: true });
      const addresses = (Array.isArray(found) ? found : [found]).map((one: unknown) => {
        const address = String((one as { address?: unknown } | undefined)?.address ?? one);
        return { address, family: net.isIP(address) };
      });
      const fit = addresses.filter((one) => one.family !== 0 && (family === 0 || one.family === family));
      if (fit.length > 0) return fit;
      throw new TypeError(
        `the function \`lookup\` returned no address for ${host}${family ? ` of IPv${family}` : ""}`,
      );
    };
    resolve().then(
      (addresses) =>
        options.all ? done(null, addresses) : done(null, addresses[0]!.address, addresses[0]!.family),
      (error) => done(error instanceof Error ? error : new Error(String(error)), ""),
    );
  };
}

/** The receiver of the bytes of a socket. */
interface Reader {
  link: NodeAdapterSocket | undefined;
}

/** Returns the function that gets the bytes of a socket. It refers to nothing that only connecting needs. */
function callbackOf(reader: Reader): (length: number, buffer: Uint8Array) => boolean {
  return (length, buffer) => {
    reader.link?.take(buffer.subarray(0, length));
    return true;
  };
}

/** Returns the function that Node calls before each read for a buffer; undefined keeps the last one. */
function buffersOf(reader: Reader, usual: Uint8Array): () => Uint8Array {
  let last = usual;
  return () => {
    const next = reader.link?.destination ?? usual;
    if (next === last && reader.link !== undefined) return undefined as unknown as Uint8Array;
    return last = next;
  };
}

/** The parameters of a connection, which are the same when the handshake is repeated. */
interface Connecting {
  readonly endpoint: Endpoint;
  readonly options: SocketOptions;
  readonly handlers: SocketHandlers;
  readonly cut: AbortSignal;
  /** TLS, with its options. */
  readonly encrypted: Encrypted | undefined;
}

interface Encrypted {
  readonly endpoint: TcpEndpoint;
  readonly tls: TlsOptions;
  readonly module: typeof import("./shared/node_tls.ts");
  readonly connector: TlsConnector;
}

async function open(
  endpoint: Endpoint,
  options: SocketOptions,
  handlers: SocketHandlers,
  cut: AbortSignal,
): Promise<NodeAdapterSocket> {
  let encrypted: Encrypted | undefined;
  if ("path" in endpoint) return await connect({ endpoint, options, handlers, cut, encrypted });
  checkKeepAlive(net.Socket.prototype, options.keepAlive);
  const { tls } = endpoint;
  if (tls !== undefined) {
    // Loaded on demand: node:tls takes several milliseconds.
    const module = await import("./shared/node_tls.ts");
    encrypted = { endpoint, tls, module, connector: await module.prepareTls(endpoint, tls) };
  }
  cut.throwIfAborted();
  return await connect({ endpoint, options, handlers, cut, encrypted }, encrypted?.connector.takeSession());
}

/** Connects. A handshake with a session that fails is repeated without, as the session may be the reason. */
function connect(connecting: Connecting, session?: TlsSession): Promise<NodeAdapterSocket> {
  const { endpoint, options, handlers, cut, encrypted } = connecting;
  const connector = encrypted?.connector;
  return new Promise((resolve, reject) => {
    const reader: Reader = { link: undefined };
    // Read into one buffer again and again, instead of a new one for each chunk.
    const buffer = (SHARES ? sharedReadBuffer : takeReadBuffer)(options.readBufferSize);
    const records = SHARES && encrypted !== undefined
      ? encrypted.module.recordsOf(reader, buffer)
      : undefined;
    const onread = records ?? {
      buffer: SHARES ? buffersOf(reader, buffer) : buffer,
      callback: callbackOf(reader),
    };
    const shared = { allowHalfOpen: true, onread };
    let reached = false;
    let failed = false;
    const unreached = (): void => {
      if (session === undefined || reached) return;
      connector!.returnSession(session);
      session = undefined;
    };
    const fail = (error: unknown) => {
      if (failed) return;
      failed = true;
      cut.removeEventListener("abort", onCut);
      unreached();
      if (!reached || encrypted === undefined) return reject(connectFailed(endpoint, error));
      const offered = session;
      if (offered !== undefined && !cut.aborted) {
        connector!.sessionFailed();
        return resolve(
          connect(connecting).then((opened) => {
            connector!.sessionRefused(offered);
            return opened;
          }),
        );
      }
      encrypted.module.explainVerification(encrypted.endpoint, encrypted.tls, error, cut)
        .then((explained) => reject(tlsFailed(endpoint, explained)));
    };
    let socket: net.Socket;
    const onCut = () => {
      unreached();
      socket.destroy();
    };
    try {
      if ("path" in endpoint) {
        socket = net.connect({ ...shared, path: endpoint.path });
      } else {
        const { family, lookup } = options;
        const address = {
          ...shared,
          host: endpoint.host,
          port: endpoint.port,
          ...family !== undefined && { family },
          ...lookup !== undefined && { lookup: nodeLookup(lookup) },
        };
        socket = connector === undefined ? net.connect(address) : connector.connect(address, session);
      }
    } catch (error) {
      // Keys and certificates are read at once.
      return reject(connector === undefined ? connectFailed(endpoint, error) : tlsFailed(endpoint, error));
    }
    cut.addEventListener("abort", onCut, { once: true });
    socket.on("error", fail);
    if (ON_NODE && !SHARES) socket.once("close", () => giveReadBuffer(buffer));
    socket.once("connect", () => {
      reached = true;
      if ("path" in endpoint) return;
      socket.setNoDelay(options.noDelay ?? true);
      setKeepAlive(socket, options.keepAlive);
    });
    socket.once(connector === undefined ? "connect" : "secureConnect", () => {
      cut.removeEventListener("abort", onCut);
      socket.off("error", fail);
      if (session !== undefined) connector!.sessionAccepted();
      session = undefined;
      if (records !== undefined) {
        // Before the listeners of the link.
        for (const event of ["error", "end"]) socket.on(event, records.flush);
        socket.on("close", () => records.end());
      }
      const link = reader.link = new NodeAdapterSocket(addressOf(endpoint), socket, handlers);
      link.noticesDeadPeer = noticesDeadPeer(endpoint, options);
      resolve(link);
    });
  });
}

/** Sockets by `node:net` and `node:tls`. */
export const nodeTransport: Transport = {
  name: "node",
  connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    return withinLimits(endpoint, options, (cut) => open(endpoint, options, handlers, cut), nodeTimers);
  },
};
