/**
 * TLS by `node:tls`, in a module that is loaded when a first connection asks for it.
 *
 * @module
 */
import net from "node:net";
import tls from "node:tls";
import type { ServerCertificate, TcpEndpoint, TlsOptions } from "../../src/transport.ts";
import { type PemTexts, readPems, readPfx } from "./pem.ts";
import { type RecordReceiver, TlsRecords } from "./tls_records.ts";
import { sessionKey, type TlsSession, tlsSessions } from "./tls_sessions.ts";

const ON_DENO = "Deno" in globalThis;

/** Opens TLS connections with the options of an endpoint, and resumes sessions. */
export class TlsConnector {
  readonly #options: tls.ConnectionOptions;
  /** The key of the sessions, if there are any. */
  readonly #key: string | undefined;

  /** Uses options whose files were read. Users call {@linkcode prepareTls}. */
  constructor(options: tls.ConnectionOptions, key: string | undefined) {
    this.#options = options;
    this.#key = key;
  }

  /** Takes a session to offer to the server. */
  takeSession(): TlsSession | undefined {
    return this.#key === undefined ? undefined : tlsSessions.take(this.#key);
  }

  /** Opens a connection, which offers a session. Keeps the sessions that it gets, once it is verified. */
  connect(address: net.TcpNetConnectOpts, session: TlsSession | undefined): tls.TLSSocket {
    const socket = tls.connect({
      ...address,
      ...this.#options,
      ...session !== undefined && { session: session.bytes as Buffer },
    });
    if (this.#key !== undefined) keepSessions(socket, this.#key, session?.until);
    return socket;
  }

  /** Keeps a session that was not offered, because the server was not reached. */
  returnSession(session: TlsSession): void {
    tlsSessions.keep(this.#key!, session);
  }

  /** A handshake succeeded in which a session was offered. */
  sessionAccepted(): void {
    tlsSessions.accept(this.#key!);
  }

  /** Forgets the sessions of the server: a handshake failed in which one was offered. */
  sessionFailed(): void {
    tlsSessions.forget(this.#key!);
  }

  /** After `sessionFailed`, a handshake without a session succeeded. */
  sessionRefused(session: TlsSession): void {
    tlsSessions.refuse(this.#key!, session);
  }
}

/** Node reports sessions only to a listener from the beginning. TLS 1.3 servers send them after the handshake. */
function keepSessions(socket: tls.TLSSocket, key: string, offered: number | undefined): void {
  let early: Uint8Array[] | undefined = [];
  const keep = (bytes: Uint8Array): void => {
    const until = tlsSessions.validity(socket, offered);
    tlsSessions.keep(key, { bytes, until, once: socket.getProtocol() === "TLSv1.3" });
  };
  socket.on("session", (bytes) => {
    if (early === undefined) keep(bytes);
    else early.push(bytes);
  });
  socket.once("secureConnect", () => {
    const verified = early!;
    early = undefined;
    for (const bytes of verified) keep(bytes);
  });
}

/** Returns what reads the records of a socket. */
export function recordsOf(receiver: RecordReceiver, usual: Uint8Array): TlsRecords {
  return new TlsRecords(receiver, usual);
}

/** Reads keys and certificates. */
export async function prepareTls(endpoint: TcpEndpoint, options: TlsOptions): Promise<TlsConnector> {
  checkDeno(options);
  const [material, pfx] = await Promise.all([readPems(endpoint, options), readPfx(endpoint, options)]);
  const all = { ...material, pfx };
  // Deno's node:tls has no sessions: what it returns as one has no effect.
  const key = ON_DENO ? undefined : sessionKey("node", endpoint, options, all);
  return new TlsConnector(tlsOptionsOf(endpoint, options, all), key);
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
  if (!ON_DENO || code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return Promise.resolve(error);
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

/** Refuses options that Deno would ignore. */
function checkDeno({ ciphers, sessionResumption, ca }: TlsOptions): void {
  if (!ON_DENO) return;
  if (ciphers !== undefined) {
    throw new TypeError("Cannot connect: Deno cannot choose tls.ciphers; tls.minVersion it can");
  }
  // With `ca` there is a new configuration for each connection, without sessions.
  if (sessionResumption === false && ca === undefined) {
    throw new TypeError("Cannot connect: Deno cannot switch off tls.sessionResumption without tls.ca");
  }
}

/** Options of `node:tls` for ours. Everything is spelt out, so that nothing in the environment can weaken it. */
function tlsOptionsOf(
  endpoint: TcpEndpoint,
  options: TlsOptions,
  { ca, cert, key, pfx }: PemTexts & { readonly pfx: Uint8Array | undefined },
): tls.ConnectionOptions {
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
