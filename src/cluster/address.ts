/**
 * Where a node is: a host and a port, as text and back.
 *
 * @module
 */

/** The address of a node. */
export interface NodeAddress {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** The address as text, `[host]:port` for IPv6; equal texts are equal addresses. */
export function showAddress({ host, port }: NodeAddress): string {
  const name = host.toLowerCase();
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

/**
 * Reads `host:port` as MOVED and ASK write it: IPv6 with brackets or without, the host possibly empty (then it
 * is the host of the node that said so). `undefined` for what is no address.
 */
export function readAddress(text: string): NodeAddress | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return undefined;
  const port = Number(text.slice(colon + 1));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const host = text.slice(0, colon);
  return { host: host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host, port };
}
