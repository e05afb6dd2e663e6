/**
 * CLUSTER and its kin on a server that is no node of a cluster: refused, as Redis refuses them.
 *
 * @module
 */
import type { CommandGroup } from "../registry.ts";
import { err } from "../reply.ts";

const SUBCOMMANDS =
  "addslots addslotsrange bumpepoch count-failure-reports countkeysinslot delslots delslotsrange failover flushslots forget getkeysinslot help info keyslot links meet myid nodes replicas replicate reset saveconfig set-config-epoch setslot shards slaves slots";

function refuse(): never {
  throw err("This instance has cluster support disabled");
}

/** The commands of nodes. */
export const clusterDisabled: CommandGroup = {
  ...Object.fromEntries(SUBCOMMANDS.split(" ").map((name) => [`cluster|${name}`, refuse])),
  asking: refuse,
  readonly: refuse,
  readwrite: refuse,
};
