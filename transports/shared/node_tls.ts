/**
 * TLS by `node:tls`, in a module that is loaded when a first connection asks for it.
 *
 * @module
 */
import net from "node:net";
import tls from "node:tls";
import type { TcpEndpoint, TlsOptions } from "../../src/transport.ts";
import { readPems } from "./pem.ts";

/** Reads keys and certificates; resolves with the function that connects. */
export async function prepareTls(
  endpoint: TcpEndpoint,
  options: TlsOptions,
): Promise<(address: net.TcpNetConnectOpts) => net.Socket> {
  const secure = await tlsOptionsOf(endpoint, options);
  return (address) => tls.connect({ ...address, ...secure });
}

/** Options of `node:tls` for ours. Everything is spelt out, so that nothing in the environment can weaken it. */
async function tlsOptionsOf(endpoint: TcpEndpoint, options: TlsOptions): Promise<tls.ConnectionOptions> {
  // Deno's node:tls takes a cipher list and does not look at it.
  if (options.ciphers !== undefined && "Deno" in globalThis) {
    throw new TypeError("Cannot connect: Deno cannot choose tls.ciphers; tls.minVersion it can");
  }
  const { ca, cert, key } = await readPems(endpoint, options);
  return {
    rejectUnauthorized: options.verify !== "none",
    minVersion: options.minVersion ?? "TLSv1.2",
    ...ca !== undefined && { ca },
    ...cert !== undefined && { cert },
    ...key !== undefined && { key },
    // Node sends no SNI by itself. An address is no name for it (RFC 6066), but is what the certificate must hold.
    servername: options.serverName ?? (net.isIP(endpoint.host) === 0 ? endpoint.host : ""),
    ...options.ciphers !== undefined && { ciphers: options.ciphers },
    ...options.alpn !== undefined && { ALPNProtocols: [...options.alpn] },
    ...options.checkHostname === false && { checkServerIdentity: () => undefined },
  };
}
