/**
 * Refuses the options of sockets that Workers cannot honour.
 *
 * @module
 */

import type { Endpoint, SocketOptions, TcpEndpoint, TlsOptions } from "../../src/transport.ts";

const WHY: Readonly<Partial<Record<keyof TlsOptions, string>>> = {
  key: "they have no client certificates for sockets",
  cert: "they have no client certificates for sockets",
  pfx: "they have no client certificates for sockets",
  passphrase: "they have no client certificates for sockets",
  checkServerIdentity: "they show no certificates",
  ca: "they trust public authorities only",
  ciphers: "they choose them by themselves",
  alpn: "they offer no protocols",
};

/**
 * Checks what {@linkcode checkConnect} has let pass.
 *
 * @throws {TypeError} for an option that the platform has no setting for.
 */
export function checkWorkerd(endpoint: Endpoint, options: SocketOptions): asserts endpoint is TcpEndpoint {
  if ("path" in endpoint) throw refusal("path", "there are no Unix sockets");
  if (options.noDelay === false) throw refusal("noDelay: false", "small segments are always sent at once");
  if (typeof options.keepAlive === "object") throw refusal("keepAlive", "they cannot set its times");
  for (const name of ["family", "lookup"] as const) {
    if (options[name] !== undefined) throw refusal(name, "they resolve names by themselves");
  }
  const { tls } = endpoint;
  if (tls === undefined) return;
  for (const [name, why] of Object.entries(WHY)) {
    if (tls[name as keyof TlsOptions] !== undefined) throw refusal(`tls.${name}`, why);
  }
  if (tls.verify === "none") throw refusal('tls.verify: "none"', "they always verify certificates");
  if (tls.checkHostname === false) throw refusal("tls.checkHostname: false", "they always verify the name");
  if (tls.sessionResumption === false) {
    throw refusal("tls.sessionResumption: false", "they decide on that by themselves");
  }
  if (tls.minVersion === "TLSv1.3") throw refusal('tls.minVersion: "TLSv1.3"', "they begin with TLS 1.2");
}

function refusal(name: string, why: string): TypeError {
  return new TypeError(`Cannot connect: Workers cannot honour ${name}; ${why}`);
}
