/**
 * Makes some worlds gentler: the judges of order, holes and refusals need worlds in which servers lose nothing.
 *
 * It uses another random generator, so the rest of a world stays the same.
 *
 * @module
 */
import { SENTINELS } from "./history.ts";
import type { Dice } from "../harness/dice.ts";
import { isFault, type Scenario, type ServersPlan, type Step } from "./scenario.ts";

/** Returns the same world; one in ten without any fault, and one in three of several servers without losses. */
export function drawGentle(dice: Dice, scenario: Scenario): Scenario {
  const { servers, steps } = scenario;
  if (dice.oneIn(10)) return { ...scenario, steps: steps.filter((step) => !isFault(step)) };
  if (servers === undefined || !dice.oneIn(3)) return scenario;
  const limited = scenario.clients.some(({ options }) => typeof options.readFrom === "object");
  return {
    ...scenario,
    // Data is older than a limit of its age only where replicas are late.
    servers: { ...servers, gossip: 0, ...!limited && { lag: 0 } },
    steps: withoutLoss(dice, scenario, servers),
  };
}

/** Returns the steps by which no server loses a write that it has accepted. */
function withoutLoss(dice: Dice, { topology, steps }: Scenario, { replicas }: ServersPlan): Step[] {
  const moves = dice.oneIn(2);
  let failovers = 0;
  return steps.flatMap((step): Step[] => {
    if (!isFault(step)) return [step];
    switch (step.fault) {
      case "partition":
      case "pause":
        return [];
      case "failover":
      case "crash":
        if (topology === "cluster") {
          return moves || failovers++ > 0 ? [] : [{ ...step, ...plannedOnly(step) }];
        }
        // A sentinel crashes; the servers stay.
        return step.fault === "crash" ? [{ ...step, which: 1 + replicas + step.which % SENTINELS }] : [];
      case "migrate":
      case "moveReplica":
        return topology === "cluster" && !moves ? [] : [step];
      case "flip":
        return topology === "cluster" ? [step] : [];
      default:
        return [step];
    }
  });
}

/** A failover without loss. */
function plannedOnly(step: Step): object {
  return "loss" in step ? { loss: false } : {};
}
