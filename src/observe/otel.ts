/**
 * OpenTelemetry for Keywire: spans and metrics of commands, metrics of pools, by the semantic conventions for databases.
 *
 * ```ts
 * import * as api from "@opentelemetry/api";
 * import { Redis } from "@keywire/redis";
 * import { openTelemetry } from "@keywire/redis/otel";
 *
 * await using redis = new Redis("redis://localhost:6379/0", { observer: openTelemetry({ api }) });
 * await redis.get("greeting"); // a span "GET localhost:6379", and a point in db.client.operation.duration
 * ```
 *
 * Only names and numbers are recorded: no arguments, no replies, no credentials.
 *
 * @module
 */
import { systemClock } from "../clock.ts";
import type {
  BatchOperation,
  CommandOperation,
  ObservedCache,
  ObservedFailover,
  ObservedHandover,
  ObservedMaintenance,
  ObservedPool,
  ObservedRedirection,
  ObservedRefresh,
  Observer,
  Operation,
  Target,
} from "../observer.ts";
import type { OpenTelemetryApi, OtelAttributes, OtelHistogram, OtelTracer } from "./otel_api.ts";
import { attributesOf, errorAttributes, nameOf, poolName, routeAttributes, spanName } from "./otel_names.ts";
import { CacheMetrics } from "./otel_caches.ts";
import { ClusterMetrics } from "./otel_clusters.ts";
import { MaintenanceMetrics } from "./otel_maintenance.ts";
import { PoolMetrics } from "./otel_pools.ts";

export type * from "./otel_api.ts";
export type {
  ObservedCache,
  ObservedFailover,
  ObservedHandover,
  ObservedMaintenance,
  ObservedPool,
  ObservedRedirection,
  ObservedRefresh,
  ObservedRoute,
  Observer,
  Operation,
  Target,
} from "../observer.ts";

/** The options of {@linkcode openTelemetry}. */
export interface OpenTelemetryOptions {
  /** The whole module: `import * as api from "@opentelemetry/api"`. */
  readonly api: OpenTelemetryApi;
  /** Make a span of each command and of each batch. Default `true`. */
  readonly spans?: boolean;
  /** Record `db.client.operation.duration` and the metrics of pools, client-side caches, clusters and maintenance. Default `true`. */
  readonly metrics?: boolean;
}

/** The name of tracer and meter. */
const SCOPE = "@keywire/redis";
/** The buckets in seconds, from the conventions. */
const DURATIONS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** Records to one OpenTelemetry API. */
class OpenTelemetryObserver implements Observer {
  readonly #api: OpenTelemetryApi;
  readonly #tracer: OtelTracer | undefined;
  readonly #duration: OtelHistogram | undefined;
  readonly #pools: PoolMetrics | undefined;
  readonly #caches: CacheMetrics | undefined;
  readonly #clusters: ClusterMetrics | undefined;
  readonly #maintenance: MaintenanceMetrics | undefined;

  constructor({ api, spans = true, metrics = true }: OpenTelemetryOptions) {
    this.#api = api;
    if (spans) this.#tracer = api.trace.getTracer(SCOPE);
    if (!metrics) return;
    const meter = api.metrics.getMeter(SCOPE);
    this.#duration = meter.createHistogram("db.client.operation.duration", {
      unit: "s",
      description: "Duration of database client operations.",
      advice: { explicitBucketBoundaries: DURATIONS },
    });
    this.#pools = new PoolMetrics(meter, DURATIONS);
    this.#caches = new CacheMetrics(meter);
    this.#clusters = new ClusterMetrics(meter);
    this.#maintenance = new MaintenanceMetrics(meter);
  }

  /** @inheritdoc */
  listens(kind: Operation["kind"]): boolean {
    return kind === "command" || kind === "batch" ? true : this.#pools !== undefined;
  }

  /** @inheritdoc */
  observe<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
    switch (operation.kind) {
      case "connect":
        return this.#pools!.connect(poolName(operation.target), run);
      case "acquire":
        return this.#pools!.acquire(poolName(operation.target), run);
      default:
        return this.#operation(operation, run);
    }
  }

  /** @inheritdoc */
  pool(pool: ObservedPool, target: Target): void {
    this.#pools?.add(pool, poolName(target));
  }

  /** @inheritdoc */
  cache(cache: ObservedCache, target: Target): void {
    this.#caches?.add(cache, poolName(target));
  }

  /** @inheritdoc */
  returned(time: number, target: Target): void {
    this.#pools?.returned(time, poolName(target));
  }

  /** @inheritdoc */
  redirected(redirection: ObservedRedirection, target: Target): void {
    this.#clusters?.redirected(redirection, poolName(target));
  }

  /** @inheritdoc */
  refreshed(refresh: ObservedRefresh, target: Target): void {
    this.#clusters?.refreshed(refresh, poolName(target));
  }

  /** @inheritdoc */
  failedOver(failover: ObservedFailover, target: Target): void {
    this.#clusters?.failedOver(failover, poolName(target));
  }

  /** @inheritdoc */
  maintenance(maintenance: ObservedMaintenance, target: Target): void {
    this.#maintenance?.announced(maintenance, poolName(target));
  }

  /** @inheritdoc */
  handedOver(handover: ObservedHandover, target: Target): void {
    this.#maintenance?.handedOver(handover, poolName(target));
  }

  async #operation<T>(operation: CommandOperation | BatchOperation, run: () => Promise<T>): Promise<T> {
    const api = this.#api;
    const name = nameOf(operation);
    const attributes = attributesOf(operation, name);
    const start = systemClock.now();
    const context = api.context.active();
    const span = this.#tracer?.startSpan(
      spanName(operation, name),
      { kind: api.SpanKind.CLIENT, attributes: { ...attributes.common, ...attributes.span } },
      context,
    );
    let failure: OtelAttributes | undefined;
    try {
      if (span === undefined) return await run();
      // Operations that the command causes (such as connecting) are children of its span.
      return await (api.context.with(api.trace.setSpan(context, span), run) as Promise<T>);
    } catch (error) {
      failure = errorAttributes(error);
      const { executed, ...told } = failure;
      span?.setAttributes(executed === undefined ? told : { ...told, "keywire.executed": executed });
      span?.setStatus({ code: api.SpanStatusCode.ERROR, message: messageOf(error) });
      failure = told;
      throw error;
    } finally {
      const route = operation.route && routeAttributes(operation.route);
      if (route !== undefined) span?.setAttributes({ ...route.server, ...route.span });
      this.#duration?.record((systemClock.now() - start) / 1000, {
        ...attributes.common,
        ...route?.server,
        ...failure,
      });
      span?.end();
    }
  }
}

function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined;
}

/**
 * An observer that records to OpenTelemetry; give it as the option `observer` to clients and pools. One may serve many.
 *
 * @example
 * ```ts
 * import * as api from "@opentelemetry/api";
 * import { ConnectionPool } from "@keywire/redis";
 * import { openTelemetry } from "@keywire/redis/otel";
 *
 * const observer = openTelemetry({ api, spans: false }); // metrics only
 * await using pool = new ConnectionPool({ observer });
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions): Observer {
  return new OpenTelemetryObserver(options);
}
