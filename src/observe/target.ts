/**
 * The target of connections, for observers.
 *
 * @module
 */
import type { ObservedCache, ObservedPool, Observer, Operation, Target } from "../observer.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import { guard, observe } from "./shield.ts";

/** The target of these options. */
export function targetOf({ endpoint, db }: ResolvedConnectionOptions): Target {
  return "path" in endpoint
    ? { address: endpoint.path, port: undefined, db }
    : { address: endpoint.host, port: endpoint.port, db };
}

/** Runs an operation of a pool, observed if an observer of these options listens. */
export function watched<T>(
  options: ResolvedConnectionOptions,
  kind: "acquire" | "connect",
  run: () => Promise<T>,
): Promise<T> {
  const { observer } = options;
  if (observer === undefined || !guard(observer, () => observer.listens(kind))) return run();
  return observe(observer, { kind, target: targetOf(options) } as Operation, run);
}

/** Notifies the observer of these options, if there is one. */
export function notify(
  options: ResolvedConnectionOptions,
  act: (observer: Observer, target: Target) => void,
): void {
  const { observer } = options;
  if (observer !== undefined) guard(observer, () => act(observer, targetOf(options)));
}

/** Notifies the observer of these options, if there is one, of a new pool. */
export function announce(pool: ObservedPool, options: ResolvedConnectionOptions): void {
  notify(options, (observer, target) => observer.pool?.(pool, target));
}

/** Notifies the observer of these options, if there is one, of a new client-side cache. */
export function announceCache(cache: ObservedCache, options: ResolvedConnectionOptions): void {
  notify(options, (observer, target) => observer.cache?.(cache, target));
}

/** Returns the function that reports returned connections to the observer, if it has one. */
export function tellReturned(options: ResolvedConnectionOptions): ((time: number) => void) | undefined {
  const { observer } = options;
  if (observer?.returned === undefined) return undefined;
  const target = targetOf(options);
  return (time) => guard(observer, () => observer.returned!(time, target));
}
