/**
 * Those who want to know what happens to a connection.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";
import { type ConnectionListener, reportListenerError } from "./contract.ts";

const encoder = new TextEncoder();

/** Tells listeners; one that throws disturbs neither the others nor the connection. */
export class ConnectionListeners {
  // Replaced, never changed, so that a listener may leave while others are told.
  #all: readonly ConnectionListener[] = [];

  /** Adds one, if it is not there. */
  add(listener: ConnectionListener): void {
    if (!this.#all.includes(listener)) this.#all = [...this.#all, listener];
  }

  /** Takes one away. */
  remove(listener: ConnectionListener): void {
    this.#all = this.#all.filter((other) => other !== listener);
  }

  /** A push frame came; those who want bytes get bytes. */
  push(values: Reply[]): void {
    const all = this.#all;
    for (let index = 0; index < all.length; index++) {
      const listener = all[index]!;
      try {
        if (listener.frame !== undefined) listener.frame(values);
        else if (listener.push !== undefined) listener.push(values.map(inBytes));
      } catch (error) {
        reportListenerError(error);
      }
    }
  }

  /** The connection has ended. */
  closed(cause: Error | undefined): void {
    for (const listener of this.#all) {
      try {
        listener.closed?.(cause);
      } catch (error) {
        reportListenerError(error);
      }
    }
    this.#all = [];
  }
}

/** What was read as text, as it came; the kind stays text. */
function inBytes(value: Reply, place: number): Reply {
  if (typeof value === "string") return place === 0 ? value : encoder.encode(value);
  return Array.isArray(value) ? value.map((one) => inBytes(one, 1)) : value;
}
