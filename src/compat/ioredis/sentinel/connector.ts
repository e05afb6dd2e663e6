/**
 * Asks sentinels for the server, one after the other.
 *
 * @module
 */
import type { Endpoint } from "../../../transport.ts";
import { type Connector, endpointOf } from "../connector.ts";
import type { AddressFromResponse, RedisOptions, SentinelAddress } from "../options.ts";
import { CONNECTION_CLOSED_ERROR_MSG, noop, packObject } from "../support.ts";
import { SentinelIterator } from "./iterator.ts";
import { selectReplica } from "./preferred.ts";

/** A client of a sentinel. */
export interface SentinelClient {
  /** Sends SENTINEL. */
  // deno-lint-ignore no-explicit-any
  sentinel(...args: any[]): Promise<any>;
  /** Subscribes. */
  // deno-lint-ignore no-explicit-any
  subscribe(channel: string): Promise<any>;
  // deno-lint-ignore no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
  disconnect(): void;
}

/** The client that connects by sentinels. */
export interface SentinelUser {
  emit(event: string, ...args: unknown[]): boolean;
  disconnect(reconnect?: boolean): void;
  /** Makes a client. */
  connectTo(options: RedisOptions): SentinelClient;
}

type Address = { host: string; port: number };

const CHANNEL = "+switch-master";

/** Finds the server by sentinels. */
export class SentinelConnector implements Connector {
  readonly #options: RedisOptions;
  readonly #user: SentinelUser;
  readonly #iterator: SentinelIterator;
  #connecting = false;
  #attempts = 0;
  /** Ends the wait for the next round. */
  #wake: (() => void) | undefined = undefined;
  #detectors: SentinelClient[] = [];

  /**
   * Reads sentinels and the name of the service from options.
   *
   * @throws {Error} when one of them is missing.
   */
  constructor(options: RedisOptions, user: SentinelUser) {
    if (!options.sentinels?.length) throw new Error("Requires at least one sentinel to connect to.");
    if (!options.name) throw new Error("Requires the name of master.");
    this.#options = options;
    this.#user = user;
    this.#iterator = new SentinelIterator(options.sentinels);
  }

  check(info: Readonly<Record<string, string>>): boolean {
    const matches = !info.role || this.#options.role === info.role;
    if (!matches) {
      // `reset` takes the one before the cursor for the current one.
      this.#iterator.next();
      this.#iterator.next();
      this.#iterator.reset(true);
    }
    return matches;
  }

  disconnect(): void {
    this.#connecting = false;
    this.#wake?.();
    this.#stopDetectors();
  }

  async locate(emit: (event: string, error: Error) => void): Promise<Endpoint> {
    this.#connecting = true;
    this.#attempts = 0;
    let last: Error | undefined;
    for (;;) {
      const { value: sentinel } = this.#iterator.next();
      if (sentinel === undefined) {
        await this.#nextRound(emit, last);
        continue;
      }
      let address: Address | null = null;
      let error: Error | undefined;
      try {
        address = await this.#ask(sentinel);
      } catch (cause) {
        error = cause as Error;
      }
      if (!this.#connecting) throw new Error(CONNECTION_CLOSED_ERROR_MSG);
      if (address) {
        const { tls, enableTLSForSentinelMode } = this.#options;
        return endpointOf(address, enableTLSForSentinelMode ? tls : undefined);
      }
      const where = `${sentinel.host}:${sentinel.port}`;
      const message = error === undefined
        ? `connected to sentinel ${where} successfully, but got an invalid reply: ${address}`
        : `failed to connect to sentinel ${where} because ${error.message}`;
      emit("sentinelError", new Error(message));
      last = error ?? last;
    }
  }

  /** Called when all sentinels failed: waits before the next round, or rejects. */
  async #nextRound(emit: (event: string, error: Error) => void, last: Error | undefined): Promise<void> {
    this.#iterator.reset(false);
    const strategy = this.#options.sentinelRetryStrategy;
    const delay = typeof strategy === "function" ? strategy(++this.#attempts) : null;
    const reason = last === undefined ? "" : ` Last error: ${last.message}`;
    if (typeof delay !== "number") {
      throw new Error(`All sentinels are unreachable and retry is disabled.${reason}`);
    }
    emit(
      "error",
      new Error(`All sentinels are unreachable. Retrying from scratch after ${delay}ms.${reason}`),
    );
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
    if (!this.#connecting) throw new Error(CONNECTION_CLOSED_ERROR_MSG);
  }

  async #ask(sentinel: SentinelAddress): Promise<Address | null> {
    const client = this.#client(sentinel);
    try {
      return this.#options.role === "slave" ? await this.#replica(client) : await this.#master(client);
    } finally {
      client.disconnect();
    }
  }

  #client(sentinel: SentinelAddress, over?: RedisOptions): SentinelClient {
    const options = this.#options;
    const client = this.#user.connectTo({
      port: sentinel.port || 26379,
      host: sentinel.host,
      username: options.sentinelUsername || (null as unknown as undefined),
      password: options.sentinelPassword || (null as unknown as undefined),
      family: sentinel.family || (options.path ? undefined : options.family),
      tls: options.sentinelTLS,
      transport: options.transport,
      retryStrategy: null,
      enableReadyCheck: false,
      protocol: options.protocol,
      replyMapping: "legacy",
      connectTimeout: options.connectTimeout,
      commandTimeout: options.sentinelCommandTimeout,
      ...over,
    });
    // Failed commands report the error.
    client.on("error", noop);
    return client;
  }

  async #master(client: SentinelClient): Promise<Address | null> {
    const reply = await client.sentinel("get-master-addr-by-name", this.#options.name);
    await this.#learn(client);
    return this.#mapped(Array.isArray(reply) ? { host: reply[0], port: Number(reply[1]) } : null);
  }

  async #replica(client: SentinelClient): Promise<Address | null> {
    const reply = await client.sentinel("slaves", this.#options.name);
    if (!Array.isArray(reply)) return null;
    const available = (reply.map(packObject) as unknown as AddressFromResponse[])
      .filter(({ flags }) => flags && !/disconnected|s_down|o_down/.test(flags));
    return this.#mapped(selectReplica(available, this.#options.preferredSlaves));
  }

  /** Adds the sentinels that another one knows. */
  async #learn(client: SentinelClient): Promise<void> {
    if (!this.#options.updateSentinels) return;
    const reply = await client.sentinel("sentinels", this.#options.name);
    if (!Array.isArray(reply)) return;
    for (const { flags, ip, port } of reply.map(packObject)) {
      if (!ip || !port || flags?.split(",").includes("disconnected")) continue;
      this.#iterator.add(this.#mapped({ host: ip, port: Number(port) })!);
    }
  }

  #mapped(address: Address | null): Address | null {
    const { natMap } = this.#options;
    if (!address || !natMap) return address;
    const key = `${address.host}:${address.port}`;
    return (typeof natMap === "function" ? natMap(key) : natMap[key]) || address;
  }

  connected(): void {
    if (this.#options.failoverDetector) void this.#detectFailovers();
  }

  /** Listens to sentinels; a failover ends the connection. */
  async #detectFailovers(): Promise<void> {
    this.#iterator.reset(true);
    const clients: SentinelClient[] = [];
    while (clients.length < (this.#options.sentinelMaxConnections ?? 10)) {
      const { value } = this.#iterator.next();
      if (value === undefined) break;
      const client = this.#client(value, {
        lazyConnect: true,
        retryStrategy: this.#options.sentinelReconnectStrategy as RedisOptions["retryStrategy"],
      });
      client.on("reconnecting", () => this.#user.emit("sentinelReconnecting"));
      clients.push(client);
    }
    this.#iterator.reset(false);
    this.#stopDetectors();
    this.#detectors = clients;
    await Promise.all(clients.map((client) => {
      client.on("message", (channel: string) => {
        if (channel !== CHANNEL || this.#detectors !== clients) return;
        this.#stopDetectors();
        this.#user.disconnect(true);
      });
      return client.subscribe(CHANNEL).catch(noop);
    }));
    this.#user.emit("failoverSubscribed");
  }

  #stopDetectors(): void {
    const clients = this.#detectors;
    this.#detectors = [];
    for (const client of clients) client.disconnect();
  }
}
