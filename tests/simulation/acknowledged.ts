/**
 * Finds the replicas that have the writes which replicas must acknowledge.
 *
 * @module
 */
import type { SimulatedServer } from "./server.ts";

/** The place where a write ran: its server, its replicas, and the end of the server's effects before it. */
interface Place {
  readonly server: SimulatedServer;
  readonly id: string;
  readonly offset: number;
  readonly followers: readonly SimulatedServer[];
}

/** Counts replicas. */
export class Acknowledged {
  readonly #servers: () => readonly SimulatedServer[];
  readonly #places: Map<number, Place> = new Map();

  /** Counts among these servers. */
  constructor(servers: () => readonly SimulatedServer[]) {
    this.#servers = servers;
  }

  /** Notes that a write is about to run. */
  note(number: number, server: SimulatedServer): void {
    const { id, offset } = server.state.replication;
    this.#places.set(number, { server, id, offset, followers: this.#followers(server) });
  }

  /**
   * Returns the number of replicas that have a write now; `undefined` if its server has lost a replica, or
   * its role.
   */
  by(number: number): number | undefined {
    const place = this.#places.get(number);
    if (place === undefined || place.server.state.replication.id !== place.id) return undefined;
    const now = this.#followers(place.server);
    if (place.followers.some((one) => !now.includes(one))) return undefined;
    return now.filter(({ state }) => state.replication.offset > place.offset).length;
  }

  #followers({ address }: SimulatedServer): SimulatedServer[] {
    return this.#servers().filter(({ state }) => {
      const { master } = state.replication;
      return master !== undefined && `${master.host}:${master.port}` === address;
    });
  }
}
