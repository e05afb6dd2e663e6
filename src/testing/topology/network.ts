/**
 * The network of a topology: servers by their addresses, and who reaches whom.
 *
 * @module
 */
import { ConnectionError } from "../../errors.ts";
import type { Endpoint, Socket, SocketHandlers, SocketOptions, Transport } from "../../transport.ts";
import type { TopologyListenOptions } from "../listener.ts";
import type { TestServerBase } from "../server.ts";

/** A server in the network. */
export interface Host {
  /** The announced host. */
  host: string;
  /** The announced port. */
  port: number;
  /** The server. */
  readonly server: TestServerBase;
  /** Whether it runs. */
  up: boolean;
}

/** Lets the server at `index` listen; resolves with the address that it announces. */
export async function listenAt(
  server: TestServerBase,
  { host = "127.0.0.1", announceHost = host }: TopologyListenOptions,
  first: number | undefined,
  index: number,
): Promise<{ readonly host: string; readonly port: number }> {
  const { url } = await server.listen({ host, port: first ? first + index : 0 });
  return { host: announceHost, port: Number(url.slice(url.lastIndexOf(":") + 1)) };
}

/** Waits until all servers listen, or have failed to.
 *
 * @throws the first error. */
export async function allListening(opened: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(opened);
  await Promise.all(opened);
}

/** Servers and the connections between them. */
export class Network<H extends Host> {
  /** All servers, in the order of their making. */
  readonly hosts: H[] = [];
  /** Leads clients in this process to the server at the address that they ask for. */
  readonly transport: Transport;
  /** Called when a connection between two members was made or lost. */
  onChange: () => void = () => {};
  readonly #aliases: Map<string, H> = new Map();
  readonly #cuts: Set<string> = new Set();

  /** Begins without servers. */
  constructor() {
    this.transport = {
      name: "memory",
      connect: (endpoint, options, handlers) => this.#connect(endpoint, options, handlers),
    };
  }

  /** The server at an address. */
  find(host: string, port: number): H | undefined {
    return this.hosts.find((one) => one.port === port && one.host === host) ??
      this.#aliases.get(`${host === "localhost" ? "127.0.0.1" : host}:${port}`);
  }

  /** Gives a server another address; clients in this process still find it at the old one. */
  rename(host: H, name: string, port: number): void {
    this.#aliases.set(`${host.host}:${host.port}`, host);
    host.host = name;
    host.port = port;
  }

  /** Adds a server. */
  add(host: H): void {
    this.hosts.push(host);
    this.#aliases.set(`${host.host}:${host.port}`, host);
  }

  /** Removes a server. */
  remove(host: H): void {
    host.up = false;
    this.hosts.splice(this.hosts.indexOf(host), 1);
    for (const [address, one] of this.#aliases) if (one === host) this.#aliases.delete(address);
  }

  /** Returns a function that cuts the connections that are cut now, and no others. */
  remember(): () => void {
    const cuts = [...this.#cuts];
    return () => {
      this.#cuts.clear();
      for (const cut of cuts) this.#cuts.add(cut);
    };
  }

  /** Whether two servers reach each other. */
  reaches(one: H, other: H): boolean {
    return one === other || (one.up && other.up && !this.#cuts.has(this.#pair(one, other)));
  }

  /** Cuts, or mends, all connections between two groups of servers. */
  cut(some: readonly H[], others: readonly H[], cut: boolean): void {
    for (const one of some) {
      for (const other of others) {
        if (one === other) continue;
        if (cut) this.#cuts.add(this.#pair(one, other));
        else this.#cuts.delete(this.#pair(one, other));
      }
    }
    this.onChange();
  }

  /** Mends all connections. */
  mend(): void {
    this.#cuts.clear();
    this.onChange();
  }

  #pair(one: H, other: H): string {
    const [a, b] = [this.hosts.indexOf(one), this.hosts.indexOf(other)];
    return a < b ? `${a} ${b}` : `${b} ${a}`;
  }

  async #connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket> {
    const at = "path" in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
    const found = "path" in endpoint ? undefined : this.find(endpoint.host, endpoint.port);
    if (found === undefined) {
      throw new ConnectionError(`Cannot connect to ${at}: no test server is there`, {
        code: "CONNECT",
        executed: "no",
      });
    }
    return await found.server.transport.connect(endpoint, options, handlers);
  }
}
