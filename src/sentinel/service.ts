/**
 * What is known of one service: where its master is, and by whose word.
 *
 * @module
 */
import type { SentinelAddress } from "./address.ts";
import { showAddress } from "./address.ts";
import { Doubt, type MasterAnswer } from "./answers.ts";

/** Who wants to know what becomes of a service. */
export interface ServiceListener {
  /** The sentinels say that the master is at this address now, which was not so before. */
  switched(address: SentinelAddress): void;
  /** Something has changed: a server came, went down or came back. */
  changed(): void;
}

/** The knowledge of one service, shared by all pools. */
export class Service {
  /** Its name. */
  readonly name: string;
  /** Who wants to know. */
  readonly listeners: Set<ServiceListener> = new Set();
  /** The last answer that held, by being connected to or by an announcement that was checked. */
  known: MasterAnswer | undefined = undefined;
  /** Answers of an earlier epoch are out of date: their sentinel has not heard of the failover yet. */
  #epoch = 0;

  /** Nothing is known yet. */
  constructor(name: string) {
    this.name = name;
  }

  /**
   * Takes an answer, unless it is out of date or leads to where the master was found not to be.
   *
   * @throws {Doubt} then; an answer that is only out of date goes to `late`, in case nobody knows better.
   */
  accept(answer: MasterAnswer, refused: ReadonlyMap<string, string>, late: MasterAnswer[]): MasterAnswer {
    const where = showAddress(answer.address);
    const why = refused.get(where);
    if (why !== undefined) throw new Doubt(`${where}, which was tried: ${why}`);
    if (answer.epoch < this.#epoch) {
      late.push(answer);
      throw new Doubt(`${where}, which is out of date (epoch ${answer.epoch} of ${this.#epoch})`);
    }
    this.#epoch = answer.epoch;
    return answer;
  }

  /** The best of what is left when no sentinel gave a good answer: the last master that held, then the least old answer. */
  fallback(
    refused: ReadonlyMap<string, string>,
    late: readonly MasterAnswer[],
    silent: boolean,
  ): MasterAnswer | undefined {
    const { known } = this;
    // With no sentinel there is no failover. One that speaks of doubts is another matter.
    const usable = known !== undefined && (silent || late.length > 0) &&
      !refused.has(showAddress(known.address));
    if (usable) return known;
    return late.toSorted((one, other) => other.epoch - one.epoch)[0];
  }

  /** An answer has held. Tells the listeners, if the master was elsewhere before. */
  hold(answer: MasterAnswer): void {
    const before = this.known;
    this.known = answer;
    this.#epoch = answer.epoch;
    if (before === undefined || showAddress(before.address) === showAddress(answer.address)) return;
    for (const listener of [...this.listeners]) listener.switched(answer.address);
  }

  /** Something has changed. */
  stir(): void {
    for (const listener of [...this.listeners]) listener.changed();
  }
}
