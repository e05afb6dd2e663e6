/**
 * The servers of a world, as clients and faults use them.
 *
 * @module
 */
import type { Redis } from "../../../mod.ts";
import type { Clock } from "../../../src/clock.ts";
import type { Connection } from "../../../src/connection/connection.ts";
import type { PoolStats } from "../../../src/pool/stats.ts";
import type { ExecutedCommand } from "../../../src/testing/executed_log.ts";
import type { Endpoint } from "../../../src/transport.ts";
import type { ClientPlan, Scenario, TopologyFault } from "../scenario.ts";
import type { SimulatedServer } from "../server.ts";

/** A pool of any topology, as worlds use it. */
export interface WorldPool {
  stats(): PoolStats;
  explain(): string;
  close(): Promise<void>;
  release(connection: Connection): void;
}

/** A client with its pool. */
export interface OpenedClient {
  readonly redis: Redis;
  readonly pool: WorldPool;
}

/** The servers, and how clients use them. */
export interface SimulatedTopology {
  /** The servers that have data. */
  readonly servers: readonly SimulatedServer[];
  /** The server that listens at an address. */
  find(endpoint: Endpoint): SimulatedServer | undefined;
  /** The server that a key is written at, when all is in order. */
  home(key: string): SimulatedServer | undefined;
  /** The servers that clients may have read a key at: besides its home those where its slot comes from or goes to. */
  homes(key: string): readonly SimulatedServer[];
  /** Lets something go wrong. */
  apply(fault: TopologyFault): void;
  /** Ends all faults. */
  heal(): void;
  /** Makes a client; `pool` is that of another one. */
  open(plan: ClientPlan, common: object, pool: WorldPool | undefined): OpenedClient;
  /** Takes a connection for commands of keys with this tag. */
  acquire(pool: WorldPool, tag: string, options: { readonly signal?: AbortSignal }): Promise<Connection>;
  /** Ends all. */
  close(): void;
}

/** Is called for each command that a server executes for a client. */
export type Executed = (command: ExecutedCommand, server: SimulatedServer) => void;

/** The parts of a world that its servers use. */
export interface Surroundings {
  readonly scenario: Scenario;
  /** The clock of the servers. */
  readonly clock: Clock;
  readonly executed: Executed;
  /** Milliseconds since the beginning. */
  now(): number;
  /** Calls back after the given milliseconds. */
  later(ms: number, run: () => void): void;
  /** Stops the reads and writes of a server for the given milliseconds. */
  pause(server: SimulatedServer, ms: number): void;
}

/** Returns the options of a client beside those of its pool. */
export function ownOptions({ options: { multiplex, cache } }: ClientPlan): object {
  return { ...multiplex !== undefined && { multiplex }, ...cache && { cache } };
}
