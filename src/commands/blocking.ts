/**
 * The time for which a command may block on the server.
 *
 * @module
 */
import type { Arg } from "../resp/types.ts";
import { type Command, CommandFlag } from "./command.ts";

const decoder = /* @__PURE__ */ new TextDecoder();

/** The positions of timeouts: `at` counts from the end if negative; `unit` is its length in milliseconds. */
const PLACES: Readonly<Record<string, readonly [at: number, unit: number]>> = {
  BLPOP: [-1, 1000],
  BRPOP: [-1, 1000],
  BRPOPLPUSH: [-1, 1000],
  BLMOVE: [-1, 1000],
  BZPOPMIN: [-1, 1000],
  BZPOPMAX: [-1, 1000],
  BLMPOP: [0, 1000],
  BZMPOP: [0, 1000],
  WAIT: [-1, 1],
  WAITAOF: [-1, 1],
};

/** Whether a command is WAIT or WAITAOF. */
export function waitsForReplicas({ spec }: Command): boolean {
  return spec.name === "WAIT" || spec.name === "WAITAOF";
}

function written(arg: Arg | undefined): string {
  return arg instanceof Uint8Array ? decoder.decode(arg) : String(arg ?? "");
}

function milliseconds(arg: Arg | undefined, unit: number): number {
  const time = Number(written(arg)) * unit;
  // The server refuses an invalid number at once; 0 blocks without limit.
  return time > 0 ? time : time === 0 && written(arg) !== "" ? Infinity : 0;
}

/**
 * Returns the milliseconds for which the server may block: 0 for a command that does not block, `Infinity` without a
 * limit.
 */
export function blockingTime(command: Command): number {
  const { spec, args } = command;
  if (!(spec.flags & CommandFlag.blocking)) return 0;
  const place = PLACES[spec.name];
  if (place !== undefined) {
    return milliseconds(args[place[0] < 0 ? args.length + place[0] : place[0]], place[1]);
  }
  // XREAD, XREADGROUP: BLOCK stands before STREAMS, behind which everything is a key or an id.
  for (let i = spec.name === "XREADGROUP" ? 3 : 0; i < args.length; i++) {
    const word = written(args[i]).toUpperCase();
    if (word === "STREAMS") break;
    if (word === "BLOCK") return milliseconds(args[i + 1], 1);
  }
  return 0;
}
