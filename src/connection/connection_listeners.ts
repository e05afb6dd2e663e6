/**
 * The listeners of one connection.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";
import type { Pending } from "./pending.ts";
import { type ConnectionListener, reportListenerError } from "./types.ts";

const encoder = new TextEncoder();

/** Calls the listeners, and isolates their errors. */
export class ConnectionListeners {
  // Replaced, never changed: a listener may be removed during a call.
  #all: readonly ConnectionListener[] = [];

  /** Adds a listener, once. */
  add(listener: ConnectionListener): void {
    // A list by `concat` has no room for more.
    if (!this.#all.includes(listener)) this.#all = this.#all.concat([listener]);
  }

  /** Removes a listener. */
  remove(listener: ConnectionListener): void {
    this.#all = this.#all.filter((other) => other !== listener);
  }

  /** Delivers a push frame: as it was read to `frame`, as bytes to `push`. */
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

  /** Reports that the connection may be dead; returns whether a listener takes care of it. */
  maybeDead(cause: Error): boolean {
    return this.#all.some((listener) => listener.maybeDead?.(cause) ?? false);
  }

  /** Reports that a large reply arrives. */
  large(pending: Pending): void {
    for (const listener of this.#all) listener.large?.(pending);
  }

  /** Asks the listeners to continue over another connection. */
  retired(): void {
    for (const listener of this.#all) listener.retired?.();
  }

  /** Reports the end of the connection, and removes all listeners. */
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

/** Returns text as bytes; the kind of the frame stays text. */
function inBytes(value: Reply, place: number): Reply {
  if (typeof value === "string") return place === 0 ? value : encoder.encode(value);
  return Array.isArray(value) ? value.map((one) => inBytes(one, 1)) : value;
}
