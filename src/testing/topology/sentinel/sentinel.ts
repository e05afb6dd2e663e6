/**
 * A sentinel, as tests hold it.
 *
 * @module
 */
import type { Listener } from "../../listener.ts";
import type { TestServerOptions } from "../../options.ts";
import type { ServerParts } from "../../server.ts";
import { TopologyServer } from "../topology_server.ts";
import type { TestReplicatedServer } from "./replicated_server.ts";
import type { Watcher } from "./watcher.ts";

/** A sentinel. */
export class TestSentinel extends TopologyServer {
  readonly #self: () => Watcher;

  /** Made by `TestSentinels`. */
  constructor(
    self: () => Watcher,
    options: TestServerOptions,
    listener: Listener | undefined,
    parts: ServerParts,
  ) {
    super(self, options, listener, parts);
    this.#self = self;
  }

  /** The server that it takes to be the master. */
  get master(): TestReplicatedServer {
    return this.#self().master.server as TestReplicatedServer;
  }

  /** Whether enough sentinels have reported its master as down. */
  get masterDown(): boolean {
    return this.#self().agreedDownAt !== undefined;
  }
}
