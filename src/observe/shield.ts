/**
 * Isolates errors of observers from the observed operations.
 *
 * @module
 */
import type { Observer, Operation } from "../observer.ts";

/** The number of microtask turns that an observer gets before the caller. */
const HEAD_START = 4;

/** The observers whose first error was reported. */
const complained: WeakSet<Observer> = new WeakSet();

/** Lets an observer do something; `undefined` if it throws. */
export function guard<T>(observer: Observer, act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    complain(observer, error);
    return undefined;
  }
}

/** Returns whether an observer listens to a kind of operations; `false` if it throws. */
export function listensTo(observer: Observer, kind: Operation["kind"]): boolean {
  // Without a function for `guard`, as it is called in each tick.
  try {
    return !!observer.listens(kind);
  } catch (error) {
    complain(observer, error);
    return false;
  }
}

function complain(observer: Observer, error: unknown): void {
  if (complained.has(observer)) return;
  complained.add(observer);
  console.error("An observer failed (told once):", error);
}

/**
 * Runs an operation under an observer: once, at once, and with its own outcome, whether the observer throws, forgets to
 * run it, runs it twice, rejects or never settles.
 */
export async function observe<T>(
  observer: Observer,
  operation: Operation,
  run: () => Promise<T>,
): Promise<T> {
  let running: Promise<T> | undefined;
  const once = (): Promise<T> => running ??= (async () => await run())();
  const seen = guard(observer, () => observer.observe(operation, once));
  const failure = once().then(() => undefined, (cause) => cause);
  // The observer's promise settles like the operation; any other error is the observer's.
  Promise.resolve(seen).catch(async (error) => await failure === error || complain(observer, error));
  await failure;
  for (let turn = 0; turn < HEAD_START; turn++) await undefined;
  return once();
}
