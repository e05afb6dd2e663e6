/**
 * Clients over a transport with `Transport.scope`, which ties a socket to the request that opened it (Cloudflare
 * Workers). Such a client can be created in global scope and used by all requests. Each request has its own pool,
 * executor and cache, created with its first command.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { type ConnectionEvents, emit, TypedEventTarget } from "../events.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { Transport } from "../transport.ts";
import type { ClientCore } from "./client_core.ts";
import type { Call, Executor } from "./executor.ts";

/** A core with its pool. */
interface PooledCore extends ClientCore {
  readonly pool: object;
  readonly cache?: unknown;
}

/** Rejects everything: there is no request that a socket could belong to. */
function refusingExecutor(events: TypedEventTarget<ConnectionEvents>, cause: unknown): Executor {
  const refuse = (): Promise<never> =>
    Promise.reject(
      new ConnectionError("Cannot connect in the global scope of a Worker: call commands in a handler", {
        code: "NO_SCOPE",
        executed: "no",
        cause,
      }),
    );
  return {
    events,
    closed: false,
    execute: refuse,
    executeAll: refuse,
    lease: refuse,
    connect: refuse,
    close: () => Promise.resolve(),
  };
}

/** The scopes by pool, so that they live as long as the connections. */
const scopes: WeakMap<object, object> = new WeakMap();
/** Pools with the same options as a given one, for the scopes that have not used it first. */
const copies: WeakMap<object, WeakMap<object, ConnectionPool>> = new WeakMap();

/** Returns the pool, where it belongs to what runs now or to nothing yet; else one with the same options that does. */
export function poolInScope<P extends ConnectionPool>(pool: P): P {
  const scope = pool.options.connection.transport?.scope?.();
  if (scope === undefined || (scopes.get(pool) ?? scope) === scope) return pool;
  let own = copies.get(scope);
  if (own === undefined) copies.set(scope, own = new WeakMap());
  let copy = own.get(pool);
  if (copy === undefined) {
    own.set(pool, copy = new (pool.constructor as typeof ConnectionPool)(pool.options));
  }
  return copy as P;
}

/** Makes the core of a client that has one for each scope of its transport, made with the first command there. */
function scopedCore<C extends PooledCore>(
  { options, call }: Pick<C, "options" | "call">,
  findScope: () => object,
  make: () => C,
): PooledCore {
  const cores = new WeakMap<object, C>();
  const events = new TypedEventTarget<ConnectionEvents>();
  const find = (): C => {
    const scope = findScope();
    let core = cores.get(scope);
    if (core === undefined) {
      cores.set(scope, core = make());
      if (!scopes.has(core.pool)) scopes.set(core.pool, scope);
      for (
        const type of [
          "gap",
          "refused",
          "connecting",
          "ready",
          "reconnecting",
          "closed",
          "maintenance",
        ] as const
      ) {
        core.executor.events.addEventListener(type, ({ detail }) => emit(events, type, detail as never));
      }
    }
    return core;
  };
  let home: object | undefined;
  try {
    home = findScope();
  } catch {
    // The client is made in global scope.
  }
  const coreOf = (call: Call): PooledCore & { readonly home: object | undefined } => ({
    options,
    call,
    // A client keeps its creator and its core alive, even when the core is closed.
    home,
    events,
    get executor() {
      try {
        return find().executor;
      } catch (error) {
        return refusingExecutor(events, error);
      }
    },
    get pool() {
      return find().pool;
    },
    get cache() {
      return find().cache;
    },
    view: (other: Call, executor: Executor | undefined): ClientCore =>
      executor ? { ...find(), call: other, executor } : coreOf(other),
  });
  return coreOf(call);
}

/**
 * Makes the core of a client; where sockets belong to requests, one that calls `make` for each of them, with their first
 * command.
 */
export function coreInScopes<C extends PooledCore>(
  transport: Transport | undefined,
  common: Pick<C, "options" | "call">,
  make: () => C,
): C {
  return transport?.scope === undefined
    ? make()
    : scopedCore(common, () => transport.scope!(), make) as PooledCore as C;
}
