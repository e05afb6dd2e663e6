/**
 * Draws where things are: names that lead elsewhere, replicas that move to other masters, and connections of different
 * length.
 *
 * It uses another random generator, so the rest of a world stays the same.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import { type ClientPlan, isFault, type OptionsPlan, type Scenario, type Step } from "./scenario.ts";

/** The same world, with what is drawn. */
export function drawPlaces(dice: Dice, scenario: Scenario): Scenario {
  const { topology, duration, clients } = scenario;
  const calm = !scenario.steps.some(isFault);
  const at = (): number => Math.round(dice.next() * duration);
  const more: Step[] = [];
  let { network, servers } = scenario;
  let plans = clients;
  if (dice.oneIn(3)) {
    // A limit of silence must be longer than a way there and back.
    const tight = clients.some(({ options }) => options.socketTimeout === 150);
    network = { ...network, spread: dice.pick(tight ? [2, 10] : [2, 10, 40]) };
  }
  if (servers !== undefined && !calm && dice.oneIn(3)) {
    servers = { ...servers, nameDelay: dice.pick([0, 100, 2_000]) };
    if (topology === "sentinel") {
      plans = clients.map((plan) => dice.oneIn(2) ? { ...plan, named: true, options: alone(plan) } : plan);
    }
    for (let count = dice.below(4); count > 0; count--) {
      const ms = dice.pick([20, 300, 3_000]);
      const time = at();
      more.push({ at: time, fault: "flip", which: dice.below(60), ms });
      // Open connections stay; new ones lead to another server.
      if (dice.oneIn(2)) more.push({ at: time, fault: "kill", which: dice.below(8) });
    }
  }
  if (topology === "cluster" && servers!.replicas > 0 && !calm && dice.oneIn(3)) {
    for (let count = dice.between(1, 3); count > 0; count--) {
      more.push({ at: at(), fault: "moveReplica", which: dice.below(60) });
    }
  }
  const steps = [...scenario.steps, ...more].sort((a, b) => a.at - b.at);
  return { ...scenario, network, ...servers && { servers }, clients: plans, steps };
}

/** The options of a client that knows no sentinels. */
function alone({ options }: ClientPlan): OptionsPlan {
  const { readFrom: _replicas, minOtherSentinels: _none, ...rest } = options;
  return rest;
}
