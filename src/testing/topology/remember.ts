/**
 * Remembers fields of objects, for snapshots.
 *
 * @module
 */

/** Returns a function that gives fields of an object back their present values. Maps, sets and arrays are refilled. */
export function remember<T extends object>(object: T, names: readonly (keyof T)[]): () => void {
  const undo = names.map((name) => rememberField(object, name));
  return () => {
    for (const one of undo) one();
  };
}

function rememberField<T extends object>(object: T, name: keyof T): () => void {
  const value: unknown = object[name];
  if (value instanceof Map) {
    const copy = [...value];
    return () => {
      value.clear();
      for (const [key, one] of copy) value.set(key, one);
    };
  }
  if (value instanceof Set) {
    const copy = [...value];
    return () => {
      value.clear();
      for (const one of copy) value.add(one);
    };
  }
  if (Array.isArray(value)) {
    const copy = [...value];
    return () => void value.splice(0, value.length, ...copy);
  }
  return () => void Object.assign(object, { [name]: value });
}
