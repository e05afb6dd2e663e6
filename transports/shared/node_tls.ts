/**
 * TLS by `node:tls`, in a module that is loaded when a first connection asks for it.
 *
 * @module
 */
import net from "node:net";
import tls from "node:tls";
import type { ServerCertificate, TcpEndpoint, TlsOptions } from "../../src/transport.ts";
import { readPems, readPfx } from "./pem.ts";

/** Reads keys and certificates; resolves with the function that connects. */
export async function prepareTls(
  endpoint: TcpEndpoint,
  options: TlsOptions,
): Promise<(address: net.TcpNetConnectOpts) => net.Socket> {
  const secure = await tlsOptionsOf(endpoint, options);
  return (address) => tls.connect({ ...address, ...secure });
}

/**
 * Finds the reason for a rejected certificate. Deno's `node:tls` has one message for expired and not yet valid ones.
 * Reads the certificate over a second socket, without sending data or a client certificate. Resolves with the
 * original error if that does not help.
 */
export function explainVerification(
  { host, port }: TcpEndpoint,
  { serverName = net.isIP(host) === 0 ? host : "" }: TlsOptions,
  error: unknown,
  cut: AbortSignal,
): Promise<unknown> {
  const { code } = error as { readonly code?: unknown };
  if (!("Deno" in globalThis) || code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return Promise.resolve(error);
  return new Promise((resolve) => {
    // The dot prevents a resumed session, which would show the old certificate.
    const servername = serverName === "" ? "" : `${serverName}.`;
    const socket = tls.connect({ host, port, servername, rejectUnauthorized: false });
    const end = (explained: unknown): void => {
      cut.removeEventListener("abort", give);
      socket.destroy();
      resolve(explained);
    };
    const give = (): void => end(error);
    cut.addEventListener("abort", give, { once: true });
    socket.on("error", give);
    socket.once("end", give);
    socket.once("secureConnect", () => {
      const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
      const now = Date.now();
      const [name, why] = now > Date.parse(to)
        ? ["CERT_HAS_EXPIRED", "the certificate has expired"]
        : now < Date.parse(from)
        ? ["CERT_NOT_YET_VALID", "the certificate is not yet valid"]
        : [];
      end(name === undefined ? error : Object.assign(new Error(why, { cause: error }), { code: name }));
    });
  });
}

/** Options of `node:tls` for ours. Everything is spelt out, so that nothing in the environment can weaken it. */
async function tlsOptionsOf(endpoint: TcpEndpoint, options: TlsOptions): Promise<tls.ConnectionOptions> {
  // Deno's node:tls takes a cipher list and does not look at it.
  if (options.ciphers !== undefined && "Deno" in globalThis) {
    throw new TypeError("Cannot connect: Deno cannot choose tls.ciphers; tls.minVersion it can");
  }
  const [{ ca, cert, key }, pfx] = await Promise.all([
    readPems(endpoint, options),
    readPfx(endpoint, options),
  ]);
  const { checkServerIdentity } = options;
  return {
    rejectUnauthorized: options.verify !== "none",
    minVersion: options.minVersion ?? "TLSv1.2",
    ...ca !== undefined && { ca },
    ...cert !== undefined && { cert },
    ...key !== undefined && { key },
    ...pfx !== undefined && { pfx: pfx as Buffer, passphrase: options.passphrase },
    // Node sends no SNI by itself. An address is not valid for SNI (RFC 6066), but the certificate must contain it.
    servername: options.serverName ?? (net.isIP(endpoint.host) === 0 ? endpoint.host : ""),
    ...options.ciphers !== undefined && { ciphers: options.ciphers },
    ...options.alpn !== undefined && { ALPNProtocols: [...options.alpn] },
    ...options.checkHostname === false && { checkServerIdentity: () => undefined },
    ...checkServerIdentity !== undefined && { checkServerIdentity: safely(checkServerIdentity) },
  };
}

/** The user's check, which refuses the certificate if it throws, or replies with anything but an error or nothing. */
function safely(check: NonNullable<TlsOptions["checkServerIdentity"]>) {
  return (host: string, certificate: tls.PeerCertificate): Error | undefined => {
    try {
      const verdict: unknown = check(host, certificate as ServerCertificate);
      if (verdict === undefined || verdict instanceof Error) return verdict;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    return new TypeError(
      "tls.checkServerIdentity must return an Error or undefined, and must not be asynchronous",
    );
  };
}
