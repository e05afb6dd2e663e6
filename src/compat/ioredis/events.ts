/**
 * Events of Node's kind for classes that extend another one.
 *
 * @module
 */
import { EventEmitter } from "node:events";

/** Adds the methods of `EventEmitter` to a class. */
export function addEvents(prototype: object): void {
  for (const name of Object.getOwnPropertyNames(EventEmitter.prototype)) {
    if (name === "constructor") continue;
    const own = Object.getOwnPropertyDescriptor(EventEmitter.prototype, name)!;
    Object.defineProperty(prototype, name, own);
  }
}
