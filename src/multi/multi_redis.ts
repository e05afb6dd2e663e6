/**
 * The client of several databases with the same data, one of which is used at a time.
 *
 * @module
 */
import { callOf, Client, type ClientCore } from "../client/client.ts";
import { Redis } from "../client/redis.ts";
import type { BytesPromise, TextPromise, Wrap } from "../commands/wrap.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { FailoverExecutor } from "./failover_executor.ts";
import { type DatabaseParts, MonitoredDatabase } from "./monitored_database.ts";
import { type Database, type MultiRedisOptions, resolveMulti } from "./options.ts";

/** The state of a database. */
export interface DatabaseState {
  /** Its address. */
  readonly name: string;
  /** The preference. */
  readonly weight: number;
  /** Whether it can be used. */
  readonly available: boolean;
  /** Whether it is the one in use. */
  readonly active: boolean;
}

/** The parts of a client of several databases. */
interface MultiCore extends ClientCore {
  readonly executor: FailoverExecutor;
  readonly failover: FailoverExecutor;
  /** Sets whether connections and timers keep the process alive. */
  keepProcess(alive: boolean): void;
}

/**
 * A client of several databases that replicate each other (active-active), such as those of two regions. It uses the
 * available one with the greatest weight, checks the health of all, fails over when the one in use is lost, and returns when it
 * is back. It emits `failover`.
 *
 * Commands that were not sent, and those that only read, run on the next database, in the order of the calls; a write that
 * may have run rejects with `executed: "unknown"`. Subscriptions follow, with a gap.
 *
 * @typeParam W the return type of methods: promises of text (default), or of bytes (`redis.bytes()`)
 */
export class MultiRedis<W extends Wrap = TextPromise> extends Client<W> {
  /** The class of the clients of URLs; the package's entry point sets it in its own class. */
  static readonly redisClass: typeof Redis = Redis;

  /**
   * Creates a client of databases, given by their URLs or clients. It connects on first use.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   */
  constructor(databases: readonly Database[], options: MultiRedisOptions = {}) {
    super(open(databases, options, new.target.redisClass));
  }

  /** The databases and their states, the one with the greatest weight first. */
  get databases(): readonly DatabaseState[] {
    const { failover } = this.core as MultiCore;
    return failover.databases.map((database) => ({
      name: database.parts.name,
      weight: database.parts.weight,
      available: database.available,
      active: database === failover.current,
    }));
  }

  /**
   * Lets the process end although the client is open. A command that waits for its reply keeps the process alive up to its
   * time limit.
   */
  unref(): void {
    (this.core as MultiCore).keepProcess(false);
  }

  /** Keeps the process alive while the client is open: the default, from the first command on. */
  ref(): void {
    (this.core as MultiCore).keepProcess(true);
  }

  /** The same client, with `Uint8Array` for every bulk string. */
  bytes(): MultiRedis<BytesPromise> {
    return this.bytesView as unknown as MultiRedis<BytesPromise>;
  }

  /** The same client, with text for every bulk string. */
  text(): MultiRedis<TextPromise> {
    return this.textView as unknown as MultiRedis<TextPromise>;
  }
}

/** A client as it is inside. */
interface Opened {
  readonly core: ClientCore;
  readonly pool: Pick<ConnectionPool, "disconnect" | "ref" | "unref"> & {
    readonly options: { readonly connection: ResolvedConnectionOptions };
  };
}

function open(databases: readonly Database[], given: MultiRedisOptions, redisClass: typeof Redis): MultiCore {
  const policy = resolveMulti(databases, given);
  const clients = databases.map(({ url, options, client }) =>
    (client ?? new redisClass(url!, { offlineQueue: false, ...options })) as unknown as Opened
  );
  for (const { core, pool } of clients) {
    if (core?.executor === undefined || pool === undefined) {
      throw new TypeError(
        "Cannot use the database option `client`: it must be a Redis or RedisCluster, or a client of a Sentinel",
      );
    }
  }
  const { options } = clients[0]!.core;
  const monitored = clients.map(({ core, pool }, index) => {
    const parts: DatabaseParts = {
      name: String(core.options),
      weight: databases[index]!.weight ?? 1,
      options: pool.options.connection,
      executor: core.executor,
      disconnect: (cause) => pool.disconnect({ cause }),
    };
    return new MonitoredDatabase(parts, policy, options.clock);
  });
  const executor = new FailoverExecutor(monitored, policy, options.clock);
  const keepProcess = (alive: boolean): void => {
    executor.background.keepProcess(alive);
    for (const { pool } of clients) alive ? pool.ref() : pool.unref();
  };
  return { options, executor, failover: executor, keepProcess, call: callOf(options) };
}
