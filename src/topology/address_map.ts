/**
 * The option `addressMap`: maps announced addresses to addresses that this client can reach.
 *
 * @module
 */
import { RedisError } from "../errors.ts";
import { wrongType } from "../options/option_errors.ts";
import type { Kind } from "../options/value_kinds.ts";
import { isPlain, unknownField } from "../options/nested_options.ts";
import { CONNECTION } from "../options/table.ts";
import { formatAddress, type ServerAddress } from "./server_address.ts";

/** A rule of `addressMap`: replaces the host, the port or both of the announced addresses that match `from...`. */
export interface AddressRule {
  /** The announced host: a name, an IPv4 or an IPv6 address. Default: any. */
  readonly fromHost?: string;
  /** The announced port. Default: any. */
  readonly fromPort?: number;
  /** The host to connect to. Default: the announced one. */
  readonly toHost?: string;
  /** The port to connect to. Default: the announced one. */
  readonly toPort?: number;
}

/** Returns the address to connect to for an announced address. */
export type AddressFunction = (address: ServerAddress) => ServerAddress;

/** The option `addressMap` of clusters and sentinels: rules, or a function. */
export type AddressMap = readonly AddressRule[] | AddressFunction;

const FIELDS: Readonly<Record<string, Kind>> = {
  fromHost: CONNECTION.host!,
  fromPort: CONNECTION.port!,
  toHost: CONNECTION.host!,
  toPort: CONNECTION.port!,
};

function checkRule(value: unknown, name: string): AddressRule {
  if (!isPlain(value)) throw wrongType(name, "{ fromHost?, fromPort?, toHost?, toPort? }", value);
  const checked: Record<string, unknown> = {};
  for (const [field, given] of Object.entries(value)) {
    const kind = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (kind === undefined) throw unknownField(name, field, Object.keys(FIELDS));
    if (given !== undefined) checked[field] = kind.check(given, `${name}.${field}`);
  }
  if (checked.toHost === undefined && checked.toPort === undefined) {
    throw new TypeError(`Cannot use the option \`${name}\`: it has neither \`toHost\` nor \`toPort\``);
  }
  return Object.freeze(checked);
}

/** Checks the option `addressMap`. */
export const addressMap: Kind = {
  check(value, name) {
    if (typeof value === "function") return value;
    if (!Array.isArray(value)) throw wrongType(name, "a list of rules, or a function of an address", value);
    return Object.freeze(value.map((rule, index) => checkRule(rule, `${name}[${index}]`)));
  },
};

/**
 * Converts a checked `addressMap` to a function. The first matching rule with a host sets the host, the first with a
 * port sets the port. Rules do not chain.
 */
export function toAddressFunction(map: AddressMap | undefined): AddressFunction {
  if (map === undefined) return (address) => address;
  if (typeof map === "function") return (address) => checkResult(map(address), address);
  return (address) => {
    const announced = address.host.toLowerCase();
    const rules = map.filter(({ fromHost, fromPort }) =>
      (fromHost === undefined || fromHost.toLowerCase() === announced) &&
      (fromPort === undefined || fromPort === address.port)
    );
    const host = rules.find(({ toHost }) => toHost !== undefined)?.toHost ?? address.host;
    const port = rules.find(({ toPort }) => toPort !== undefined)?.toPort ?? address.port;
    return { host, port };
  };
}

/** Checks the result of a user's function. */
function checkResult(result: ServerAddress, announced: ServerAddress): ServerAddress {
  const { host, port } = (result ?? {}) as Partial<ServerAddress>;
  const valid = typeof host === "string" && host !== "" && Number.isInteger(port) && port! > 0 &&
    port! < 65_536;
  if (valid) return { host, port: port! };
  throw new RedisError(
    `Cannot map the address ${formatAddress(announced)}: addressMap must return { host, port }, but did not`,
    { code: "ADDRESS_MAP", executed: "no" },
  );
}
