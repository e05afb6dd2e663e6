/**
 * Addresses as a cluster announces them, and as they can be reached from here.
 *
 * @module
 */
import { type NodeAddress, showAddress } from "./address.ts";
import type { RemapFunction, RemapRule } from "./options_types.ts";
import { ClusterError } from "../errors.ts";

/** Makes the address that can be reached of one that was announced. */
export type Remap = (address: NodeAddress) => NodeAddress;

const same: Remap = (address) => address;

function matches(rule: RemapRule, { host, port }: NodeAddress): boolean {
  return (rule.fromHost === undefined || rule.fromHost.toLowerCase() === host.toLowerCase()) &&
    (rule.fromPort === undefined || rule.fromPort === port);
}

/**
 * What `hostPortRemap` says. Host and port are each taken from the first rule that fits the address as announced
 * and has something to say about them: rules do not chain.
 */
export function makeRemap(given: readonly RemapRule[] | RemapFunction | undefined): Remap {
  if (given === undefined) return same;
  if (typeof given === "function") return (address) => checked(given(address), address);
  return (address) => {
    let host: string | undefined;
    let port: number | undefined;
    for (const rule of given) {
      if (!matches(rule, address)) continue;
      host ??= rule.toHost;
      port ??= rule.toPort;
    }
    return { host: host ?? address.host, port: port ?? address.port };
  };
}

/** A function of the user's may give anything. */
function checked(result: unknown, from: NodeAddress): NodeAddress {
  const { host, port } = (result ?? {}) as Partial<NodeAddress>;
  const right = typeof host === "string" && host !== "" && typeof port === "number" &&
    Number.isInteger(port) && port > 0 && port < 65_536;
  if (right) return { host, port };
  throw new ClusterError(
    `Cannot remap ${showAddress(from)}: hostPortRemap must return { host, port }, but did not`,
    { code: "REMAP", executed: "no" },
  );
}
