/**
 * The options of a cluster's pool by name, beside those of its connections.
 *
 * @module
 */
import { outOfRange, wrongType } from "../options/complain.ts";
import { choice, duration, flag, integer, type Kind, text } from "../options/kinds.ts";
import { isPlain, unknownField } from "../options/nested.ts";
import { CONNECTION } from "../options/table.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

const SEED = '{ host, port }, "host:port" or "redis://host:port"';

function checkAddress(value: unknown, name: string): Address {
  if (!isPlain(value)) throw wrongType(name, SEED, value);
  for (const field of Object.keys(value)) {
    if (field !== "host" && field !== "port") throw unknownField(name, field, ["host", "port"]);
  }
  const { host = "localhost", port = 6379 } = value;
  return Object.freeze({
    host: CONNECTION.host!.check(host, `${name}.host`) as string,
    port: CONNECTION.port!.check(port, `${name}.port`) as number,
  });
}

function seed(value: unknown, name: string): Address {
  if (value instanceof URL) return seed(value.href, name);
  if (typeof value !== "string") return checkAddress(value, name);
  const match = /^(?:(?:redis|valkey):\/\/)?(?:\[([^\]]+)\]|([^:/?#@[\]]+))(?::(\d{1,5}))?\/?$/.exec(value);
  if (match !== null) {
    const port = match[3] === undefined ? 6379 : Number(match[3]);
    return checkAddress({ host: match[1] ?? match[2], port }, name);
  }
  // Not shown: there may be a password in it.
  throw new TypeError(
    `Cannot use the option \`${name}\`: it must be ${SEED}; TLS, user and password are options of their own, ` +
      "the same for all nodes",
  );
}

const startupNodes: Kind = {
  check(value, name) {
    if (!Array.isArray(value)) throw wrongType(name, `a list of ${SEED}`, value);
    if (value.length === 0) {
      throw new RangeError(
        `Cannot use the option \`${name}\`: it is empty, so there is no node to begin with`,
      );
    }
    return Object.freeze(value.map((one, index) => seed(one, `${name}[${index}]`)));
  },
};

const PARTS: Readonly<Record<string, Kind>> = {
  fromHost: CONNECTION.host!,
  fromPort: CONNECTION.port!,
  toHost: CONNECTION.host!,
  toPort: CONNECTION.port!,
};

function rule(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (!isPlain(value)) throw wrongType(name, "{ fromHost?, fromPort?, toHost?, toPort? }", value);
  const checked: Record<string, unknown> = {};
  for (const [field, given] of Object.entries(value)) {
    const kind = Object.hasOwn(PARTS, field) ? PARTS[field] : undefined;
    if (kind === undefined) throw unknownField(name, field, Object.keys(PARTS));
    if (given !== undefined) checked[field] = kind.check(given, `${name}.${field}`);
  }
  if (checked.toHost === undefined && checked.toPort === undefined) {
    throw new TypeError(`Cannot use the option \`${name}\`: it has neither \`toHost\` nor \`toPort\``);
  }
  return Object.freeze(checked);
}

const hostPortRemap: Kind = {
  check(value, name) {
    if (typeof value === "function") return value;
    if (!Array.isArray(value)) {
      throw wrongType(name, "a list of rules, or a function of an address", value);
    }
    return Object.freeze(value.map((one, index) => rule(one, `${name}[${index}]`)));
  },
};

const perNode: Kind = {
  check(value, name) {
    if (typeof value === "boolean") return value;
    const wanted = "true (16), false (no limit), or a whole number from 1 up";
    if (typeof value !== "number") throw wrongType(name, wanted, value);
    if (!Number.isInteger(value) || value < 1) throw outOfRange(name, wanted, value);
    return value;
  },
  parse: (word, name) => /^[1-9]\d*$/.test(word) && word !== "1" ? Number(word) : flag.parse!(word, name),
};

/** The options of a cluster. */
export const CLUSTER: Readonly<Record<string, Kind>> = {
  startupNodes,
  initSlotCache: flag,
  maxConnectionsPerNode: perNode,
  reinitializeSteps: integer(0, Number.MAX_SAFE_INTEGER, "a whole number from 0 (never) up"),
  skipFullCoverageCheck: flag,
  followCluster: flag,
  hostPortRemap,
  readFrom: choice("master", "replica", "preferReplica", "any", "nearest"),
  availabilityZone: text("text of visible ASCII characters without blanks", /^[\x21-\x7e]+$/),
  maxRedirections: integer(0, Number.MAX_SAFE_INTEGER, "a whole number from 0 up"),
  refreshInterval: duration("never"),
  silenceLimit: duration("never"),
};
