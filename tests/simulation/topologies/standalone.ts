/**
 * One server.
 *
 * @module
 */
import { BlockingConnectionPool, ConnectionPool, Redis } from "../../../mod.ts";
import type { Connection } from "../../../src/connection/connection.ts";
import { createState } from "../../../src/testing/server.ts";
import { importLua } from "../lua.ts";
import type { ClientPlan } from "../scenario.ts";
import { SimulatedServer } from "../server.ts";
import {
  type OpenedClient,
  ownOptions,
  type SimulatedTopology,
  type Surroundings,
  type WorldPool,
} from "./topology.ts";

/** A server without replicas. */
export class Standalone implements SimulatedTopology {
  readonly servers: readonly SimulatedServer[];

  constructor({ scenario: { space }, clock, executed }: Surroundings) {
    const state = createState({ clock, logLimit: 0, lua: importLua });
    this.servers = [new SimulatedServer(state, "127.0.0.1:6379", clock, executed, space)];
  }

  find(): SimulatedServer {
    return this.servers[0]!;
  }

  home(): SimulatedServer {
    return this.servers[0]!;
  }

  homes(): readonly SimulatedServer[] {
    return [this.home()];
  }

  apply(): void {}

  heal(): void {}

  open(plan: ClientPlan, common: object, shared: WorldPool | undefined): OpenedClient {
    const { multiplex } = plan.options;
    if (shared !== undefined) {
      const pool = shared as ConnectionPool;
      return { redis: new Redis({ pool, ...multiplex !== undefined && { multiplex } }), pool };
    }
    if (plan.pool === undefined) {
      const redis = new Redis({ ...common, ...ownOptions(plan) } as never);
      return { redis, pool: redis.pool as ConnectionPool };
    }
    const pool = plan.pool === "waiting"
      ? new BlockingConnectionPool({ ...common, timeout: 2_000 } as never)
      : new ConnectionPool(common as never);
    return { redis: new Redis({ ...ownOptions(plan), pool } as never), pool };
  }

  acquire(pool: WorldPool, _tag: string, options: { readonly signal?: AbortSignal }): Promise<Connection> {
    return (pool as ConnectionPool).acquire(options);
  }

  close(): void {
    this.servers[0]!.state.time.stop();
  }
}
