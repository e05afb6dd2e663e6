/**
 * The address of a server, and how it is written.
 *
 * @module
 */

/** The address of a server: of a cluster's node, of a sentinel, or of a server that sentinels watch. */
export interface ServerAddress {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Formats an address, IPv6 as `[host]:port`. Equal texts are equal addresses. */
export function formatAddress({ host, port }: ServerAddress): string {
  const name = host.toLowerCase();
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}
