/**
 * The maximum age of a replica's data, by the replication offsets of the master.
 *
 * @module
 */

/** The offset of the master at a time. */
interface Sample {
  readonly at: number;
  readonly offset: number;
}

/** The offsets that a master had. */
export class ReplicationLag {
  /** The age in milliseconds that a replica's data may have; 0 is no limit. */
  readonly limit: number;
  #samples: Sample[] = [];

  /** No offset is known yet. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Adds the master's offset at a time; an offset that went back is that of another master. */
  add(at: number, offset: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && offset < last.offset) this.#samples = [];
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= 2 * this.limit), { at, offset }];
  }

  /** Whether a replica with this offset has everything that the master had `limit` milliseconds before `now`. */
  allows(offset: number | undefined, now: number): boolean {
    if (this.limit === 0) return true;
    return offset !== undefined &&
      this.#samples.some((sample) => sample.offset <= offset && now - sample.at <= this.limit);
  }
}
