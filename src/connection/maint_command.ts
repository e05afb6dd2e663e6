/**
 * The command that asks for notifications of maintenance.
 *
 * @module
 */
import type { ResolvedConnectionOptions } from "../options.ts";

const PRIVATE = /^(10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\.|^(::1$|f[cd]|fe80)/i;

/** Returns whether a host is an address, not a name. */
export function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}

/** Returns the commands of the handshake that ask for the notifications; servers that lack them refuse that, which is ignored. */
export function maintCommands(
  { maintNotifications, host, tls }: ResolvedConnectionOptions,
): readonly (readonly string[])[] {
  if (maintNotifications === false) return [];
  const inside = isAddress(host) && PRIVATE.test(host) ? "internal" : "external";
  const { endpointType = `${inside}-${isAddress(host) && tls === undefined ? "ip" : "fqdn"}` } =
    maintNotifications;
  return [["CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", endpointType]];
}
