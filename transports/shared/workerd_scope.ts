/**
 * Which request, or Durable Object, is running. Workers have no name for it, but some objects throw when another request
 * than their own touches them. A pair of WebSockets does so whatever the compatibility date, and reading its state has no
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

/** How to find a scope without keeping it. */
interface Reference {
  deref(): Scope | undefined;
}

/** Where there are no weak references (compatibility dates before 2025-05-05), so many scopes are kept. */
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
