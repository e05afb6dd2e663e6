/**
 * Values that are attached to objects of other layers.
 *
 * @module
 */

/**
 * A property of objects that only its owner can read. Unlike a value in a `WeakMap`, it may refer to its object at no
 * cost: V8 keeps such a pair until the next full collection.
 */
export class Attachment<K extends object, V> {
  readonly #key: symbol = Symbol("attachment");

  /** Returns the value of an object; `undefined`: it has none. */
  get(object: K): V | undefined {
    return (object as Record<symbol, V | undefined>)[this.#key];
  }

  /** Sets the value of an object. */
  set(object: K, value: V | undefined): void {
    (object as Record<symbol, V | undefined>)[this.#key] = value;
  }
}
