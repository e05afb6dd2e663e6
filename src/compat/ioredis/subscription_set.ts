/**
 * The subscriptions of a connection, as the server confirms them.
 *
 * @module
 */

const KIND: Readonly<Record<string, "subscribe" | "psubscribe" | "ssubscribe">> = {
  subscribe: "subscribe",
  unsubscribe: "subscribe",
  psubscribe: "psubscribe",
  punsubscribe: "psubscribe",
  ssubscribe: "ssubscribe",
  sunsubscribe: "ssubscribe",
};

/** The channels and patterns of a connection. */
export class SubscriptionSet {
  readonly #sets = {
    subscribe: new Set<string>(),
    psubscribe: new Set<string>(),
    ssubscribe: new Set<string>(),
  };

  /** Adds a channel for the name of a command. */
  add(command: string, channel: string): void {
    this.#sets[KIND[command]!].add(channel);
  }

  /** Removes a channel for the name of a command. */
  del(command: string, channel: string): void {
    this.#sets[KIND[command]!].delete(channel);
  }

  /** Removes all sharded channels, or all others. */
  clear(sharded: boolean): void {
    const sets = this.#sets;
    for (const set of sharded ? [sets.ssubscribe] : [sets.subscribe, sets.psubscribe]) set.clear();
  }

  /** Returns the channels of a kind. */
  channels(command: string): string[] {
    return [...this.#sets[KIND[command]!]];
  }

  /** Returns whether there are none. */
  isEmpty(): boolean {
    return Object.values(this.#sets).every((set) => set.size === 0);
  }
}
