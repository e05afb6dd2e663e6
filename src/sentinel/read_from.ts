/**
 * Which server a command that changes nothing is read from.
 *
 * @module
 */
import type { ReadFrom } from "./options.ts";
import type { Readable } from "./replica.ts";

/** Picks one of the servers that are there. */
export class ReadChoice {
  readonly #from: ReadFrom;
  #turn: number;

  /** As `readFrom` says; `turn` is with whom rotation begins. */
  constructor(from: ReadFrom, turn: number) {
    this.#from = from;
    this.#turn = turn;
  }

  /** Whether the master may be read when no replica can. */
  get masterWillDo(): boolean {
    return this.#from !== "replica";
  }

  /**
   * The server for the next read; `undefined`: none of the replicas is ready, so the master or nobody.
   *
   * @param replicas those that are known
   * @param master to be read from like a replica, where `readFrom` says so
   */
  pick(replicas: readonly Readable[], master: Readable): Readable | undefined {
    if (this.#from === "master") return undefined;
    const ready = replicas.filter((replica) => replica.ready);
    if (this.#from === "nearest") {
      const near = (one: Readable): number => one.latency ?? Infinity;
      const all = master.ready ? [...ready, master] : ready;
      return all.reduce<Readable | undefined>(
        (best, one) => best === undefined || near(one) < near(best) ? one : best,
        undefined,
      );
    }
    // The master counts as one of them, as soon as somebody has connected to it.
    const all = this.#from === "any" ? [...ready, master] : ready;
    return all.length === 0 ? undefined : all[this.#turn++ % all.length];
  }
}
