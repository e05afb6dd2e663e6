/**
 * Host names, which lead to one server at a time.
 *
 * @module
 */
import type { Endpoint } from "../../../src/transport.ts";
import type { SimulatedServer } from "../server.ts";

/** The name that leads to the master, or to any node of a cluster. */
export const SERVER_NAME = "server.test";
/** The name that leads to any sentinel. */
export const SENTINEL_NAME = "sentinel.test";

/** Returns an endpoint with the host and the port of a server, such as a test server. */
export function endpointOf({ host, port }: { readonly host: string; readonly port: number }): Endpoint {
  return { host, port };
}

/** A host name. */
export class Name {
  readonly #now: () => number;
  readonly #delay: number;
  readonly #right: () => Endpoint;
  #endpoint: Endpoint;
  /** The time from which it leads to the right server again. */
  #rightAt = -1;
  /** The time at which it follows to another right server. */
  #followsAt = Infinity;

  /** Leads to the endpoint that `right` returns, `delay` milliseconds after a connect has noticed another one. */
  constructor(now: () => number, delay: number, right: () => Endpoint) {
    this.#now = now;
    this.#delay = delay;
    this.#right = right;
    this.#endpoint = right();
  }

  /** Returns the endpoint to which it leads now. */
  resolve(): Endpoint {
    const now = this.#now();
    if (now < this.#rightAt) return this.#endpoint;
    const right = this.#right();
    if (JSON.stringify(right) === JSON.stringify(this.#endpoint)) this.#followsAt = Infinity;
    else {
      this.#followsAt = Math.min(this.#followsAt, now + this.#delay);
      if (now >= this.#followsAt) {
        this.#endpoint = right;
        this.#followsAt = Infinity;
      }
    }
    return this.#endpoint;
  }

  /** Leads elsewhere for the given milliseconds. */
  flip(endpoint: Endpoint, ms: number): void {
    this.#endpoint = endpoint;
    this.#rightAt = this.#now() + ms;
    this.#followsAt = this.#rightAt;
  }

  /** Leads to the right server. */
  heal(): void {
    this.#endpoint = this.#right();
    this.#rightAt = -1;
    this.#followsAt = Infinity;
  }
}

/** Finds servers by names, too. */
export function findByName(
  names: ReadonlyMap<string, Name>,
  endpoint: Endpoint,
  find: (endpoint: Endpoint) => SimulatedServer | undefined,
): SimulatedServer | undefined {
  const name = "path" in endpoint ? undefined : names.get(endpoint.host);
  return find(name?.resolve() ?? endpoint);
}
