/**
 * Draws a dense load: thousands of small commands, called in bursts that begin in one turn of the event loop.
 *
 * It uses another random generator, so the rest of a world stays the same.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import type { Action, ClientPlan, NetworkPlan, Part, Step } from "./scenario.ts";

/** The first number of the commands of this file. */
const FIRST = 200_000;

/** The chunks of a dense network have at least so many bytes, and its buffers hold at least so many. */
const CHUNK = 100;
const CAPACITY = 16_384;

/** Returns the numbers of the clients for a dense load: those that share a connection and stay open. */
export function denseClients(clients: readonly ClientPlan[], steps: readonly Step[]): number[] {
  const closed = new Set(steps.flatMap((step) => "do" in step && step.do === "close" ? [step.client] : []));
  return clients.flatMap(({ options }, at) => options.multiplex === false || closed.has(at) ? [] : [at]);
}

/** Returns a network that is not dominated by tiny pieces. */
export function denseNetwork(network: NetworkPlan): NetworkPlan {
  const { chunk, capacity } = network;
  return {
    ...network,
    chunk: chunk === 0 ? 0 : Math.max(chunk, CHUNK),
    capacity: Math.max(capacity, CAPACITY),
  };
}

/** Draws the steps of a dense load for the given clients. */
export function drawDense(dice: Dice, clients: readonly number[], duration: number): Step[] {
  const steps: Step[] = [];
  const end = FIRST + dice.between(4_000, 10_000);
  for (let id = FIRST; id < end;) {
    const at = Math.round(dice.next() * duration);
    const client = dice.pick(clients);
    for (let left = dice.between(10, 100); left > 0;) {
      const count = dice.oneIn(4) ? Math.min(left, dice.between(2, 20)) : 1;
      steps.push({ at, ...drawCall(dice, client, id, count) });
      id += count;
      left -= count;
    }
  }
  return steps;
}

function drawCall(dice: Dice, client: number, id: number, count: number): Action {
  const limits = dice.oneIn(30) ? { timeout: dice.pick([5, 100, 400]) } : {};
  if (count === 1) return { client, do: "call", part: drawPart(dice, id), ...limits };
  const parts = Array.from({ length: count }, (_, at) => drawPart(dice, id + at));
  return { client, do: dice.oneIn(3) ? "multi" : "pipeline", parts, ...limits };
}

function drawPart(dice: Dice, id: number): Part {
  const key = `k${dice.below(20)}`;
  const verb = dice.pick(
    ["set", "set", "set", "append", "get", "get", "get", "incr", "incr", "del"] as const,
  );
  switch (verb) {
    case "incr":
      return { id, verb, key: `n${dice.below(5)}` };
    case "set":
    case "append":
      if (dice.oneIn(30)) return { id, verb: "publish", key: `c${dice.below(3)}` };
      return { id, verb, key, size: dice.below(40) };
    default:
      return { id, verb: dice.oneIn(20) ? "range" : verb, key };
  }
}
