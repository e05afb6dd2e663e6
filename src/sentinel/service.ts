/**
 * What is known of one service: where its master is, and by whose word.
 *
 * @module
 */
import type { ServerAddress } from "../topology/format_address.ts";
import { formatAddress } from "../topology/format_address.ts";
import { InvalidAnswer, type MasterAnswer } from "./replies.ts";

/** Who wants to know what becomes of a service. */
export interface ServiceListener {
  /** The sentinels say that the master is at this address now, which was not so before. */
  switched(address: ServerAddress): void;
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
  /** The epoch of the last valid reply. Replies of an earlier one are out of date. */
  #epoch = 0;
  /** The last reply of each sentinel that could be asked, out of date or not. */
  readonly #latest: Map<string, MasterAnswer> = new Map();

  /** Nothing is known yet. */
  constructor(name: string) {
    this.name = name;
  }

  /**
   * Accepts the reply of a sentinel, unless it is out of date or names an address where the master was found not to be.
   *
   * @throws {InvalidAnswer} then; a reply that is only out of date is added to `late`, in case there is no better one.
   */
  accept(
    answer: MasterAnswer,
    from: { readonly sentinel: string; readonly sentinels: number },
    refused: ReadonlyMap<string, string>,
    late: MasterAnswer[],
  ): MasterAnswer {
    this.#latest.set(from.sentinel, answer);
    const where = formatAddress(answer.address);
    const why = refused.get(where);
    if (why !== undefined) throw new InvalidAnswer(`${where}, which was tried: ${why}`);
    if (answer.epoch < this.#epoch && this.agreed(from.sentinels) === undefined) {
      late.push(answer);
      throw new InvalidAnswer(`${where}, which is out of date (epoch ${answer.epoch} of ${this.#epoch})`);
    }
    this.#epoch = answer.epoch;
    return answer;
  }

  /** Forgets the last reply of a sentinel that cannot be asked, or has no valid one. */
  forget(sentinel: string): void {
    this.#latest.delete(sentinel);
  }

  /**
   * The master that more than half of the sentinels name, if all that reply name the same one. It counts whatever its
   * epoch: SENTINEL REMOVE and MONITOR start at epoch 0 again, while a sentinel that has missed a failover is
   * contradicted by those that have not.
   */
  agreed(sentinels: number): MasterAnswer | undefined {
    const [first, ...others] = this.#latest.values();
    if (first === undefined || this.#latest.size <= sentinels / 2) return undefined;
    const same = (other: MasterAnswer): boolean =>
      other.epoch === first.epoch && formatAddress(other.address) === formatAddress(first.address);
    return others.every(same) ? first : undefined;
  }

  /**
   * The best of what is left when no sentinel gave a valid reply: the master that they agree on, the last master that
   * was connected to, then the least old reply.
   */
  fallback(
    sentinels: number,
    refused: ReadonlyMap<string, string>,
    late: readonly MasterAnswer[],
    silent: boolean,
  ): MasterAnswer | undefined {
    const { known } = this;
    const usable = (answer: MasterAnswer | undefined): boolean =>
      answer !== undefined && !refused.has(formatAddress(answer.address));
    const agreed = late.length > 0 ? this.agreed(sentinels) : undefined;
    if (usable(agreed)) return agreed;
    // Without sentinels there is no failover; a sentinel that calls the master down is another matter.
    if ((silent || late.length > 0) && usable(known)) return known;
    return late.toSorted((one, other) => other.epoch - one.epoch)[0];
  }

  /** An answer has held. Tells the listeners, if the master was elsewhere before. */
  confirm(answer: MasterAnswer): void {
    const before = this.known;
    this.known = answer;
    this.#epoch = answer.epoch;
    if (before === undefined || formatAddress(before.address) === formatAddress(answer.address)) return;
    for (const listener of [...this.listeners]) listener.switched(answer.address);
  }

  /** Something has changed. */
  notify(): void {
    for (const listener of [...this.listeners]) listener.changed();
  }
}
