/**
 * A real server and a test server, on which worlds are repeated.
 *
 * @module
 */
import { Redis } from "../../mod.ts";
import { TestServer } from "../../testing.ts";
import { startServer } from "../../tests/harness/server.ts";
import { replay } from "../../tests/simulation/replay.ts";
import type { Scenario } from "../../tests/simulation/scenario.ts";

/** Both servers, each with a client. */
export class RealServers {
  readonly #real: Redis;
  readonly #test: Redis;
  readonly #servers: readonly AsyncDisposable[];

  private constructor(real: Redis, test: Redis, servers: readonly AsyncDisposable[]) {
    this.#real = real;
    this.#test = test;
    this.#servers = servers;
  }

  /** Starts them. */
  static async open(): Promise<RealServers> {
    const real = await startServer();
    const test = new TestServer();
    return new RealServers(new Redis(real.url), new Redis({ transport: test.transport }), [real, test]);
  }

  /** The number of outcomes of a world, and those that differ. */
  replay(scenario: Scenario): ReturnType<typeof replay> {
    return replay(scenario, this.#real, this.#test);
  }

  /** Ends them. */
  async close(): Promise<void> {
    await this.#real.close();
    await this.#test.close();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }
}
