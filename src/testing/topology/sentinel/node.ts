/**
 * Servers and sentinels as tests hold them.
 *
 * @module
 */
import type { Listener } from "../../listener.ts";
import type { TestServerOptions } from "../../options.ts";
import { type ServerParts, TestServerBase } from "../../server.ts";
import type { DataServer } from "./data_server.ts";
import type { Watcher } from "./watcher.ts";

/** A server that sentinels watch. */
export class TestReplicatedServer extends TestServerBase {
  readonly #self: () => DataServer;

  /** Made by `TestSentinels`. */
  constructor(
    self: () => DataServer,
    options: TestServerOptions,
    listener: Listener | undefined,
    parts: ServerParts,
  ) {
    super(options, listener, parts);
    this.#self = self;
  }

  /** The host where clients find it. */
  get host(): string {
    return this.#self().host;
  }

  /** The port where clients find it. */
  get port(): number {
    return this.#self().port;
  }

  /** Whether it runs. */
  get up(): boolean {
    return this.#self().up;
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
    const self = this.#self();
    if (!(ms >= 0)) throw new TypeError(`Cannot set the replication lag: ${ms} is no number of milliseconds`);
    self.lag = ms;
    if (self.link !== undefined) self.link.lag = ms;
  }
}

/** A sentinel. */
export class TestSentinel extends TestServerBase {
  readonly #self: () => Watcher;

  /** Made by `TestSentinels`. */
  constructor(
    self: () => Watcher,
    options: TestServerOptions,
    listener: Listener | undefined,
    parts: ServerParts,
  ) {
    super(options, listener, parts);
    this.#self = self;
  }

  /** The host where clients find it. */
  get host(): string {
    return this.#self().host;
  }

  /** The port where clients find it. */
  get port(): number {
    return this.#self().port;
  }

  /** Whether it runs. */
  get up(): boolean {
    return this.#self().up;
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
