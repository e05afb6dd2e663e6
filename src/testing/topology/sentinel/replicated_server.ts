/**
 * A server that sentinels watch, as tests hold it.
 *
 * @module
 */
import type { Listener } from "../../listener.ts";
import type { TestServerOptions } from "../../options.ts";
import type { ServerParts } from "../../server.ts";
import { setLag, TopologyServer } from "../topology_server.ts";
import type { DataServer } from "./data_server.ts";

/** A server that sentinels watch. */
export class TestReplicatedServer extends TopologyServer {
  readonly #self: () => DataServer;

  /** Made by `TestSentinels`. */
  constructor(
    self: () => DataServer,
    options: TestServerOptions,
    listener: Listener | undefined,
    parts: ServerParts,
  ) {
    super(self, options, listener, parts);
    this.#self = self;
  }

  /** The role in its own view. */
  get role(): "master" | "replica" {
    return this.#self().master === undefined ? "master" : "replica";
  }

  /** Milliseconds until a write of its master arrives here. Default 0; `Infinity`: none arrives until it is lowered. */
  get replicationLag(): number {
    return this.#self().lag;
  }

  set replicationLag(ms: number) {
    setLag(this.#self(), ms);
  }
}
