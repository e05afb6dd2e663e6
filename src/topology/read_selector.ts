/**
 * Selects the server of a master and its replicas that a read is sent to.
 *
 * @module
 */
import { formatAddress, type ServerAddress } from "./format_address.ts";
import type { ReadFrom, ReadTarget } from "./read_from.ts";

/** The zone that `readFrom: { zones }` gives a server; `undefined`: none, so that the announced one counts. */
export function configuredZone(readFrom: ReadFrom, address: ServerAddress): string | undefined {
  const zones = typeof readFrom === "string" ? undefined : readFrom.zones;
  return zones?.[formatAddress(address)] ?? zones?.[address.host.toLowerCase()];
}

/** Selects servers for reads. Reads rotate over equally good servers, separately for each group of servers. */
export class ReadSelector {
  readonly #readFrom: ReadFrom;
  readonly #zone: string | undefined;
  readonly #turns: WeakMap<object, number> = new WeakMap();
  readonly #firstTurn: number;

  /**
   * Uses a checked `readFrom`.
   *
   * @param zone the client's zone for `"nearest"`, which then prefers servers of that zone
   * @param firstTurn the start of the rotation, so that clients start with different servers
   */
  constructor(readFrom: ReadFrom, zone?: string, firstTurn = 0) {
    this.#readFrom = readFrom;
    this.#zone = typeof readFrom === "string" ? zone : readFrom.zone;
    this.#firstTurn = firstTurn;
  }

  /**
   * Returns the server for the next read; `undefined` if no allowed server is ready.
   *
   * @param group the rotation to use: the shard, if one selector serves several
   */
  select<T extends ReadTarget>(master: T, replicas: readonly T[], group: object = this): T | undefined {
    switch (this.#readFrom) {
      case "master":
        return ready(master);
      case "replica":
        return this.#rotate(group, replicas);
      case "preferReplica":
        return this.#rotate(group, replicas) ?? ready(master);
      case "any":
        return this.#rotate(group, replicas, master);
      case "nearest":
        return this.#nearest(master, replicas);
      default:
        return this.#rotate(group, replicas, undefined, this.#zone) ??
          (master.zone === this.#zone ? ready(master) : undefined) ??
          this.#rotate(group, replicas, master);
    }
  }

  /** Returns the next ready server, of one zone if given. Others start to reconnect. */
  #rotate<T extends ReadTarget>(
    group: object,
    replicas: readonly T[],
    master?: T,
    zone?: string,
  ): T | undefined {
    const count = master === undefined ? replicas.length : replicas.length + 1;
    const turn = this.#turns.get(group) ?? this.#firstTurn;
    for (let tried = 0; tried < count; tried++) {
      const place = (turn + tried) % count;
      const target = replicas[place] ?? master!;
      if (zone !== undefined && target.zone !== zone) continue;
      if (target.ready) {
        this.#turns.set(group, place + 1);
        return target;
      }
      target.wake?.();
    }
    return undefined;
  }

  #nearest<T extends ReadTarget>(master: T, replicas: readonly T[]): T | undefined {
    let best = ready(master);
    for (let index = 0; index < replicas.length; index++) {
      const replica = replicas[index]!;
      if (!replica.ready) replica.wake?.();
      else if (best === undefined || this.#isNearer(replica, best)) best = replica;
    }
    return best;
  }

  #isNearer(one: ReadTarget, other: ReadTarget): boolean {
    if (this.#zone !== undefined) {
      const here = one.zone === this.#zone;
      if (here !== (other.zone === this.#zone)) return here;
    }
    return (one.latency ?? Infinity) < (other.latency ?? Infinity);
  }
}

function ready<T extends ReadTarget>(target: T): T | undefined {
  if (target.ready) return target;
  target.wake?.();
  return undefined;
}
