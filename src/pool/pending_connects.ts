/**
 * The connections that are being opened for somebody: each holds a place until it is there or has failed.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { establish, type Opener } from "./establish.ts";
import type { Request } from "./leases.ts";

/** Connects in progress; they run side by side, so that a slow one holds up nobody else. */
export class PendingConnects {
  readonly #opener: Opener<Connection>;
  readonly #attempts: Set<AbortController> = new Set();

  /** Opens what `opener` makes. */
  constructor(opener: Opener<Connection>) {
    this.#opener = opener;
  }

  /** How many there are. */
  get size(): number {
    return this.#attempts.size;
  }

  /** Opens one; `accept` gets it in the moment in which its place here becomes free. */
  async open<T>(request: Request, accept: (connection: Connection) => T): Promise<T> {
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    try {
      return await establish(this.#opener, attempt, request, (connection) => {
        this.#attempts.delete(attempt);
        return accept(connection);
      });
    } catch (error) {
      this.#attempts.delete(attempt);
      throw error;
    }
  }

  /** Ends all that are in progress, each with an error of its own. */
  abort(reason: () => Error): void {
    for (const attempt of [...this.#attempts]) attempt.abort(reason());
  }
}
