/**
 * Draws what goes wrong.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import { TAGS } from "./draw_actions.ts";
import type { Fault, TopologyFault, TopologyName } from "./scenario.ts";

/** A fault with all that it needs. */
export function drawFault(dice: Dice): Fault {
  const which = dice.below(8);
  const ms = dice.pick([5, 50, 200, 700, 2_000, 6_000]);
  const bytes = dice.pick([0, 1, 10, 37, 100, 300, 2_000, 20_000]);
  switch (dice.below(14)) {
    case 0:
    case 1:
    case 2:
      return { fault: "cut", which, toServer: dice.oneIn(2), bytes };
    case 3:
      return { fault: "freeze", which, ms };
    case 4:
      return { fault: "freezeAll", ms };
    case 5:
      return { fault: "halfOpen", which, serverKeeps: dice.oneIn(2) };
    case 6:
    case 7:
      return { fault: "stall", which, bytes, ms };
    case 8:
      return { fault: "slowReader", which, ms };
    case 9:
      return { fault: "kill", which };
    case 10:
      return dice.oneIn(2) ? { fault: "refuse", ms } : { fault: "hang", ms };
    case 11:
      return { fault: "restart", keep: dice.oneIn(2), down: ms, loading: dice.pick([0, 30, 400]) };
    case 12:
      return { fault: "window", code: dice.pick(["LOADING", "BUSY", "READONLY", "OOM"] as const), ms, which };
    default:
      return dice.oneIn(2)
        ? { fault: "maxclients", limit: dice.pick([1, 2, 4]), ms }
        : { fault: "sleep", ms: dice.pick([10, 150, 1_000, 4_000]) };
  }
}

/** Draws a fault of one of several servers. */
export function drawTopologyFault(dice: Dice, topology: TopologyName): TopologyFault {
  const which = dice.below(60);
  const ms = dice.pick([50, 400, 1_500, 4_000]);
  switch (dice.below(topology === "cluster" ? 9 : 5)) {
    case 0:
    case 1:
      return { fault: "failover", which, loss: dice.oneIn(3) };
    case 2:
      return { fault: "crash", which, ms };
    case 3:
      return { fault: "partition", which, ms };
    case 4:
      return { fault: "pause", which, ms };
    case 5:
    case 6:
    case 7:
      return { fault: "migrate", tag: dice.pick(TAGS), which, ms };
    default:
      return { fault: "reshard", which };
  }
}
