/**
 * Adds many methods to a prototype.
 *
 * @module
 */

/** Adds methods as if they had been written in the class: they are not enumerated. */
export function defineMethods(
  prototype: object,
  methods: Iterable<readonly [name: string, method: unknown]>,
): void {
  const property = { value: undefined as unknown, writable: true, configurable: true };
  // V8 copies the list of properties for each one that is added, unless one was deleted before. For all commands that
  // takes 8 ms instead of 2.
  Object.defineProperty(prototype, "~", property);
  Reflect.deleteProperty(prototype, "~");
  for (const [name, method] of methods) {
    property.value = method;
    Object.defineProperty(prototype, name, property);
  }
}
