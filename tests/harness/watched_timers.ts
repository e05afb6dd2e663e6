/**
 * The timers of the runtime, in the hands of a test. Import it before the library, which takes the timers at import.
 *
 * @module
 */

/** The functions that `setTimeout` and `clearTimeout` call; a test can replace them. */
export const timers: Pick<typeof globalThis, "setTimeout" | "clearTimeout"> = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
};

type AnyFunction = (...args: unknown[]) => unknown;

Object.assign(globalThis, {
  setTimeout: (...args: unknown[]) => (timers.setTimeout as unknown as AnyFunction)(...args),
  clearTimeout: (...args: unknown[]) => (timers.clearTimeout as unknown as AnyFunction)(...args),
});
