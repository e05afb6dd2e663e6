/**
 * Metrics of planned maintenance. The semantic conventions of OpenTelemetry have none, so the names are ours.
 *
 * @module
 */
import type { ObservedHandover, ObservedMaintenance } from "../observer.ts";
import type { OtelCounter, OtelMeter } from "./otel_api.ts";
import { POOL, serverAttributes } from "./otel_names.ts";

/** Counts notifications of maintenance, and connections that are replaced for it. */
export class MaintenanceMetrics {
  readonly #notifications: OtelCounter;
  readonly #handovers: OtelCounter;

  /** Makes the instruments. */
  constructor(meter: OtelMeter) {
    this.#notifications = meter.createCounter("db.client.maintenance.notifications", {
      unit: "{notification}",
      description: "Notifications of planned maintenance, by their kind.",
    });
    this.#handovers = meter.createCounter("db.client.connection.handovers", {
      unit: "{connection}",
      description: "Connections that are replaced because their server moves, by the new address.",
    });
  }

  /** Counts a notification. */
  announced({ notification }: ObservedMaintenance, name: string): void {
    this.#notifications.add(1, { [POOL]: name, "keywire.notification": notification });
  }

  /** Counts a connection that is replaced. */
  handedOver({ to }: ObservedHandover, name: string): void {
    this.#handovers.add(1, { [POOL]: name, ...to && serverAttributes(to) });
  }
}
