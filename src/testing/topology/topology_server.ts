/**
 * A server of a topology: what nodes of clusters, data servers and sentinels have in common.
 *
 * @module
 */
import type { Listener } from "../listener.ts";
import type { TestServerOptions } from "../options.ts";
import { type ServerParts, TestServerBase } from "../server.ts";
import type { Host } from "./network.ts";

/** A test server with a place in a network. */
export class TopologyServer extends TestServerBase {
  /** The place; known when the constructor has ended. */
  readonly #place: () => Host;

  /** Made by topologies. */
  constructor(
    place: () => Host,
    options: TestServerOptions,
    listener: Listener | undefined,
    parts: ServerParts,
  ) {
    super(options, listener, parts);
    this.#place = place;
  }

  /** The host where clients find it. */
  get host(): string {
    return this.#place().host;
  }

  /** The port where clients find it. */
  get port(): number {
    return this.#place().port;
  }

  /** Whether it runs. */
  get up(): boolean {
    return this.#place().up;
  }
}

/** A replica, or a server that can become one. */
export interface Lagging {
  /** Milliseconds until a write of its master arrives. */
  lag: number;
  /** The way to its master. */
  readonly link: { lag: number } | undefined;
}

/** Sets the time until writes of its master arrive.
 *
 * @throws {TypeError} for a negative time. */
export function setLag(replica: Lagging, ms: number): void {
  if (!(ms >= 0)) throw new TypeError(`Cannot set the replication lag: ${ms} is no number of milliseconds`);
  replica.lag = ms;
  if (replica.link !== undefined) replica.link.lag = ms;
}
