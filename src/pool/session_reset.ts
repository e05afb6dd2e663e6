/**
 * Resets connections that are returned with a changed state.
 *
 * @module
 */
import { LazySet } from "../lazy_set.ts";
import type { Connection } from "../connection/connection.ts";

/** Milliseconds that repairing may take where the options set no limit: a place must not be lost to a dead peer. */
const LONGEST = 5_000;

/** Connections that are being reset. They have no holder, and keep their place. */
export class SessionResets<C extends Connection> {
  readonly #done: (connection: C) => void;
  readonly #under: LazySet<C> = new LazySet();

  /** `done` is called with each connection, after its reset; where that failed, its session is tainted. */
  constructor(done: (connection: C) => void) {
    this.#done = done;
  }

  /** The number of connections. */
  get size(): number {
    return this.#under.size;
  }

  /** Returns the connections. */
  connections(): C[] {
    return [...this.#under];
  }

  /** Puts one right by the commands that its session asks for. */
  async start(connection: C): Promise<void> {
    const { commandTimeout, connectTimeout } = connection.options;
    const timeout = commandTimeout || connectTimeout || LONGEST;
    this.#under.add(connection);
    const replies = connection.session.resetCommands().map((words) => connection.send(words, { timeout }));
    try {
      await Promise.all(replies);
    } catch {
      // The state of the session is unknown.
      connection.session.taint();
    }
    // The connection was lost during the reset, which has been reported.
    if (this.#under.delete(connection)) this.#done(connection);
  }

  /** Gives one up, so that its place is free; `false`: there is none. */
  yield(): boolean {
    for (const connection of this.#under) {
      connection.disconnect();
      return true;
    }
    return false;
  }

  /** A connection has ended. */
  lost(connection: C): void {
    this.#under.delete(connection);
  }
}
