/**
 * Converts errors of the runtimes to those of Keywire, with the address, the reason and a hint.
 *
 * @module
 */

import { ConnectionError, TimeoutError } from "../../src/errors.ts";
import type { Endpoint } from "../../src/transport.ts";

/** An endpoint as messages show it: `host:port`, `[::1]:port` or `unix:path`. */
export function addressOf(endpoint: Endpoint): string {
  if ("path" in endpoint) return `unix:${endpoint.path}`;
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused; is a server listening there?",
  ECONNRESET: "the connection was reset by the peer",
  EPIPE: "the connection was closed by the peer",
  ENOTFOUND: "the host name cannot be resolved",
  EAI_AGAIN: "the host name cannot be resolved at present; is the name server reachable?",
  ENETUNREACH: "the network is unreachable",
  EHOSTUNREACH: "the host is unreachable",
  EADDRNOTAVAIL: "the address is not available from this machine",
  ETIMEDOUT: "the system gave up waiting for an answer",
  ENOENT: "there is no such path; is the server running, and is this its socket?",
  ENOTSOCK: "the path is not a socket",
  EACCES: "permission was denied",
  EPERM: "permission was denied",
  EWORKERD:
    "Workers cannot reach the address; can the name be resolved, is a server listening there, and is it no private address?",
  EAGAIN: "the server's queue of new connections is full",
};

/** The system's name of an error, also where the runtime only gives a class or a text. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, name, message, errors } = error as {
    readonly code?: unknown;
    readonly name?: unknown;
    readonly message?: unknown;
    readonly errors?: readonly unknown[];
  };
  if (typeof code === "string" && code in REASONS) return code;
  // Happy eyeballs: one error for each address that was tried.
  if (Array.isArray(errors) && errors.length > 0) return errnoOf(errors[0]);
  const text = String(message);
  // Workers have one message for all of these.
  if (text.includes("cannot connect to the specified address")) return "EWORKERD";
  if (/failed to lookup address|getaddrinfo|DNS|not known/i.test(text)) return "ENOTFOUND";
  if (name === "ConnectionRefused") return "ECONNREFUSED";
  if (name === "ConnectionReset") return "ECONNRESET";
  if (name === "BrokenPipe") return "EPIPE";
  if (name === "NotFound") return "ENOENT";
  if (name === "PermissionDenied" || name === "NotCapable") return "EACCES";
  return typeof code === "string" ? code : undefined;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Bytes that every system takes as the path of a Unix socket. */
const LONGEST_PATH = 103;

/** Connecting failed before TLS began. */
export function connectFailed(endpoint: Endpoint, cause: unknown): ConnectionError {
  const errno = errnoOf(cause);
  const reason = errno === undefined ? undefined : REASONS[errno];
  const why = reason !== undefined
    ? `${reason} (${errno})`
    : "path" in endpoint && new TextEncoder().encode(endpoint.path).length > LONGEST_PATH
    ? "the path is too long for a Unix socket"
    : textOf(cause);
  return new ConnectionError(`Cannot connect to ${addressOf(endpoint)}: ${why}`, {
    code: "CONNECT",
    executed: "no",
    cause,
  });
}

const CLOSED = "the connection was closed during the handshake; does the server speak TLS at this port?";

/** Reasons for messages of TLS libraries; the first match counts. */
const TLS_REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /DEPTH_ZERO_SELF_SIGNED/,
    "the server's certificate is self-signed and not trusted; tls.ca names whom to trust",
  ],
  [
    /UNABLE_TO_VERIFY_LEAF|UNABLE_TO_GET_ISSUER|SELF_SIGNED_CERT_IN_CHAIN|UnknownIssuer/,
    "Deno" in globalThis
      // Deno's `node:tls` has one message for all three. A second connection shows the certificate, which tells them
      // apart.
      ? "the server's certificate was not issued by an authority that is trusted (tls.ca names whom to trust), or has expired, or is not valid yet"
      : "the server's certificate was not issued by an authority that is trusted; tls.ca names whom to trust",
  ],
  [/mac verif|PKCS.?12|not enough data|wrong tag/i, "tls.pfx cannot be opened with tls.passphrase"],
  [/CERT_HAS_EXPIRED|certificate expired|: Expired/i, "the server's certificate has expired"],
  [/CERT_NOT_YET_VALID|not (valid yet|yet valid)|NotValidYet/, "the server's certificate is not valid yet"],
  [/ALTNAME_INVALID|not valid for name/, "the server's certificate is for another name; see tls.serverName"],
  [
    /certificate.?required|alert handshake failure.*certificate/i,
    "the server asks for a client certificate; give tls.cert and tls.key",
  ],
  [
    /WRONG_VERSION_NUMBER|InvalidContentType|packet length too long/i,
    "the server does not speak TLS at this port",
  ],
  [
    /PROTOCOL_VERSION|ProtocolVersion/i,
    "the server has no version of TLS that is accepted here; see tls.minVersion",
  ],
  [
    /HANDSHAKE_FAILURE|HandshakeFailure/i,
    "the server refused the handshake; ciphers or certificates do not match",
  ],
  [/ECONNRESET|UnexpectedEof|eof|disconnected/i, CLOSED],
];

function tlsReasonOf(cause: unknown): string | undefined {
  const { name, code } = cause as { readonly name?: unknown; readonly code?: unknown };
  const text = `${name} ${code} ${textOf(cause)}`;
  return TLS_REASONS.find(([pattern]) => pattern.test(text))?.[1];
}

/**
 * The server was reached, and TLS failed: its certificate is refused, or there is no common ground. A connection that is
 * closed meanwhile may be one to a server that restarts, so its code is that of failures that are retried.
 */
export function tlsFailed(endpoint: Endpoint, cause: unknown): ConnectionError {
  const reason = cause === null || cause === undefined ? undefined : tlsReasonOf(cause);
  const why = reason === undefined ? textOf(cause) : `${reason} (${textOf(cause).trim()})`;
  return new ConnectionError(`Cannot connect to ${addressOf(endpoint)} by TLS: ${why}`, {
    code: reason === CLOSED ? "CONNECT" : "TLS",
    executed: "no",
    cause,
  });
}

/** Creates the error for a connect timeout. */
export function connectTimedOut(endpoint: Endpoint, milliseconds: number): TimeoutError {
  return new TimeoutError(
    `Cannot connect to ${addressOf(endpoint)}: no connection within ${milliseconds} ms (connectTimeout)`,
    { code: "CONNECT_TIMEOUT", executed: "no" },
  );
}

/** The alerts by which a server refuses a client for its certificate; under TLS 1.3 they come after the handshake. */
const CLIENT_ALERTS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /alert[:_ ]+certificate.?required/i,
    "the server asks for a client certificate; give tls.cert and tls.key",
  ],
  [/alert[:_ ]+unknown.?ca/i, "the server does not trust who issued the client certificate (tls.cert)"],
  [/alert[:_ ]+certificate.?expired/i, "the client certificate (tls.cert) has expired"],
  [
    /alert[:_ ]+(bad.?certificate|unsupported.?certificate|certificate.?(revoked|unknown))/i,
    "the server refuses the client certificate (tls.cert)",
  ],
];

function clientRefused(address: string, cause: unknown): ConnectionError | undefined {
  const text = textOf(cause);
  for (const [pattern, reason] of CLIENT_ALERTS) {
    const alert = pattern.exec(text)?.[0];
    if (alert === undefined) continue;
    return new ConnectionError(`Cannot connect to ${address} by TLS: ${reason} (${alert})`, {
      code: "TLS",
      executed: "no",
      cause,
    });
  }
  return undefined;
}

/** A link that was up is gone; or it was never really up, as the server refuses who opened it. */
export function linkLost(address: string, cause: unknown): ConnectionError {
  const refused = clientRefused(address, cause);
  if (refused !== undefined) return refused;
  const errno = errnoOf(cause);
  const reason = errno === undefined ? undefined : REASONS[errno];
  const why = cause === undefined
    ? "it was closed before all was sent"
    : reason === undefined
    ? textOf(cause).trim()
    : `${reason} (${errno})`;
  return new ConnectionError(`The connection to ${address} was lost: ${why}`, {
    code: "LOST",
    executed: "unknown",
    cause,
  });
}
