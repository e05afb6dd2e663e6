/**
 * The transport for Bun, with `Bun.connect`. For options that it does not support (`verify: "none"`, `checkHostname:
 * false`, `minVersion: "TLSv1.3"`, `ciphers`, `alpn`, `pfx`, `checkServerIdentity`, `family`, `lookup`) it uses Bun's `node:tls` and `node:net`. `keepAlive.interval`
 * and `keepAlive.count` are not supported and throw. `readBufferSize` has no effect.
 *
 * `Bun.connect` (1.4) cannot be aborted. When `signal` or `connectTimeout` ends a connect, the promise rejects at
 * once, but the system continues the attempt and keeps the process alive, for about two minutes on Linux. A socket
 * that opens later is closed.
 *
 * @example One word to a server, and its answer
 * ```ts ignore
 * import { bunTransport } from "@keywire/redis/transports/bun";
 *
 * const replied = Promise.withResolvers<string>();
 * const socket = await bunTransport.connect({ host: "localhost", port: 6379 }, { connectTimeout: 5_000 }, {
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

import type { BunGlobal, BunHandlers, BunPeer, BunSocket } from "./shared/bun_types.ts";
import { checkConnect } from "./shared/check_options.ts";
import { addressOf, connectFailed, tlsFailed } from "./shared/failure.ts";
import { noticesDeadPeer, setKeepAlive } from "./shared/keepalive.ts";
import { type Deferred, deferred } from "./shared/deferred.ts";
import { withinLimits } from "./shared/limits.ts";
import { nodeTimers } from "./shared/node_timers.ts";
import { BaseSocket } from "./shared/base_socket.ts";
import type { TlsSession, TlsSessionCache } from "./shared/tls_sessions.ts";
import type {
  Endpoint,
  Socket,
  SocketHandlers,
  SocketOptions,
  TcpEndpoint,
  TlsOptions,
  Transport,
} from "../src/transport.ts";

export type * from "../src/transport.ts";

/**
 * The size from which a chunk's memory is freed at once. Bun allocates memory for each chunk and collects it late;
 * freed memory is still in the processor cache for the next chunk. For smaller chunks the cost exceeds the gain.
 */
const FREED = 4_096;

/** Memory that can be given back (ES2024). */
interface Freeable {
  readonly byteLength: number;
  transfer?(length: number): unknown;
}

class BunAdapterSocket extends BaseSocket implements BunPeer {
  readonly #socket: BunSocket;
  #rest: Uint8Array | undefined;

  constructor(address: string, socket: BunSocket, handlers: SocketHandlers) {
    super(address, handlers, nodeTimers);
    this.#socket = socket;
  }

  protected send(bytes: Uint8Array): boolean {
    const length = this.#socket.write(bytes);
    if (length === bytes.length) return true;
    // Negative: the socket is dead, and `close` follows.
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
    const buffer = chunk.buffer as Freeable;
    if (chunk.length >= FREED && buffer.byteLength === chunk.length) buffer.transfer?.(0);
  }

  closed(error: unknown): void {
    if (error) this.failed(error);
    else this.peerEnded();
  }

  // The attempt to connect is over.
  opened(): void {}

  refused(): void {}

  protected flow(on: boolean): void {
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  protected finishSending(): void {
    this.#socket.shutdown();
  }

  protected release(): void {
    // `terminate` would send a reset, which discards data that the system has buffered.
    this.#socket.end();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }
}

/**
 * Returns whether to use `node:net` and `node:tls`, because `Bun.connect` lacks an option: it verifies certificates
 * only completely, and has no minimum version and no list of protocols.
 */
function needsNode(endpoint: Endpoint, options: SocketOptions): boolean {
  if ("path" in endpoint) return false;
  // Refused there, by name.
  if (
    typeof options.keepAlive === "object" &&
    (options.keepAlive.interval ?? options.keepAlive.count) !== undefined
  ) {
    return true;
  }
  if ((options.family ?? options.lookup) !== undefined) return true;
  const { tls } = endpoint;
  if (tls === undefined) return false;
  return (tls.pfx ?? tls.checkServerIdentity) !== undefined || tls.verify === "none" ||
    tls.checkHostname === false || tls.minVersion === "TLSv1.3" ||
    tls.alpn !== undefined || tls.ciphers !== undefined;
}

/** TLS options as Bun has them, and the sessions of connections with these options. */
interface BunTls {
  readonly options: Readonly<Record<string, unknown>>;
  readonly sessions: TlsSessionCache;
  readonly key: string | undefined;
}

async function prepareTls(endpoint: TcpEndpoint, options: TlsOptions): Promise<BunTls> {
  // Loaded on demand: each takes several milliseconds.
  const [{ readPems }, { isIP }, { sessionKey, tlsSessions }] = await Promise.all([
    import("./shared/pem.ts"),
    import("node:net"),
    import("./shared/tls_sessions.ts"),
  ]);
  const material = await readPems(endpoint, options);
  const { ca, cert, key } = material;
  return {
    options: {
      rejectUnauthorized: true,
      // An address is not valid for SNI (RFC 6066), but the certificate is still compared with the host.
      serverName: options.serverName ?? (isIP(endpoint.host) === 0 ? endpoint.host : ""),
      ...ca !== undefined && { ca },
      ...cert !== undefined && { cert },
      ...key !== undefined && { key },
    },
    sessions: tlsSessions,
    key: sessionKey("bun", endpoint, options, material),
  };
}

/** The parameters of a connection, which are the same when the handshake is repeated. */
interface Connecting {
  readonly endpoint: TcpEndpoint;
  readonly options: SocketOptions;
  readonly handlers: SocketHandlers;
  readonly cut: AbortSignal;
  readonly tls: BunTls;
}

async function open(
  endpoint: Endpoint,
  options: SocketOptions,
  handlers: SocketHandlers,
  cut: AbortSignal,
): Promise<BunAdapterSocket> {
  cut.throwIfAborted();
  if ("path" in endpoint || endpoint.tls === undefined) {
    return await connectPlain(endpoint, options, handlers, cut);
  }
  const tls = await prepareTls(endpoint, endpoint.tls);
  cut.throwIfAborted();
  return await connect({ endpoint, options, handlers, cut, tls }, true);
}

function disconnected(): Error {
  return new Error("The connection was disconnected (eof)");
}

/** The callbacks of all sockets without TLS: closures for each would cost a kilobyte a connection. */
const CALLBACKS: BunHandlers = {
  // A `Buffer` would have to be made into one, which takes longer than reading a short reply.
  binaryType: "uint8array",
  open: (socket) => socket.data!.opened(socket),
  handshake() {},
  data: (socket, chunk) => socket.data!.take(chunk),
  drain: (socket) => socket.data!.drain(),
  end: (socket) => socket.data!.closed(undefined),
  close: (socket, error) => socket.data!.closed(error),
  error: (socket, error) => socket.data!.closed(error),
  connectError: (socket, error) => socket.data!.refused(error),
};

/** An attempt to connect without TLS: it receives the events of the socket until the adapter does. */
class PlainAttempt implements BunPeer {
  readonly #endpoint: Endpoint;
  readonly #options: SocketOptions;
  readonly #handlers: SocketHandlers;
  readonly #cut: AbortSignal;
  readonly #result: Deferred<BunAdapterSocket>;

  constructor(
    endpoint: Endpoint,
    options: SocketOptions,
    handlers: SocketHandlers,
    cut: AbortSignal,
    result: Deferred<BunAdapterSocket>,
  ) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#handlers = handlers;
    this.#cut = cut;
    this.#result = result;
  }

  opened(socket: BunSocket): void {
    if (this.#cut.aborted) return socket.terminate();
    if (!("path" in this.#endpoint)) {
      socket.setNoDelay(this.#options.noDelay ?? true);
      setKeepAlive(socket, this.#options.keepAlive);
    }
    const link = new BunAdapterSocket(addressOf(this.#endpoint), socket, this.#handlers);
    link.noticesDeadPeer = noticesDeadPeer(this.#endpoint, this.#options);
    socket.data = link;
    this.#result.resolve(link);
  }

  take(): void {}

  drain(): void {}

  closed(error: unknown): void {
    this.refused(error ?? disconnected());
  }

  refused(error: unknown): void {
    this.#result.reject(connectFailed(this.#endpoint, error));
  }
}

function connectPlain(
  endpoint: Endpoint,
  options: SocketOptions,
  handlers: SocketHandlers,
  cut: AbortSignal,
): Promise<BunAdapterSocket> {
  const result = deferred<BunAdapterSocket>();
  const data = new PlainAttempt(endpoint, options, handlers, cut, result);
  const shared = { allowHalfOpen: true, data, socket: CALLBACKS };
  try {
    globalBun().connect(
      "path" in endpoint
        ? { ...shared, unix: endpoint.path }
        : { ...shared, hostname: endpoint.host, port: endpoint.port },
    ).catch((error) => data.refused(error));
  } catch (error) {
    data.refused(error);
  }
  return result.promise;
}

function globalBun(): BunGlobal {
  return (globalThis as unknown as { readonly Bun: BunGlobal }).Bun;
}

/** Connects. A handshake with a session that fails is repeated without, as the session may be the reason. */
function connect(connecting: Connecting, resumes: boolean): Promise<BunAdapterSocket> {
  const { endpoint, options, handlers, cut, tls } = connecting;
  const key = resumes ? tls.key : undefined;
  return new Promise((resolve, reject) => {
    let link: BunAdapterSocket | undefined;
    let reached: BunSocket | undefined;
    let session: TlsSession | undefined;
    let offered: number | undefined;
    let refused = false;
    const refuse = (error: unknown) => {
      if (refused) return;
      refused = true;
      const failed = session;
      if (failed === undefined || cut.aborted) {
        return reject(reached ? tlsFailed(endpoint, error) : connectFailed(endpoint, error));
      }
      tls.sessions.forget(key!);
      resolve(
        connect(connecting, false).then((opened) => {
          tls.sessions.refuse(key!, failed);
          return opened;
        }),
      );
    };
    /** Sessions that arrived before the certificate was verified. */
    let early: Uint8Array[] = [];
    const keep = (socket: BunSocket, bytes: Uint8Array): void => {
      const until = tls.sessions.validity(socket, offered);
      tls.sessions.keep(tls.key!, { bytes, until, once: socket.getTLSVersion?.() !== "TLSv1.2" });
    };
    const ready = (socket: BunSocket) => {
      link = new BunAdapterSocket(addressOf(endpoint), socket, handlers);
      link.noticesDeadPeer = noticesDeadPeer(endpoint, options);
      for (const bytes of early) keep(socket, bytes);
      early = [];
      if (session !== undefined) tls.sessions.accept(key!);
      session = undefined;
      resolve(link);
    };
    const closed = (error: unknown) => {
      if (link === undefined) refuse(error ?? disconnected());
      else link.closed(error);
    };
    const socket: BunHandlers = {
      // A `Buffer` would have to be made into one, which takes longer than reading a short reply.
      binaryType: "uint8array",
      open(socket) {
        reached = socket;
        if (cut.aborted) return socket.terminate();
        socket.setNoDelay(options.noDelay ?? true);
        setKeepAlive(socket, options.keepAlive);
        if (key === undefined || socket.setSession === undefined) return;
        session = tls.sessions.take(key);
        if (session === undefined) return;
        offered = session.until;
        socket.setSession(session.bytes);
      },
      handshake(socket, verified, error) {
        // The verdict. Bun calls `open` and resolves before it.
        if (link !== undefined || refused || cut.aborted) return;
        if (verified && !error) return ready(socket);
        refuse(error ?? new Error("The certificate was not verified"));
        socket.terminate();
      },
      ...tls.key !== undefined && {
        session(socket: BunSocket, bytes: Uint8Array) {
          if (link !== undefined) keep(socket, bytes);
          else early.push(bytes);
        },
      },
      data: (_socket, chunk) => link?.take(chunk),
      drain: () => link?.drain(),
      end: () => closed(undefined),
      close: (_socket, error) => closed(error),
      error: (_socket, error) => closed(error),
      connectError: (_socket, error) => refuse(error),
    };
    cut.addEventListener("abort", () => link === undefined && reached?.terminate(), { once: true });
    const { host: hostname, port } = endpoint;
    try {
      globalBun().connect({ allowHalfOpen: true, socket, hostname, port, tls: tls.options }).catch(refuse);
    } catch (error) {
      // Keys and certificates are read at once.
      reject(tlsFailed(endpoint, error));
    }
  });
}

/** The transport with `Bun.connect`, or with `node:net` and `node:tls` for options that it lacks. */
export const bunTransport: Transport = {
  name: "bun",
  async connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    checkConnect(endpoint, options);
    if (needsNode(endpoint, options)) {
      const { nodeTransport } = await import("./node.ts");
      return await nodeTransport.connect(endpoint, options, handlers);
    }
    return await withinLimits(endpoint, options, (cut) => open(endpoint, options, handlers, cut), nodeTimers);
  },
};
