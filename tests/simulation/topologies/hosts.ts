/**
 * The simulated servers for those of a test topology, by address.
 *
 * @module
 */
import type { Clock } from "../../../src/clock.ts";
import { stateOf } from "../../../src/testing/server.ts";
import type { TestClusterNode } from "../../../src/testing/topology/cluster/node.ts";
import type { TestReplicatedServer } from "../../../src/testing/topology/sentinel/replicated_server.ts";
import type { TestSentinel } from "../../../src/testing/topology/sentinel/sentinel.ts";
import type { Endpoint } from "../../../src/transport.ts";
import type { SpacePlan } from "../scenario.ts";
import { SimulatedServer } from "../server.ts";
import type { Executed } from "./topology.ts";

/** The properties of a simulated server. */
export interface HostOptions {
  readonly clock: Clock;
  readonly executed: Executed;
  readonly space?: SpacePlan | undefined;
}

/** Servers by address. */
export class Hosts {
  readonly #all: Map<string, { readonly server: SimulatedServer; readonly up: () => boolean }> = new Map();

  /** Adds a server. */
  add(
    one: TestClusterNode | TestReplicatedServer | TestSentinel,
    { clock, executed, space }: HostOptions,
  ): SimulatedServer {
    const address = `${one.host}:${one.port}`;
    const server = new SimulatedServer(stateOf(one), address, clock, executed, space);
    this.#all.set(address, { server, up: () => one.up });
    return server;
  }

  /** Returns the server that listens at an address. */
  find(endpoint: Endpoint): SimulatedServer | undefined {
    const host = "path" in endpoint ? undefined : this.#all.get(`${endpoint.host}:${endpoint.port}`);
    return host?.up() === true ? host.server : undefined;
  }
}
