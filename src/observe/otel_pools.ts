/**
 * Metrics of pools by the semantic conventions of OpenTelemetry:
 * https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#connection-pools
 *
 * @module
 */
import { systemClock } from "../clock.ts";
import { MaxConnectionsError } from "../errors.ts";
import type { ObservedPool } from "../observer.ts";
import { POOL } from "./otel_names.ts";
import type { OtelCounter, OtelHistogram, OtelMeter, OtelObservable } from "./otel_api.ts";

const STATE = "db.client.connection.state";

interface Numbers {
  readonly idle: number;
  readonly inUse: number;
  readonly waiting: number;
  readonly max: number;
  readonly minIdle: number;
}

const NONE: Numbers = { idle: 0, inUse: 0, waiting: 0, max: 0, minIdle: 0 };

/** Asks pools for their numbers when those are collected, and times how connections are opened and waited for. */
export class PoolMetrics {
  /** Weak references, so that counting does not keep a pool alive. */
  readonly #pools: Set<{ readonly ref: WeakRef<ObservedPool>; readonly name: string }> = new Set();
  readonly #names: Set<string> = new Set();
  readonly #createTime: OtelHistogram;
  readonly #waitTime: OtelHistogram;
  readonly #useTime: OtelHistogram;
  readonly #timeouts: OtelCounter;

  /** Makes the instruments; `durations` are the borders of buckets, in seconds. */
  constructor(meter: OtelMeter, durations: number[]) {
    const upDown = (name: string, unit: string, description: string): OtelObservable =>
      meter.createObservableUpDownCounter(`db.client.connection.${name}`, { unit, description });
    const time = (name: string, description: string): OtelHistogram =>
      meter.createHistogram(`db.client.connection.${name}`, {
        unit: "s",
        description,
        advice: { explicitBucketBoundaries: durations },
      });
    upDown("count", "{connection}", "Connections in the state described by the attribute.").addCallback(
      (result) => {
        this.#each(({ idle, inUse }, name) => {
          result.observe(idle, { [POOL]: name, [STATE]: "idle" });
          result.observe(inUse, { [POOL]: name, [STATE]: "used" });
        });
      },
    );
    upDown("max", "{connection}", "The maximum number of open connections allowed.").addCallback((result) => {
      this.#each(({ max }, name) => result.observe(max, { [POOL]: name }));
    });
    // No pool closes connections for being too many that are idle.
    upDown("idle.max", "{connection}", "The maximum number of idle open connections allowed.").addCallback(
      (result) => {
        this.#each(({ max }, name) => result.observe(max, { [POOL]: name }));
      },
    );
    upDown("idle.min", "{connection}", "The minimum number of idle open connections allowed.").addCallback(
      (result) => {
        this.#each(({ minIdle }, name) => result.observe(minIdle, { [POOL]: name }));
      },
    );
    upDown("pending_requests", "{request}", "Callers that wait for a connection.").addCallback((result) => {
      this.#each(({ waiting }, name) => result.observe(waiting, { [POOL]: name }));
    });
    this.#createTime = time("create_time", "The time it took to open a connection.");
    this.#waitTime = time("wait_time", "The time it took to get a connection from the pool.");
    this.#useTime = time("use_time", "The time between borrowing a connection and returning it to the pool.");
    this.#timeouts = meter.createCounter("db.client.connection.timeouts", {
      unit: "{timeout}",
      description: "Callers that got no connection in time.",
    });
  }

  /** Counts a pool until it is closed. */
  add(pool: ObservedPool, name: string): void {
    this.#names.add(name);
    this.#pools.add({ ref: new WeakRef(pool), name });
  }

  /** Times the opening of a connection; one that fails was not created. */
  async connect<T>(name: string, run: () => Promise<T>): Promise<T> {
    const start = systemClock.now();
    const connection = await run();
    this.#createTime.record((systemClock.now() - start) / 1000, { [POOL]: name });
    return connection;
  }

  /** Records the waiting time for a connection, and counts timeouts. */
  async acquire<T>(name: string, run: () => Promise<T>): Promise<T> {
    const start = systemClock.now();
    try {
      const connection = await run();
      this.#waitTime.record((systemClock.now() - start) / 1000, { [POOL]: name });
      return connection;
    } catch (error) {
      if (error instanceof MaxConnectionsError && error.code === "POOL_TIMEOUT") {
        this.#timeouts.add(1, { [POOL]: name });
      }
      throw error;
    }
  }

  /** A connection was held for `time` milliseconds. */
  returned(time: number, name: string): void {
    this.#useTime.record(time / 1000, { [POOL]: name });
  }

  /** Pools that share a name are one to the reader: their numbers are added up. */
  #each(tell: (numbers: Numbers, name: string) => void): void {
    // Without a final zero, SDKs would report the last number forever.
    const sums = new Map<string, Numbers>([...this.#names].map((name) => [name, NONE]));
    for (const entry of this.#pools) {
      const pool = entry.ref.deref();
      if (pool === undefined || pool.closed) {
        this.#pools.delete(entry);
        continue;
      }
      const { idle, inUse, waiting, max } = pool.stats();
      const sum = sums.get(entry.name)!;
      sums.set(entry.name, {
        idle: sum.idle + idle,
        inUse: sum.inUse + inUse,
        waiting: sum.waiting + waiting,
        max: sum.max + max,
        minIdle: sum.minIdle + pool.options.minIdle,
      });
    }
    for (const [name, numbers] of sums) tell(numbers, name);
  }
}
