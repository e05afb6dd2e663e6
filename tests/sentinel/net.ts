/**
 * Sentinels and servers that say what a test wants, all in memory.
 *
 * @module
 */
import { ConnectionError } from "../../src/errors.ts";
import type { Transport } from "../../src/transport.ts";
import { ErrorReply, type Wire } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import type { PeerConnection } from "../harness/peer_connection.ts";

/** A master as a scripted sentinel reports it. */
export interface Told {
  host: string;
  port: number;
  flags: string;
  epoch: number;
  others: { host: string; port: number }[];
  replicas: { host: string; port: number; flags: string; link?: "ok" | "err" }[];
}

/** A sentinel that knows one service, `mymaster`. */
export class FakeSentinel {
  readonly peer: ScriptedPeer;
  readonly told: Told;
  /** Whether it accepts commands and sends no reply. */
  silent = false;

  constructor(told: Partial<Told> & { port: number }, options: { password?: string; hello?: boolean } = {}) {
    this.told = { host: "server", flags: "master", epoch: 1, others: [], replicas: [], ...told };
    this.peer = new ScriptedPeer({
      ...options,
      script: (command, connection) => {
        if (this.silent) return new Promise<undefined>(() => {});
        if (command[0] !== "SENTINEL") return connection.serve();
        if (options.password !== undefined && connection.session.user === undefined) {
          return new ErrorReply("NOAUTH Authentication required.");
        }
        return this.#answer(command);
      },
    });
  }

  /** Sends a message to all subscribers. */
  announce(channel: string, message: string): void {
    this.peer.server.publish(channel, message);
  }

  #answer([, what, service]: readonly string[]): Wire {
    const { host, port, flags, epoch, others, replicas } = this.told;
    const name = what!.toUpperCase();
    if (name === "MYID") return "0".repeat(36) + String(this.told.port).padStart(4, "0");
    const known = service === "mymaster";
    if (name === "GET-MASTER-ADDR-BY-NAME") return known ? [host, String(port)] : null;
    if (!known) return new ErrorReply("ERR No such master with that name");
    const one = (fields: Record<string, string | number>) => Object.entries(fields).flat().map(String);
    if (name === "MASTER") {
      return one({
        name: service!,
        ip: host,
        port,
        flags,
        "config-epoch": epoch,
        "num-other-sentinels": others.length,
      });
    }
    if (name === "SENTINELS") {
      return others.map((at) => one({ ip: at.host, port: at.port, runid: `id${at.port}` }));
    }
    return replicas.map((at) =>
      one({ ip: at.host, port: at.port, flags: at.flags, "master-link-status": at.link ?? "ok" })
    );
  }
}

/** A server whose role can be changed. */
export class FakeServer {
  readonly peer: ScriptedPeer;
  role: string;
  /** The state of a replica's link to its master. */
  link = "connected";
  /** The replication offset. */
  offset = 0;
  /** Whether it accepts commands and sends no reply. */
  silent = false;

  constructor(role: "master" | "slave" = "master") {
    this.role = role;
    this.peer = new ScriptedPeer({
      hello: false,
      script: (command, connection) => {
        if (this.silent) return new Promise<undefined>(() => {});
        return this.#answer(command, connection);
      },
    });
  }

  #answer(
    command: readonly string[],
    connection: PeerConnection,
  ): Wire | ReturnType<PeerConnection["serve"]> {
    if (command[0] === "ROLE") {
      return this.role === "slave"
        ? [this.role, "server", 10, this.link, this.offset]
        : [this.role, this.offset, []];
    }
    if (this.role === "slave" && (command[0] === "SET" || command[0] === "INCR")) {
      if (connection.session.queue !== undefined) connection.session.spoiled = true;
      return new ErrorReply("READONLY You can't write against a read only replica.");
    }
    return connection.serve();
  }
}

/** A transport to peers by `host:port`; to all others there is no way. */
export class Net implements Transport {
  readonly name = "memory";
  readonly #transports: Map<string, Transport> = new Map();
  /** The addresses of the requested connections, in order. */
  readonly asked: string[] = [];

  add(at: string, { peer }: { readonly peer: ScriptedPeer }): this {
    this.#transports.set(at, peer.transport());
    return this;
  }

  remove(at: string): void {
    this.#transports.delete(at);
  }

  connect(
    ...[endpoint, options, handlers]: Parameters<Transport["connect"]>
  ): ReturnType<Transport["connect"]> {
    const at = "host" in endpoint ? `${endpoint.host}:${endpoint.port}` : endpoint.path;
    this.asked.push(at);
    const transport = this.#transports.get(at);
    if (transport === undefined) return Promise.reject(refused(at));
    return transport.connect(endpoint, options, handlers);
  }
}

function refused(at: string): ConnectionError {
  return new ConnectionError(`Cannot connect to ${at}: nobody is there`, { code: "CONNECT", executed: "no" });
}
