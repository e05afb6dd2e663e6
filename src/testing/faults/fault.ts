/**
 * The handle of a fault.
 *
 * @module
 */
import type { ClientFilter } from "../client_info.ts";

/** A fault; `using` or `undo()` ends it. */
export interface Fault extends Disposable {
  /** The number of hits: connections cut or refused, replies replaced or lost. Always 0 for latency and freezes. */
  readonly hits: number;
  /** Whether it can still strike. */
  readonly active: boolean;
  /** Ends it; a second call does nothing. */
  undo(): void;
}

/** The options of a fault. */
export interface FaultOptions {
  /** The clients. Default: all. */
  readonly clients?: ClientFilter;
}

/** The options of a fault that strikes a number of times. */
export interface RepeatedFaultOptions extends FaultOptions {
  /** The fault ends after it has struck so often. Default 1; `Infinity`: until it is undone. */
  readonly times?: number;
}

/** The direction of bytes, seen from the server: `"in"` are requests, `"out"` replies and messages. */
export type Direction = "in" | "out";

/** A fault that counts its hits. */
export class CountedFault implements Fault {
  /** The affected clients. */
  readonly clients: ClientFilter | undefined;
  readonly #times: number;
  readonly #end: () => void;
  #hits = 0;
  #active = true;

  /** `end` is called once, when it is undone or has struck as often as it should. */
  constructor({ clients, times = Infinity }: RepeatedFaultOptions, end: () => void) {
    if (!(times > 0)) throw new TypeError(`Cannot inject a fault: times must be above 0, not ${times}`);
    this.clients = clients;
    this.#times = times;
    this.#end = end;
  }

  /** @inheritdoc */
  get hits(): number {
    return this.#hits;
  }

  /** @inheritdoc */
  get active(): boolean {
    return this.#active;
  }

  /** Counts a strike; the last one ends it. */
  hit(): void {
    this.#hits++;
    if (this.#hits >= this.#times) this.undo();
  }

  /** @inheritdoc */
  undo(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#end();
  }

  /** The same as `undo()`. */
  [Symbol.dispose](): void {
    this.undo();
  }
}
