/**
 * Draws what programs do.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import type { Action, Limits, Part } from "./scenario.ts";

/** A signal that is not aborted before the world ends: no listener may be left on it then. */
const NEVER = 10_000_000;

/** The texts in the braces of keys, where slots matter. */
export const TAGS: readonly string[] = ["a", "b", "c"];

/** Draws one of the given number of keys of a kind. */
function drawKey(dice: Dice, kind: string, count: number, tag: string): string {
  const name = `${kind}${dice.below(count)}`;
  return tag === "" ? name : `${name}{${tag}}`;
}

function drawPart(dice: Dice, id: number, tag: string): Part {
  const key = drawKey(dice, "k", 6, tag);
  const size = dice.oneIn(12) ? dice.pick([500, 5_000, 30_000]) : dice.below(10);
  switch (dice.below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return { id, verb: "set", key, size };
    case 5:
    case 6:
      return { id, verb: "append", key, size: size % 500 };
    case 7:
    case 8:
      return { id, verb: "incr", key: drawKey(dice, "n", 3, tag) };
    case 9:
    case 10:
      return { id, verb: "push", key: drawKey(dice, "l", 3, tag), size };
    case 11:
      return { id, verb: "del", key };
    case 12:
      return { id, verb: "range", key };
    case 13:
      return { id, verb: "list", key: drawKey(dice, "l", 3, tag) };
    case 14:
      return { id, verb: "setpx", key: drawKey(dice, "x", 3, tag), ttl: dice.pick([20, 300, 2_000]) };
    case 15:
      return { id, verb: "get", key: drawKey(dice, "x", 3, tag) };
    case 16:
      return { id, verb: "publish", key: `c${dice.below(3)}`, size: size % 500 };
    case 17:
      return dice.oneIn(2)
        ? { id, verb: "publish", key: `c${dice.below(3)}`, size: size % 500 }
        : { id, verb: "spublish", key: drawKey(dice, "s", 2, tag), size: size % 500 };
    default:
      return { id, verb: "get", key };
  }
}

function drawLimits(dice: Dice): Limits {
  switch (dice.below(8)) {
    case 0:
      return { timeout: dice.pick([1, 5, 20, 100, 400, 2_000]) };
    case 1:
      return { abort: dice.pick([0, 1, 2, 10, 100, 700, NEVER]) };
    default:
      return {};
  }
}

/** Draws an action; `id` is the first number that is free, `used` how many it takes. `tagged`: slots matter. */
export function drawAction(
  dice: Dice,
  client: number,
  id: number,
  tagged: boolean,
  theme: string,
): { action: Action; used: number } {
  const tag = tagged ? dice.pick(TAGS) : "";
  const parts = (count: number, mixed: boolean = false): Part[] =>
    Array.from(
      { length: count },
      (_, at) => drawPart(dice, id + at, tagged && mixed ? dice.pick(TAGS) : tag),
    );
  const limits = drawLimits(dice);
  if (theme === "cache" && !dice.oneIn(4)) {
    const part: Part = { id, verb: "get", key: drawKey(dice, dice.pick(["k", "x"]), 2, tag) };
    return { action: { client: dice.oneIn(3) ? client : 0, do: "call", part }, used: 1 };
  }
  if (theme === "bursts" && dice.oneIn(3)) {
    const part: Part = { id, verb: "set", key: drawKey(dice, "k", 6, tag), size: 30_000 };
    const timeout = dice.oneIn(2) ? { timeout: dice.pick([50, 200]) } : {};
    return { action: { client, do: "call", part, ...timeout }, used: 1 };
  }
  switch (dice.below(24)) {
    case 0:
    case 1: {
      const count = dice.oneIn(6) ? dice.between(10, 80) : dice.between(1, 6);
      return { action: { client, do: "pipeline", parts: parts(count, true), ...limits }, used: count };
    }
    case 2:
    case 3: {
      const count = dice.between(1, 6);
      return { action: { client, do: "multi", parts: parts(count), ...limits }, used: count };
    }
    case 4: {
      const key = drawKey(dice, "k", 6, tag);
      const part: Part = { id, verb: "set", key };
      return {
        action: { client, do: "watch", key, part, pause: dice.pick([0, 0, 5, 100]), ...limits },
        used: 1,
      };
    }
    case 5: {
      const wait = dice.pick([10, 100, 1_000]);
      return { action: { client, do: "pop", id, key: drawKey(dice, "l", 3, tag), wait, ...limits }, used: 1 };
    }
    case 6: {
      const count = dice.between(1, 4);
      const hold = dice.pick([0, 5, 200]);
      return { action: { client, do: "lease", parts: parts(count), hold, ...limits }, used: count };
    }
    case 7: {
      if (dice.oneIn(2)) return { action: { client, do: "connect" }, used: 0 };
      const sharded = dice.oneIn(4);
      const draw = (): string => sharded ? drawKey(dice, "s", 2, tag) : `c${dice.below(3)}`;
      const channels = [...new Set([draw(), draw()])];
      const until = dice.oneIn(3) ? dice.pick([1, 100, 1_000, 5_000]) : undefined;
      const iterate = dice.oneIn(2);
      const more = { ...sharded && { sharded }, ...until && { until } };
      return { action: { client, do: "subscribe", id, channels, iterate, ...more }, used: 1 };
    }
    default:
      return { action: { client, do: "call", part: drawPart(dice, id, tag), ...limits }, used: 1 };
  }
}
