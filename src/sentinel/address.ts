/**
 * Where a sentinel or a server is, and where it can be reached from here.
 *
 * @module
 */
import { wrongType } from "../options/complain.ts";
import { isPlain, unknownField } from "../options/nested.ts";
import { CONNECTION } from "../options/table.ts";

/** An address. */
export interface SentinelAddress {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65535; of a sentinel, 26379 where nothing is said. */
  readonly port: number;
}

/** The address of a sentinel as it may be given: the port may be left out, and text may be `"host:port"`. */
export type SentinelSeed = string | { readonly host: string; readonly port?: number };

/** What a rule of `natMap` maps: an address that fits `from...` is reached at `to...`. */
export interface NatRule {
  /** The host as announced; without it every host fits. */
  readonly fromHost?: string;
  /** The port as announced; without it every port fits. */
  readonly fromPort?: number;
  /** The host to connect to; without it the announced one. */
  readonly toHost?: string;
  /** The port to connect to; without it the announced one. */
  readonly toPort?: number;
}

/** Makes the address that can be reached of one that was announced. */
export type NatFunction = (address: SentinelAddress) => SentinelAddress;

const DEFAULT_PORT = 26_379;
const SEED = '{ host, port } or "host:port"';

/** The address as text, `[host]:port` for IPv6; equal texts are equal addresses. */
export function showAddress({ host, port }: SentinelAddress): string {
  const name = host.toLowerCase();
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

/** Checks a host and a port that came from outside. */
export function checkAddress(host: unknown, port: unknown, name: string): SentinelAddress {
  return {
    host: CONNECTION.host!.check(host, `${name}.host`) as string,
    port: CONNECTION.port!.check(port, `${name}.port`) as number,
  };
}

/**
 * Reads the addresses of sentinels.
 *
 * @throws {TypeError | RangeError} for one that is none, and for an empty list.
 */
export function readSeeds(given: unknown): readonly SentinelAddress[] {
  if (!Array.isArray(given)) throw wrongType("addresses", `a list of ${SEED}`, given);
  if (given.length === 0) {
    throw new RangeError("Cannot make a Sentinel: the list of addresses is empty, so there is nobody to ask");
  }
  return given.map((seed, index) => readSeed(seed, `addresses[${index}]`));
}

function readSeed(seed: unknown, name: string): SentinelAddress {
  if (typeof seed === "string") {
    const match = /^(?:\[([^\]]+)\]|([^:/?#@[\]]+))(?::(\d{1,5}))?$/.exec(seed);
    // Not shown: it may be a URL with a password.
    if (match === null) throw new TypeError(`Cannot use the option \`${name}\`: it must be ${SEED}`);
    return checkAddress(match[1] ?? match[2], match[3] === undefined ? DEFAULT_PORT : Number(match[3]), name);
  }
  if (!isPlain(seed)) throw wrongType(name, SEED, seed);
  for (const field of Object.keys(seed)) {
    if (field !== "host" && field !== "port") throw unknownField(name, field, ["host", "port"]);
  }
  return checkAddress(seed.host, seed.port ?? DEFAULT_PORT, name);
}

/**
 * What `natMap` says: host and port are each taken from the first rule that fits the announced address and has
 * something to say about them.
 *
 * @throws {TypeError | RangeError} for rules that are none.
 */
export function makeNat(given: unknown): NatFunction {
  if (given === undefined) return (address) => address;
  if (typeof given === "function") {
    return (address) => {
      const mapped = given(address) as SentinelAddress;
      return checkAddress(mapped?.host, mapped?.port, `natMap(${showAddress(address)})`);
    };
  }
  if (!Array.isArray(given)) throw wrongType("natMap", "a list of rules, or a function of an address", given);
  const rules = given.map((rule, index) => readRule(rule, `natMap[${index}]`));
  return (address) => {
    const fitting = rules.filter(({ fromHost, fromPort }) =>
      (fromHost === undefined || fromHost.toLowerCase() === address.host.toLowerCase()) &&
      (fromPort === undefined || fromPort === address.port)
    );
    const host = fitting.find(({ toHost }) => toHost !== undefined)?.toHost ?? address.host;
    const port = fitting.find(({ toPort }) => toPort !== undefined)?.toPort ?? address.port;
    return { host, port };
  };
}

const PARTS = ["fromHost", "fromPort", "toHost", "toPort"];

function readRule(rule: unknown, name: string): NatRule {
  if (!isPlain(rule)) throw wrongType(name, "{ fromHost?, fromPort?, toHost?, toPort? }", rule);
  for (const [field, value] of Object.entries(rule)) {
    if (!PARTS.includes(field)) throw unknownField(name, field, PARTS);
    const kind = field.endsWith("Host") ? CONNECTION.host! : CONNECTION.port!;
    if (value !== undefined) kind.check(value, `${name}.${field}`);
  }
  if (rule.toHost === undefined && rule.toPort === undefined) {
    throw new TypeError(`Cannot use the option \`${name}\`: it has neither \`toHost\` nor \`toPort\``);
  }
  return { ...rule };
}
