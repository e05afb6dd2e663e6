/**
 * Sockets by `Deno.connect` and `Deno.startTls`.
 *
 * @module
 */

import { checkConnect } from "./shared/check.ts";
import { addressOf, connectFailed, tlsFailed } from "./shared/failure.ts";
import { withinLimits } from "./shared/limits.ts";
import { Link } from "./shared/link.ts";
import type {
  Endpoint,
  Socket,
  SocketHandlers,
  SocketOptions,
  TcpEndpoint,
  TlsOptions,
  Transport,
} from "../src/transport.ts";

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
    close(this.#conn);
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

/**
 * Whether `node:tls` must do it, because the native API cannot: it has no client certificates, it always verifies,
 * it cannot set versions, ciphers and keepalive times, and to it `caCerts` are trusted beside its own authorities
 * and not instead of them.
 */
function needsNode(endpoint: Endpoint, options: SocketOptions): boolean {
  if ("path" in endpoint) return false;
  if (typeof options.keepAlive === "object") return true;
  const { tls } = endpoint;
  if (tls === undefined) return false;
  return tls.ca !== undefined || tls.cert !== undefined || tls.verify === "none" ||
    tls.ciphers !== undefined ||
    tls.minVersion === "TLSv1.3";
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
  if ("tls" in endpoint && endpoint.tls !== undefined) conn = await secure(endpoint, endpoint.tls, conn, cut);
  const link = new DenoLink(addressOf(endpoint), conn, handlers);
  link.read(options.readBufferSize ?? 65_536);
  return link;
}

/** TLS on a connection: done when the certificate has been verified, which is what `handshake` waits for. */
async function secure(
  endpoint: TcpEndpoint,
  options: TlsOptions,
  tcp: Deno.Conn,
  cut: AbortSignal,
): Promise<Deno.TlsConn> {
  let conn: Deno.Conn = tcp;
  const onCut = () => close(conn);
  cut.addEventListener("abort", onCut, { once: true });
  try {
    cut.throwIfAborted();
    const secured = await Deno.startTls(tcp as Deno.TcpConn, {
      hostname: options.serverName ?? endpoint.host,
      ...options.alpn !== undefined && { alpnProtocols: [...options.alpn] },
      ...options.checkHostname === false && { unsafelyDisableHostnameVerification: true },
    });
    conn = secured;
    cut.throwIfAborted();
    await secured.handshake();
    return secured;
  } catch (error) {
    close(conn);
    throw tlsFailed(endpoint, error);
  } finally {
    cut.removeEventListener("abort", onCut);
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}

/** Sockets by `Deno.connect`; by `node:tls` where an option asks for what that cannot do. */
export const denoTransport: Transport = {
  name: "deno",
  async connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    checkConnect(endpoint, options);
    if (needsNode(endpoint, options)) {
      const { nodeTransport } = await import("./node.ts");
      return await nodeTransport.connect(endpoint, options, handlers);
    }
    return await withinLimits(endpoint, options, (cut) => open(endpoint, options, handlers, cut));
  },
};
