/**
 * Identifies the present request or Durable Object. Workers have no name for it, but some objects throw if another
 * request uses them. A pair of WebSockets does so with every compatibility date, and reading its state has no
 * effects. It is never accepted, and sends nothing.
 *
 * @module
 */

/** An object that only one request can touch. */
interface Mark {
  readonly readyState: number;
}

/** Stands for a request or a Durable Object while it runs. */
interface Scope {
  readonly mark: Mark;
}

interface Workers {
  readonly WebSocketPair: new () => { readonly 0: Mark };
  readonly WeakRef?: typeof WeakRef;
}

/** A weak reference to a scope. */
interface Reference {
  deref(): Scope | undefined;
}

/** The number of scopes to keep if the platform has no weak references (compatibility dates before 2025-05-05). */
const MOST_KEPT = 16;

/** The one that was asked for last comes first. */
const scopes: Reference[] = [];

function isRunning({ mark }: Scope): boolean {
  try {
    return mark.readyState >= 0;
  } catch {
    return false;
  }
}

/**
 * Returns the object that stands for the request or Durable Object that runs now: the same one each time.
 *
 * @throws {Error} in global scope, where Workers allow no I/O.
 */
export function currentScope(): object {
  for (let index = 0; index < scopes.length; index++) {
    const reference = scopes[index]!;
    const scope = reference.deref();
    if (scope === undefined) {
      scopes.splice(index--, 1);
    } else if (isRunning(scope)) {
      if (index > 0) scopes.unshift(...scopes.splice(index, 1));
      return scope;
    }
  }
  const { WebSocketPair, WeakRef } = globalThis as unknown as Workers;
  const scope: Scope = { mark: new WebSocketPair()[0] };
  if (WeakRef === undefined) {
    scopes.unshift({ deref: () => scope });
    if (scopes.length > MOST_KEPT) scopes.pop();
  } else {
    scopes.unshift(new WeakRef(scope));
  }
  return scope;
}
