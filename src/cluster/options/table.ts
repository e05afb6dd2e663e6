/**
 * The table of the options of a cluster, without those of its connections.
 *
 * @module
 */
import { outOfRange, wrongType } from "../../options/option_errors.ts";
import { duration, flag, integer, type Kind } from "../../options/value_kinds.ts";
import { addressMap } from "../../topology/address_map.ts";
import { readFrom, zoneName } from "../../topology/read_from.ts";
import { readSeeds } from "../../topology/server_address.ts";

const startupNodes: Kind = { check: (value, name) => readSeeds(value, name, 6379) };

/** Refused in words: the connections of a cluster's nodes take it, and each node is another server. */
const path: Kind = {
  check() {
    throw new TypeError(
      "Cannot use the option `path`: a Unix socket leads to one server, and the nodes of a cluster announce hosts " +
        "and ports; give `host` and `port`, or `startupNodes`",
    );
  },
  parse: (word) => word,
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
  path,
  startupNodes,
  initSlotCache: flag,
  maxConnectionsPerNode: perNode,
  reinitializeSteps: integer(0, Number.MAX_SAFE_INTEGER, "a whole number from 0 (never) up"),
  skipFullCoverageCheck: flag,
  followCluster: flag,
  addressMap,
  readFrom,
  availabilityZone: zoneName,
  maxRedirections: integer(0, Number.MAX_SAFE_INTEGER, "a whole number from 0 up"),
  refreshInterval: duration("never"),
  nodeTimeout: duration("never"),
};
