/**
 * Opens connections to the servers of a service, and closes those to a former master after a failover.
 *
 * @module
 */
import type { Timer } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import { AuthenticationError, ConnectionError, RedisError } from "../errors.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import { formatAddress, type ServerAddress } from "../topology/format_address.ts";
import type { SentinelClient } from "./sentinel_client.ts";
import { type Found, Locator, type Refused, type Wanted } from "./locate.ts";
import type { ServiceListener } from "./service.ts";

/** Milliseconds until the sentinels are asked again, when they know a master and it is none, or cannot be reached. */
const PAUSE = 100;

/** The pool that the connections are for. */
export interface FinderHome<C> {
  /** The options of its connections. */
  readonly options: ResolvedConnectionOptions;
  /** The name of the service. */
  readonly service: string;
  /** The servers to connect to. */
  readonly wanted: Wanted;
  /** Makes a connection to this address, which is not open yet. */
  make(address: ServerAddress): C;
  /** Signals waiting reconnects to retry immediately. */
  notify(): void;
}

/** Finds servers for one pool. */
export class ServerFinder<C extends Connection> {
  readonly #home: FinderHome<C>;
  readonly #sentinels: SentinelClient;
  readonly #locator: Locator;
  readonly #live: Map<C, Found> = new Map();
  readonly #tries: Map<AbortController, Found> = new Map();
  readonly #sleepers: Set<() => void> = new Set();
  #unwatch: (() => void) | undefined = undefined;

  /** Queries no sentinel before the first connection is wanted. */
  constructor(home: FinderHome<C>, sentinels: SentinelClient) {
    this.#home = home;
    this.#sentinels = sentinels;
    this.#locator = new Locator(sentinels, home.service, home.wanted, () => home.options.clock.random());
  }

  /** Stops listening to the sentinels. */
  close(): void {
    this.#unwatch?.();
  }

  /**
   * Opens a connection. Retries within `connectTimeout` while the sentinels name a master that is unreachable or not
   * yet a master, as during a failover.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} if there is no server, or none accepts a
   * connection, or the reason of the signal.
   */
  async open(signal: AbortSignal): Promise<C> {
    this.#unwatch ??= this.#sentinels.watch(this.#home.service, this.#listener());
    const { clock, connectTimeout } = this.#home.options;
    const end = connectTimeout === 0 ? Infinity : clock.now() + connectTimeout;
    while (true) {
      try {
        return await this.#round(signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const soon = error instanceof RedisError && error.code === "NO_MASTER" && clock.now() + PAUSE < end;
        if (!soon) throw error;
      }
      await this.#pause(signal);
    }
  }

  /** Tries all servers that the sentinels name. */
  async #round(signal: AbortSignal): Promise<C> {
    const refused: Refused = new Map();
    while (true) {
      const found = await this.#locator.next(refused, signal);
      try {
        return await this.#openAt(found, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof AuthenticationError || !(error instanceof RedisError)) throw error;
        refused.set(formatAddress(found.address), error.message);
      }
    }
  }

  async #openAt(found: Found, signal: AbortSignal): Promise<C> {
    const attempt = new AbortController();
    const give = (): void => attempt.abort(signal.reason);
    signal.addEventListener("abort", give, { once: true });
    this.#tries.set(attempt, found);
    const connection = this.#home.make(found.address);
    try {
      signal.throwIfAborted();
      await connection.connect({ signal: attempt.signal, retry: false });
      await this.#checkRole(connection, found, attempt.signal);
      attempt.signal.throwIfAborted();
    } catch (error) {
      connection.disconnect();
      throw error;
    } finally {
      this.#tries.delete(attempt);
      signal.removeEventListener("abort", give);
    }
    this.#live.set(connection, found);
    connection.listen({ closed: () => this.#live.delete(connection) });
    if (found.answer !== undefined) this.#locator.service.confirm(found.answer);
    return connection;
  }

  /** Checks the role in the reply of HELLO, or asks with ROLE. */
  async #checkRole(connection: C, { role, address }: Found, signal: AbortSignal): Promise<void> {
    let said: unknown = connection.server.role;
    if (typeof said !== "string") {
      const timeout = this.#home.options.connectTimeout;
      const reply = await connection.send(["ROLE"], { timeout, signal });
      said = Array.isArray(reply) ? reply[0] : undefined;
    }
    const is = said === "slave" ? "replica" : said;
    if (is === role) return;
    throw new ConnectionError(`${formatAddress(address)} was to be the ${role}, and says that it is ${is}`, {
      code: "WRONG_ROLE",
      executed: "no",
    });
  }

  /** Waits a little, or until there is news. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#home.options;
    let timer: Timer;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clock.clearTimeout(timer);
        this.#sleepers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      timer = clock.setTimeout(wake, PAUSE);
    });
    signal.throwIfAborted();
  }

  #listener(): ServiceListener {
    return {
      switched: (address) => this.#switched(address),
      changed: () => this.#wake(),
    };
  }

  /** Called when there is another master: closes connections to other servers, even silent ones. */
  #switched(address: ServerAddress): void {
    const master = formatAddress(address);
    const right = (found: Found): boolean =>
      (formatAddress(found.address) === master) === (found.role === "master");
    const cause = new ConnectionError(
      `the sentinels say that ${master} is the master of "${this.#home.service}" now`,
      {
        code: "SWITCHED",
      },
    );
    for (const [attempt, found] of [...this.#tries]) if (!right(found)) attempt.abort(cause);
    for (const [connection, found] of [...this.#live]) if (!right(found)) connection.disconnect(cause);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#sleepers]) wake();
    this.#home.notify();
  }
}
