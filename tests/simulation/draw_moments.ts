/**
 * Draws moments at which something is under way: calls that are aborted, and clients that are closed, within a few round
 * trips of a call. Also jumps of the date, as when a computer sets its clock.
 *
 * It uses another random generator, so the rest of a world stays the same.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import type { Scenario, Step } from "./scenario.ts";

/** Times are multiples of this number of milliseconds. */
const GRAIN = 0.25;

/** Returns the same world with what is drawn. */
export function drawMoments(dice: Dice, scenario: Scenario): Scenario {
  const { network: { latency, jitter, spread = 0 }, duration, clients } = scenario;
  // Connecting, logging in and a call take a few round trips.
  const soon = (): number => Math.round(dice.next() * 8 * (latency + jitter + spread) / GRAIN) * GRAIN;
  const steps = [...scenario.steps];
  if (dice.oneIn(4)) {
    steps.forEach((step, at) => {
      const able = "do" in step && step.do !== "connect" && step.do !== "close" && step.do !== "subscribe" &&
        step.do !== "consume";
      if (able && dice.oneIn(6)) steps[at] = { ...step, abort: soon() };
    });
  }
  const more: Step[] = [];
  if (dice.oneIn(4)) {
    const client = dice.below(clients.length);
    const calls = steps.filter((step) => "do" in step && step.client === client);
    // Most of the world has passed by then.
    const late = calls.slice(calls.length >> 1);
    if (late.length > 0) more.push({ at: dice.pick(late).at + soon(), client, do: "close" });
  }
  if (dice.oneIn(6)) {
    for (let count = dice.between(1, 3); count > 0; count--) {
      const at = Math.round(dice.next() * duration);
      more.push({ at, fault: "date", ms: dice.pick([-86_400_000, -2_000, 500, 3_600_000]) });
    }
  }
  return more.length === 0 ? { ...scenario, steps } : { ...scenario, steps: merged(steps, more) };
}

function merged(steps: readonly Step[], more: readonly Step[]): Step[] {
  return [...steps, ...more].sort((a, b) => a.at - b.at);
}
