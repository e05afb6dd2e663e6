/**
 * The part of Workers' API that the transport uses.
 *
 * @module
 */

/** A socket of `cloudflare:sockets`. */
export interface WorkerdSocket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when the server was reached, with TLS after its certificate was verified. */
  readonly opened: Promise<unknown>;
  readonly closed: Promise<void>;
  close(): Promise<void>;
  startTls(options?: { readonly expectedServerHostname?: string }): WorkerdSocket;
}

/** The module `cloudflare:sockets`. */
export interface WorkerdSockets {
  connect(
    address: { readonly hostname: string; readonly port: number },
    options: { readonly secureTransport: "off" | "on" | "starttls"; readonly allowHalfOpen: boolean },
  ): WorkerdSocket;
}

let sockets: WorkerdSockets | undefined;

/**
 * Loads `cloudflare:sockets`. The name is computed, as other runtimes refuse to load a module that imports it. Only the
 * module is kept: a promise belongs to the request that made it, and others must not wait for it.
 */
export async function loadSockets(): Promise<WorkerdSockets> {
  if (sockets !== undefined) return sockets;
  const name = ["cloudflare", "sockets"].join(":");
  return sockets = await import(name) as WorkerdSockets;
}
