/**
 * A TCP proxy between a client and a real server, which does to the link what networks do.
 *
 * ```ts ignore
 * await using proxy = await startProxy({ port: server.port });
 * proxy.faults = { cut: { toClient: 100, how: "reset" } }; // each new connection dies at byte 100
 * const redis = new Redis(proxy.url);
 * const [connection] = await once(proxy, "connection");
 * connection.freeze("toClient");
 * ```
 *
 * @module
 */
import { EventEmitter } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { type Ending, type Faults, ProxyConnection } from "./proxy_connection.ts";

export type { Ending, Faults, ProxyConnection, ProxyDirection } from "./proxy_connection.ts";

/** The server behind the proxy. A `Server` of the harness is one; with a port and a path it is the port that counts. */
export interface ProxyTarget {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Either this or `path`. */
  readonly port?: number;
  /** A Unix socket. */
  readonly path?: string;
}

/** The statistics of a proxy. */
export interface ProxyStats {
  /** Connections that ever came. */
  readonly connections: number;
  /** Connections that are open. */
  readonly open: number;
  /** Bytes forwarded to the server. */
  readonly toServer: number;
  /** Bytes forwarded to clients. */
  readonly toClient: number;
}

/** The events of a proxy with their values, for `once` and `on` of `node:events`. */
export interface ProxyEvents {
  /** A client has connected; no byte has been forwarded yet. */
  connection: [connection: ProxyConnection];
  /** Both sides of a connection have ended. */
  close: [connection: ProxyConnection];
}

/** A proxy, from {@linkcode startProxy}. */
export class FaultProxy extends EventEmitter<ProxyEvents> {
  /** Always 127.0.0.1. */
  readonly host: string = "127.0.0.1";
  /** Every connection that ever came, oldest first. */
  readonly connections: ProxyConnection[] = [];
  /** Done to each new connection, before its first byte. */
  faults: Faults = {};
  /** The target of new connections; can be changed at any time. */
  target: ProxyTarget;

  #port: number;
  #listener: Server | undefined;

  /** Use {@linkcode startProxy}. */
  constructor(target: ProxyTarget, port: number) {
    super();
    this.target = target;
    this.#port = port;
  }

  /** The port; it stays the same over `refuse` and `accept`. */
  get port(): number {
    return this.#port;
  }

  /** `redis://127.0.0.1:port`. */
  get url(): string {
    return `redis://${this.host}:${this.#port}`;
  }

  /** Connections that are open. */
  get open(): readonly ProxyConnection[] {
    return this.connections.filter((connection) => !connection.ended);
  }

  /** The newest connection. Throws when there never was one. */
  get last(): ProxyConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("Nobody has connected to the proxy");
    return last;
  }

  /** Counters. */
  get stats(): ProxyStats {
    const sum = (way: "toServer" | "toClient"): number =>
      this.connections.reduce((total, connection) => total + connection.bytes[way], 0);
    return {
      connections: this.connections.length,
      open: this.open.length,
      toServer: sum("toServer"),
      toClient: sum("toClient"),
    };
  }

  /** Listens (again). Does nothing if it does. */
  async accept(): Promise<void> {
    if (this.#listener !== undefined) return;
    const listener = createServer({ allowHalfOpen: true }, (client) => {
      const { host = "127.0.0.1", port, path = "" } = this.target;
      const where = port === undefined ? { path } : { host, port };
      const server = connect({ ...where, allowHalfOpen: true });
      const connection = new ProxyConnection(this.connections.length + 1, client, server);
      this.connections.push(connection);
      connection.closed.then(() => this.emit("close", connection));
      connection.apply(this.faults);
      this.emit("connection", connection);
    });
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(this.#port, this.host, resolve);
    });
    this.#port = (listener.address() as { port: number }).port;
  }

  /** Refuses new connections, like a stopped server. Open connections stay. */
  refuse(): void {
    // The callback of close() would wait for the open connections.
    this.#listener?.close();
    this.#listener = undefined;
  }

  /** Ends all connections now. */
  killAll(how: Ending = "fin"): void {
    for (const connection of this.open) connection.kill(how);
  }

  /** Freezes all connections, and those to come. */
  freezeAll(direction: NonNullable<Faults["frozen"]> = "both"): void {
    this.faults = { ...this.faults, frozen: direction };
    for (const connection of this.open) connection.freeze(direction);
  }

  /** Thaws all connections, and those to come. */
  thawAll(): void {
    this.faults = { ...this.faults, frozen: undefined };
    for (const connection of this.open) connection.thaw();
  }

  /** Refuses new connections and ends all others; resolves when they have ended. */
  async stop(): Promise<void> {
    this.refuse();
    for (const connection of this.connections) connection.destroy();
    await Promise.all(this.connections.map((connection) => connection.closed));
  }

  /** The same, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a proxy in front of a server, on `port` of 127.0.0.1 (default 0: any free one). */
export async function startProxy(
  target: ProxyTarget,
  options: { readonly port?: number; readonly faults?: Faults } = {},
): Promise<FaultProxy> {
  const proxy = new FaultProxy(target, options.port ?? 0);
  proxy.faults = options.faults ?? {};
  await proxy.accept();
  return proxy;
}
