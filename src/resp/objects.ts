/**
 * Plain objects from names that a server or a user chose, as `JSON.parse` makes them: a field `__proto__` is an own
 * property like any other, and nothing else is touched.
 *
 * @module
 */

/** Fields up to which an object literal is the faster way; larger ones are made without a prototype and get it last. */
const SMALL = 16;

/** An object that is being filled. */
export type Fields<T> = { [name: string]: T };

/** Begins an object of about `size` fields; `finishObject` ends it. */
export function beginObject<T>(size: number): Fields<T> {
  return size <= SMALL ? {} : Object.create(null);
}

/** Sets a field with any name, including `__proto__`. */
export function setField<T>(object: Fields<T>, name: string, value: T): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[name] = value;
  }
}

/** Returns the object as the plain one that users get. */
export function finishObject<T>(object: Fields<T>): Fields<T> {
  return Object.getPrototypeOf(object) === null ? Object.setPrototypeOf(object, Object.prototype) : object;
}
