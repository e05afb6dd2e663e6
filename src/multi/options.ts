/**
 * The options of a client of several databases.
 *
 * @module
 */
import type { Client } from "../client/client.ts";
import type { RedisOptions } from "../client/redis.ts";
import type { Wrap } from "../commands/wrap.ts";
import { isPlain } from "../options/nested_options.ts";

/** One of several databases with the same data. */
export interface Database {
  /** The URL of a server or of sentinels. */
  readonly url?: string | URL;
  /** The options beside the URL. Default: `{ offlineQueue: false }`, so that commands turn to another database soon. */
  readonly options?: RedisOptions;
  /** A client of any topology instead of a URL, such as a `RedisCluster`. It is closed with the `MultiRedis`. */
  readonly client?: Client<Wrap>;
  /** The preference: the available database with the greatest weight is used. Default 1. */
  readonly weight?: number;
}

/** The options of a `MultiRedis`. */
export interface MultiRedisOptions {
  /** The interval of health checks (PING) of all databases, in milliseconds. Default 5,000. */
  readonly healthCheckInterval?: number;
  /** The time limit of a health check, in milliseconds. Default 1,000. */
  readonly healthCheckTimeout?: number;
  /** The number of failed health checks in a row that make a database unavailable. Default 3. */
  readonly healthCheckFailures?: number;
  /** The number of failed commands in a row (no connection, or no reply) that make a database unavailable. Default 5. */
  readonly commandFailures?: number;
  /** The time in milliseconds for which a database is not used after it was unavailable. Default 10,000. */
  readonly gracePeriod?: number;
  /** Whether to return to a database with a greater weight when it is available again. Default `true`. */
  readonly failback?: boolean;
}

/** The options, complete. */
export type MultiPolicy = Required<MultiRedisOptions>;

const DEFAULTS: MultiPolicy = {
  healthCheckInterval: 5_000,
  healthCheckTimeout: 1_000,
  healthCheckFailures: 3,
  commandFailures: 5,
  gracePeriod: 10_000,
  failback: true,
};

const KEYS: readonly string[] = ["url", "options", "client", "weight"];

/**
 * Checks the options and fills in defaults.
 *
 * @throws {TypeError | RangeError} for an unknown or invalid option.
 */
export function resolveMulti(databases: readonly Database[], options: MultiRedisOptions): MultiPolicy {
  if (!Array.isArray(databases) || databases.length === 0) {
    throw new TypeError("Cannot make a MultiRedis: give a list of databases: [{ url, weight }, ...]");
  }
  for (const database of databases) {
    const unknown = isPlain(database) ? Object.keys(database).find((key) => !KEYS.includes(key)) : "";
    if (unknown !== undefined) {
      throw new TypeError(`Cannot use the database option \`${unknown}\`: there are ${KEYS.join(", ")}`);
    }
    const { url, client, weight = 1, options: own } = database;
    if ((url === undefined) === (client === undefined) || (client !== undefined && own !== undefined)) {
      throw new TypeError("Cannot use a database: give either `url`, with or without `options`, or `client`");
    }
    if (!(typeof weight === "number" && weight > 0)) {
      throw new RangeError("Cannot use the database option `weight`: it must be a number above 0");
    }
  }
  for (const [name, value] of Object.entries(options)) {
    const wanted = Object.hasOwn(DEFAULTS, name) ? typeof DEFAULTS[name as keyof MultiPolicy] : undefined;
    if (wanted === undefined) {
      throw new TypeError(
        `Cannot use the option \`${name}\` of a MultiRedis: there are ${Object.keys(DEFAULTS).join(", ")}`,
      );
    }
    if (value !== undefined && (typeof value !== wanted || (wanted === "number" && !(value >= 1)))) {
      throw new RangeError(
        `Cannot use the option \`${name}\`: it must be ${
          wanted === "number" ? "a number from 1 up" : "true or false"
        }`,
      );
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}
