/**
 * The network functions of the runtime that commands need, besides sockets.
 *
 * @module
 */

/** A certificate, as a server shows it. */
export interface ShownCertificate {
  /** The version of TLS, such as `"TLSv1.3"`. */
  readonly protocol: string;
  /** The names and addresses that it is for. */
  readonly names: readonly string[];
  /** Whether it is for the name that was asked for. */
  readonly matches: boolean;
  /** The issuer. */
  readonly issuer: string;
  /** The start of its validity, in milliseconds since 1970. */
  readonly from: number;
  /** Valid until then, in milliseconds since 1970. */
  readonly to: number;
}

/** Asks the runtime. */
export interface NetworkInspector {
  /**
   * Resolves a name into addresses.
   *
   * @throws {Error} when it cannot be resolved.
   */
  resolve(host: string): Promise<readonly string[]>;
  /**
   * Makes a TLS handshake that trusts everything, and tells what the server shows. Nothing is sent over it.
   *
   * @throws {Error} when the handshake fails or takes longer than `timeout` milliseconds.
   */
  inspectTls(host: string, port: number, serverName: string, timeout: number): Promise<ShownCertificate>;
}
