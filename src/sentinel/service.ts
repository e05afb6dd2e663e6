/**
 * The state of one service: the address of its master, and the reply that named it.
 *
 * @module
 */
import type { ServerAddress } from "../topology/format_address.ts";
import { formatAddress } from "../topology/format_address.ts";
import { InvalidAnswer, type MasterAnswer } from "./replies.ts";

/** Receives the changes of a service. */
export interface ServiceListener {
  /** Called when the sentinels report that the master has moved to this address. */
  switched(address: ServerAddress): void;
  /** Called when a server was added, went down or came up. */
  changed(): void;
}

/** The knowledge of one service, shared by all pools. */
export class Service {
  /** Its name. */
  readonly name: string;
  /** The listeners. */
  readonly listeners: Set<ServiceListener> = new Set();
  /** The last answer that held, by being connected to or by an announcement that was checked. */
  known: MasterAnswer | undefined = undefined;
  /** The epoch of the last valid reply. Replies of an earlier one are out of date. */
  #epoch = 0;
  /** The last reply of each sentinel that could be asked, out of date or not. */
  readonly #latest: Map<string, MasterAnswer> = new Map();

  /** Creates an empty state. */
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
   * Returns the master that more than half of the sentinels name, if all replies name the same one. It is accepted
   * with any epoch: SENTINEL REMOVE and MONITOR start at epoch 0 again, while a sentinel that missed a failover is
   * contradicted by the others.
   */
  agreed(sentinels: number): MasterAnswer | undefined {
    const [first, ...others] = this.#latest.values();
    if (first === undefined || this.#latest.size <= sentinels / 2) return undefined;
    const same = (other: MasterAnswer): boolean =>
      other.epoch === first.epoch && formatAddress(other.address) === formatAddress(first.address);
    return others.every(same) ? first : undefined;
  }

  /**
   * Returns the best alternative without a valid reply: the master that the sentinels agree on, the last connected
   * master, or the most recent reply.
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

  /** Records a verified reply. Calls the listeners if the master has moved. */
  confirm(answer: MasterAnswer): void {
    const before = this.known;
    this.known = answer;
    this.#epoch = answer.epoch;
    if (before === undefined || formatAddress(before.address) === formatAddress(answer.address)) return;
    for (const listener of [...this.listeners]) listener.switched(answer.address);
  }

  /** Calls the listeners after a change. */
  notify(): void {
    for (const listener of [...this.listeners]) listener.changed();
  }
}
