/**
 * The lifetimes of connections.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** Knows when each connection must be replaced. */
export class Lifetimes<C extends object> {
  readonly #clock: Clock;
  readonly #maxLifetime: number;
  #retires = false;
  #ends: WeakMap<C, number> | undefined = undefined;

  /** A `maxLifetime` of 0 is unlimited. */
  constructor(clock: Clock, maxLifetime: number) {
    this.#clock = clock;
    this.#maxLifetime = maxLifetime;
  }

  /** A connection's life begins. */
  begin(connection: C): void {
    if (this.#maxLifetime === 0) return;
    // Lifetimes differ by up to a tenth, so that connections opened together are not replaced together.
    const life = this.#maxLifetime * (1 - this.#clock.random() * 0.1);
    (this.#ends ??= new WeakMap()).set(connection, this.#clock.now() + life);
  }

  /** Returns the end of its lifetime. */
  end(connection: C): number {
    return this.#ends?.get(connection) ?? Infinity;
  }

  /** Ends a connection's life now. */
  endNow(connection: C): void {
    this.#retires = true;
    (this.#ends ??= new WeakMap()).set(connection, this.#clock.now());
  }

  /** Whether its life is over. */
  over(connection: C): boolean {
    return (this.#maxLifetime > 0 || this.#retires) && this.end(connection) <= this.#clock.now();
  }
}
