/**
 * Metrics of clusters and of failovers between databases. The semantic conventions of OpenTelemetry have none, so the names are ours.
 *
 * @module
 */
import type { ObservedFailover, ObservedRedirection, ObservedRefresh } from "../observer.ts";
import type { OtelCounter, OtelMeter } from "./otel_api.ts";
import { errorType, POOL, poolName, serverAttributes } from "./otel_names.ts";

/** Counts redirections, refreshes and failovers. */
export class ClusterMetrics {
  readonly #redirections: OtelCounter;
  readonly #refreshes: OtelCounter;
  readonly #failovers: OtelCounter;

  /** Makes the instruments. */
  constructor(meter: OtelMeter) {
    this.#redirections = meter.createCounter("db.client.cluster.redirections", {
      unit: "{redirection}",
      description: "MOVED and ASK replies of the nodes of a cluster.",
    });
    this.#refreshes = meter.createCounter("db.client.cluster.refreshes", {
      unit: "{refresh}",
      description: "Queries of a cluster's nodes for its slots, by their reason.",
    });
    this.#failovers = meter.createCounter("db.client.failovers", {
      unit: "{failover}",
      description: "Changes to another database, by the database that is used now and the one before.",
    });
  }

  /** Counts a redirection, by the node that sent it. */
  redirected({ code, from }: ObservedRedirection, name: string): void {
    const server = from && serverAttributes(from);
    this.#redirections.add(1, { [POOL]: name, "db.response.status_code": code, ...server });
  }

  /** Counts a refresh, by its reason and its failure. */
  refreshed({ reason, error }: ObservedRefresh, name: string): void {
    const failure = error && { "error.type": errorType(error) };
    this.#refreshes.add(1, { [POOL]: name, "keywire.reason": reason, ...failure });
  }

  /** Counts a failover, by both databases and the error that caused it. */
  failedOver({ from, error }: ObservedFailover, name: string): void {
    const failure = error && { "error.type": errorType(error) };
    this.#failovers.add(1, { [POOL]: name, "keywire.failover.from": poolName(from), ...failure });
  }
}
