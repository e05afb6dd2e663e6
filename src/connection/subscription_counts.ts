/**
 * The numbers of a connection's subscriptions, from the server's confirmations.
 *
 * @module
 */
import type { Arg, Reply } from "../resp/types.ts";

/** The count that each kind of frame changes: channels, patterns, shard channels. */
const PLACES: Readonly<Record<string, number>> = {
  subscribe: 0,
  unsubscribe: 0,
  psubscribe: 1,
  punsubscribe: 1,
  ssubscribe: 2,
  sunsubscribe: 2,
};

/** Whether frames of this kind confirm a command. */
export function isConfirmation(kind: unknown): boolean {
  return typeof kind === "string" && PLACES[kind] !== undefined;
}

/**
 * Returns the number of frames that confirm a command: one for each of its arguments; `Infinity` for an UNSUBSCRIBE of all, which
 * ends when nothing of its kind is left; 0 for any other command, which has a reply.
 */
export function confirmationsOf(name: string, args: readonly Arg[]): number {
  if (!name.endsWith("SUBSCRIBE") || PLACES[name.toLowerCase()] === undefined) return 0;
  if (args.length > 0) return args.length;
  // SUBSCRIBE without arguments is refused.
  return name.includes("UNSUB") ? Infinity : 1;
}

/** The numbers of channels, patterns and shard channels. */
export class Subscribed {
  readonly #counts: [channels: number, patterns: number, shards: number] = [0, 0, 0];

  /** The number of all subscriptions. */
  get total(): number {
    const [channels, patterns, shards] = this.#counts;
    return channels + patterns + shards;
  }

  /** Returns the number of subscriptions that frames of this kind count. */
  of(kind: string): number {
    return this.#counts[PLACES[kind]!]!;
  }

  /** Notes a confirmation: `[kind, channel, count]`. */
  note(values: readonly Reply[]): void {
    const place = PLACES[values[0] as string]!;
    const count = Number(values[2]);
    // The server counts channels and patterns together, and shard channels separately.
    this.#counts[place] = place === 2 ? count : count - this.#counts[1 - place]!;
  }
}
