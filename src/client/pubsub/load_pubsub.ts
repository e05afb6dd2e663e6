/**
 * Loads the modules for subscriptions on first use. Once they are loaded, calls run at once, as if they always had been.
 *
 * @module
 */

/** The modules. */
export type PubSubModules = typeof import("./lazy_modules.ts");

let loading: Promise<PubSubModules> | undefined;
let modules: PubSubModules | undefined;
/** The number of calls that wait for the modules: later calls stay behind them. */
let waiting = 0;

/** Returns the modules if they are loaded. */
export function loadedPubSub(): PubSubModules | undefined {
  return modules;
}

/** Loads the modules. A load that failed is repeated by the next call. */
export async function loadPubSub(): Promise<PubSubModules> {
  loading ??= import("./lazy_modules.ts");
  try {
    return modules = await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

/** Calls `use` with the modules: at once if they are loaded and no earlier call waits for them. */
export function usePubSub<T>(use: (modules: PubSubModules) => Promise<T>): Promise<T> {
  return modules !== undefined && waiting === 0 ? use(modules) : useWhenLoaded(use);
}

async function useWhenLoaded<T>(use: (modules: PubSubModules) => Promise<T>): Promise<T> {
  waiting++;
  let result: Promise<T>;
  try {
    result = use(await loadPubSub());
  } finally {
    waiting--;
  }
  return await result;
}
