/**
 * Creates the servers of a scenario.
 *
 * @module
 */
import { Cluster } from "./cluster.ts";
import { Sentinels } from "./sentinels.ts";
import { Standalone } from "./standalone.ts";
import type { SimulatedTopology, Surroundings } from "./topology.ts";

/** Creates the servers of a scenario. */
export function createTopology(world: Surroundings): SimulatedTopology {
  switch (world.scenario.topology) {
    case "standalone":
      return new Standalone(world);
    case "cluster":
      return new Cluster(world);
    case "sentinel":
      return new Sentinels(world);
  }
}
