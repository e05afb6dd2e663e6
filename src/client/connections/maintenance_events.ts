/**
 * The maintenance events of a pool.
 *
 * @module
 */
import type { MaintenanceDetail, TypedListener } from "../../events.ts";
import type { ConnectionPool } from "../../pool/pool.ts";

/**
 * Calls `listener` when a server announces maintenance. Returns a function that removes it; `undefined`: the options ask
 * for no announcements.
 */
export function onMaintenance(
  pool: ConnectionPool,
  listener: (detail: MaintenanceDetail) => void,
): (() => void) | undefined {
  if (!pool.options.connection.maintNotifications) return undefined;
  const forward: TypedListener<MaintenanceDetail> = ({ detail }) => listener(detail);
  pool.addEventListener("maintenance", forward);
  return () => pool.removeEventListener("maintenance", forward);
}
