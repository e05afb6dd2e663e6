/**
 * A Redis-compatible server in the process, for tests: its time is in your hands, and it needs no installation.
 *
 * ```ts
 * import { Redis } from "@keywire/redis";
 * import { TestServer } from "@keywire/redis/testing";
 *
 * await using server = new TestServer();
 * await using redis = new Redis({ transport: server.transport });
 * await redis.set("session", "1", { ex: 60 });
 * server.advance(60_000);
 * await redis.get("session"); // null
 * ```
 *
 * @module
 */
import { TestServerBase } from "./src/testing/server.ts";
import type { TestServerOptions } from "./src/testing/options.ts";

export type { Clock, Timer } from "./src/clock.ts";
export type * from "./src/transport.ts";
export type { ClientFilter, ClientInfo } from "./src/testing/client_info.ts";
export type { ExecutedCommand, ExecutedLog } from "./src/testing/executed_log.ts";
export type { CommandMatch, ErrorCode } from "./src/testing/faults/command_match.ts";
export type { Direction, Fault, FaultOptions, RepeatedFaultOptions } from "./src/testing/faults/fault.ts";
export type { FaultReply } from "./src/testing/faults/fault_reply.ts";
export type { Faults, FreezeOptions, LatencyOptions } from "./src/testing/faults/faults.ts";
export type {
  AcceptedHandlers,
  AcceptedSocket,
  Listener,
  Listening,
  ListenOptions,
} from "./src/testing/listener.ts";
export type { TestServerOptions } from "./src/testing/options.ts";
export type { TestServerBase } from "./src/testing/server.ts";

/** A Redis-compatible server in this process, reached by its `transport` or, after `listen()`, by its `url`. */
export class TestServer extends TestServerBase {
  /**
   * Starts a server; nothing has to be awaited.
   *
   * @throws {TypeError} for a `config` that Redis refuses.
   */
  constructor(options: TestServerOptions = {}) {
    super(
      options,
      async (address, accept) => await (await import("./transports/listen.ts")).listen(address, accept),
    );
  }
}
