/**
 * Checks the options of an adapter. Unknown options and invalid values throw and are named, before anything is
 * opened.
 *
 * @module
 */

import type { Endpoint, KeepAliveOptions, SocketOptions, TlsOptions } from "../../src/transport.ts";

const TCP_NAMES: readonly string[] = ["host", "port", "tls"];
const UNIX_NAMES: readonly string[] = ["path"];
const OPTION_NAMES: readonly string[] = [
  "noDelay",
  "keepAlive",
  "connectTimeout",
  "signal",
  "readBufferSize",
  "family",
  "lookup",
];
const KEEP_ALIVE_NAMES: readonly string[] = ["idle", "interval", "count"];
/** The names of all TLS options. */
export const TLS_NAMES: readonly (keyof TlsOptions)[] = [
  "key",
  "cert",
  "ca",
  "verify",
  "checkHostname",
  "pfx",
  "passphrase",
  "checkServerIdentity",
  "serverName",
  "minVersion",
  "ciphers",
  "alpn",
  "sessionResumption",
];

/** The longest time that `setTimeout` can wait; it fires at once beyond. */
const MAX_TIMEOUT = 2_147_483_647;

/** Throws for options that the adapter does not support. */
export function checkConnect(endpoint: Endpoint, options: SocketOptions): void {
  if ("path" in endpoint) {
    known(endpoint, UNIX_NAMES, "endpoint");
    text(endpoint.path, "path");
    if (endpoint.path.includes("\0")) {
      throw new TypeError("Cannot connect: path must not contain a NUL character");
    }
  } else {
    known(endpoint, TCP_NAMES, "endpoint");
    text(endpoint.host, "host");
    within(endpoint.port, "port", 1, 65_535);
    if (endpoint.tls !== undefined) checkTls(endpoint.tls);
  }
  known(options, OPTION_NAMES, "options");
  flag(options.noDelay, "noDelay");
  const { keepAlive, connectTimeout, readBufferSize } = options;
  if (typeof keepAlive === "object" && keepAlive !== null) checkKeepAlive(keepAlive);
  else flag(keepAlive, "keepAlive");
  if (connectTimeout !== undefined) within(connectTimeout, "connectTimeout", 0, MAX_TIMEOUT, false);
  oneOf(options.family, "family", [4, 6]);
  callable(options.lookup, "lookup");
  if (readBufferSize !== undefined) within(readBufferSize, "readBufferSize", 1, 1_073_741_824);
}

function checkKeepAlive(keepAlive: KeepAliveOptions): void {
  known(keepAlive, KEEP_ALIVE_NAMES, "keepAlive");
  const { idle, interval, count } = keepAlive;
  // The limits of Linux: 32,767 seconds, 127 probes.
  if (idle !== undefined) within(idle, "keepAlive.idle", 1, 32_767_000);
  if (interval !== undefined) within(interval, "keepAlive.interval", 1, 32_767_000);
  if (count !== undefined) within(count, "keepAlive.count", 1, 127);
}

function checkTls(tls: TlsOptions): void {
  known(tls, TLS_NAMES, "tls");
  oneOf(tls.verify, "tls.verify", ["required", "optional", "none"]);
  oneOf(tls.minVersion, "tls.minVersion", ["TLSv1.2", "TLSv1.3"]);
  flag(tls.checkHostname, "tls.checkHostname");
  flag(tls.sessionResumption, "tls.sessionResumption");
  for (const name of ["passphrase", "serverName", "ciphers"] as const) {
    if (tls[name] !== undefined) text(tls[name], `tls.${name}`);
  }
  for (const name of ["key", "cert"] as const) {
    if (tls[name] !== undefined && !(tls[name] instanceof Uint8Array)) text(tls[name], `tls.${name}`);
  }
  if ((tls.key === undefined) !== (tls.cert === undefined)) {
    throw new TypeError("Cannot connect: tls.key and tls.cert are needed together");
  }
  if (tls.pfx !== undefined && !(tls.pfx instanceof Uint8Array)) text(tls.pfx, "tls.pfx");
  if (tls.pfx !== undefined && tls.key !== undefined) {
    throw new TypeError(
      "Cannot connect: tls.pfx holds a key and its certificate; leave out tls.key and tls.cert",
    );
  }
  if (tls.passphrase !== undefined && tls.key === undefined && tls.pfx === undefined) {
    throw new TypeError(
      "Cannot connect: tls.passphrase is given, but there is no tls.key or tls.pfx that it could open",
    );
  }
  callable(tls.checkServerIdentity, "tls.checkServerIdentity");
  if (tls.checkServerIdentity !== undefined && (tls.verify === "none" || tls.checkHostname === false)) {
    throw new TypeError(
      'Cannot connect: tls.checkServerIdentity needs verification; leave out tls.verify: "none" and tls.checkHostname: false',
    );
  }
  if (tls.alpn !== undefined) {
    if (!Array.isArray(tls.alpn) || tls.alpn.length === 0) {
      throw new TypeError("Cannot connect: tls.alpn must be a list of at least one protocol");
    }
    for (const protocol of tls.alpn) {
      text(protocol, "tls.alpn");
      if (protocol.length > 255) {
        throw new RangeError("Cannot connect: a protocol in tls.alpn has over 255 bytes");
      }
    }
  }
  if (Array.isArray(tls.ca) && tls.ca.length === 0) {
    throw new TypeError("Cannot connect: tls.ca is an empty list; leave it out to trust the runtime's own");
  }
}

function known(value: object, names: readonly string[], where: string): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot connect: ${where} must be an object`);
  }
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) {
      throw new TypeError(
        `Cannot connect: unknown option "${name}" in ${where}; known are ${names.join(", ")}`,
      );
    }
  }
}

function flag(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeError(`Cannot connect: ${name} must be true or false`);
  }
}

function text(value: unknown, name: string): void {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`Cannot connect: ${name} must be a text that is not empty`);
  }
}

function callable(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== "function") {
    throw new TypeError(`Cannot connect: ${name} must be a function`);
  }
}

function oneOf(value: unknown, name: string, allowed: readonly (string | number)[]): void {
  if (value !== undefined && !allowed.includes(value as string)) {
    throw new TypeError(`Cannot connect: ${name} must be one of ${allowed.join(", ")}`);
  }
}

function within(value: unknown, name: string, from: number, to: number, whole = true): void {
  const bad = typeof value !== "number" || !(value >= from && value <= to) ||
    (whole && !Number.isInteger(value));
  if (bad) {
    throw new RangeError(
      `Cannot connect: ${name} must be ${whole ? "a whole number " : ""}from ${from} to ${to}`,
    );
  }
}
