/**
 * A sentinel and its knowledge.
 *
 * @module
 */
import type { TestServerBase } from "../../server.ts";
import type { ServerState } from "../../state.ts";
import type { Host } from "../network.ts";
import type { DataServer } from "./data_server.ts";

/** A sentinel. */
export class Watcher implements Host {
  /** 40 hexadecimal digits. */
  readonly id: string;
  /** The server that clients ask. */
  readonly server: TestServerBase;
  /** Its state. */
  readonly state: ServerState;
  /** @inheritdoc */
  host: string;
  /** @inheritdoc */
  port: number;
  /** @inheritdoc */
  up = true;
  /** The master in its view. */
  master: DataServer;
  /** The version of the master, which grows with each failover. */
  configEpoch = 0;
  /** The highest known epoch. */
  currentEpoch = 0;
  /** The last epoch in which it voted. */
  votedEpoch = 0;
  /** The sentinel that it voted for in that epoch. */
  votedFor = "";
  /** The unreachable servers, with the time since when. */
  readonly down: Map<Host, number> = new Map();
  /** The time since when enough sentinels report the master as down. */
  agreedDownAt: number | undefined;
  /** Silence that means down, in milliseconds. */
  downAfter: number;
  /** The number of sentinels that must report the master as down. */
  quorum: number;

  /** The time after which a failover that came to nothing is tried again, in milliseconds. */
  failoverTimeout: number;
  /** The number of replicas that may follow a new master at once. Shown only. */
  parallelSyncs = 1;
  /** Whether it monitors the master; not after SENTINEL REMOVE. */
  monitoring = true;
  /** The parameters of SENTINEL CONFIG. */
  readonly settings: Map<string, string> = new Map([
    ["resolve-hostnames", "no"],
    ["announce-hostnames", "no"],
    ["announce-ip", ""],
    ["announce-port", "0"],
    ["sentinel-user", ""],
    ["sentinel-pass", ""],
  ]);

  /** A sentinel that knows the master. */
  constructor(id: string, parts: {
    readonly host: string;
    readonly port: number;
    readonly server: TestServerBase;
    readonly state: ServerState;
    readonly master: DataServer;
    readonly downAfter: number;
    readonly quorum: number;
    readonly failoverTimeout: number;
  }) {
    this.id = id;
    this.host = parts.host;
    this.port = parts.port;
    this.server = parts.server;
    this.state = parts.state;
    this.master = parts.master;
    this.downAfter = parts.downAfter;
    this.quorum = parts.quorum;
    this.failoverTimeout = parts.failoverTimeout;
  }

  /** Publishes an event to its subscribers. */
  publish(event: string, message: string): void {
    if (this.up) this.state.pubsub.publish(event, message);
  }
}
