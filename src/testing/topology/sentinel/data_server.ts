/**
 * A server that sentinels watch: a master or a replica.
 *
 * @module
 */
import { ErrorReply } from "../../reply.ts";
import type { TestServerBase } from "../../server.ts";
import type { ServerState } from "../../state.ts";
import type { Host, Network } from "../network.ts";
import { renewReplicationId, type ReplicationEnd, ReplicationLink } from "../replication_link.ts";

const DEMOTED = new ErrorReply(
  "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
);
const ALL: ReadonlySet<string> = new Set();

/** A server with its place in the replication. */
export class DataServer implements Host, ReplicationEnd {
  /** The server. */
  readonly server: TestServerBase;
  /** Its state. */
  readonly state: ServerState;
  /** @inheritdoc */
  host: string;
  /** @inheritdoc */
  port: number;
  /** @inheritdoc */
  up = true;
  /** Milliseconds until writes of its master arrive. */
  lag = 0;
  /** Its master. */
  master: DataServer | undefined;
  /** The link to its master. */
  link: ReplicationLink | undefined;

  /** A master. */
  constructor(
    address: { readonly host: string; readonly port: number },
    server: TestServerBase,
    state: ServerState,
  ) {
    this.host = address.host;
    this.port = address.port;
    this.server = server;
    this.state = state;
  }

  /** The address. */
  get address(): { readonly host: string; readonly port: number } {
    return this;
  }

  /** Makes it a replica of another, or a master. Its clients' waits end; `kill`: their connections, too. */
  follow(master: DataServer | undefined, network: Network<Host>, kill: boolean): void {
    if (master === this.master) return;
    const { state } = this;
    this.master = master;
    this.link?.disconnect();
    this.link = undefined;
    if (master !== undefined) {
      for (const session of state.sessions.values()) {
        if (session.blocked !== undefined) state.blocking.finish(session.blocked, DEMOTED);
      }
    } else {
      // A master of its own counts under a new name, so that others copy its data.
      renewReplicationId(state);
    }
    this.wire(network);
    if (kill) this.server.kill();
  }

  /** Connects it with its master, or disconnects it, as the network is now. */
  wire(network: Network<Host>): void {
    const { master, state: { replication } } = this;
    this.state.expires = master === undefined;
    replication.master = master && { host: master.host, port: master.port };
    if (master === undefined) return;
    this.link ??= new ReplicationLink(master, this, ALL);
    if (!network.reaches(this, master)) this.link.disconnect();
    else if (!this.link.up) {
      this.link.connect();
      this.link.lag = this.lag;
    }
  }
}
