/**
 * Notifications of planned maintenance, by Redis Cloud and Redis Software: a server that moves (MOVING), and one whose
 * data moves or that fails over (MIGRATING, FAILING_OVER; in a cluster SMIGRATING).
 *
 * @module
 */
import type { BackgroundTimers } from "../connection/background_timers.ts";
import type { Connection } from "../connection/connection.ts";
import { isAddress } from "../connection/maint_command.ts";
import type { Timer } from "../clock.ts";
import type { MaintenanceDetail } from "../events.ts";
import { notify } from "../observe/target.ts";
import type { ObservedHandover } from "../observer.ts";
import { type ResolvedConnectionOptions, resolveOptions } from "../options.ts";
import type { Reply } from "../resp/types.ts";

/** The longest delay of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** The beginnings and ends of maintenance. */
const KINDS = /^(MOVING|S?MIGRATING|S?MIGRATED|FAILING_OVER|FAILED_OVER)$/;

/** The number of announcements that are remembered. */
const REMEMBERED = 64;

/** The parts of a pool that the notifications concern. */
export interface MaintainedPool {
  /** The options of the connections. */
  readonly options: ResolvedConnectionOptions;
  /** The timers for work that no caller waits for. */
  readonly background: BackgroundTimers;
  /** Replaces a connection: at once if it is idle, else when its replies have arrived. */
  retire(connection: Connection): void;
  /** Emits the event for an announcement. */
  announce(detail: MaintenanceDetail): void;
}

/** Follows the notifications of one pool. */
export class MaintNotifications {
  readonly #pool: MaintainedPool;
  /** The replacements of connections that are due. */
  readonly #timers: Map<Connection, Timer> = new Map();
  #moved: ResolvedConnectionOptions | undefined = undefined;
  #until = 0;
  /** The announcements that have been reported: each connection receives them. */
  readonly #known: Set<string> = new Set();

  /** Has received nothing yet. */
  constructor(pool: MaintainedPool) {
    this.#pool = pool;
  }

  /** The options for new connections while a server moves; `undefined`: the usual ones. */
  get target(): ResolvedConnectionOptions | undefined {
    return this.#pool.options.clock.now() < this.#until ? this.#moved : undefined;
  }

  /** Receives a push frame of a connection. */
  received(connection: Connection, [kind, id, seconds, endpoint]: readonly Reply[]): void {
    if (typeof kind !== "string" || !KINDS.test(kind)) return;
    const { relaxedTimeout } = this.#pool.options.maintNotifications || { relaxedTimeout: 0 };
    const begins = kind.endsWith("ING") || kind === "FAILING_OVER";
    connection.link?.relax(begins ? relaxedTimeout : 0);
    const address = kind === "MOVING" ? textOf(endpoint) : "";
    const time = begins && kind !== "SMIGRATING" ? Number(seconds) * 1_000 || 0 : undefined;
    this.#report(`${kind} ${id} ${address}`, {
      notification: kind,
      time,
      endpoint: address === "" ? undefined : address,
    });
    if (kind === "MOVING") this.#move(connection, time!, address);
  }

  #report(key: string, detail: MaintenanceDetail): void {
    if (this.#known.has(key)) return;
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.add(key);
    const { notification, time } = detail;
    notify(
      this.#pool.options,
      (observer, target) => observer.maintenance?.({ notification, time }, target),
    );
    this.#pool.announce(detail);
  }

  /** A connection has ended. */
  ended(connection: Connection): void {
    const timer = this.#timers.get(connection);
    if (timer === undefined) return;
    this.#timers.delete(connection);
    this.#pool.background.clear(timer);
  }

  /** The server leaves its address within `time` milliseconds; without an endpoint the name will lead to another one. */
  #move(connection: Connection, time: number, endpoint: string): void {
    const { options, background } = this.#pool;
    const match = /^\[?([^[\]]+?)\]?:(\d+)$/.exec(endpoint);
    if (match === null) {
      this.ended(connection);
      const delay = Math.min(Math.max(time / 2, 0), LONGEST);
      this.#timers.set(connection, background.set(() => this.#handOver(connection, undefined), delay));
      return;
    }
    const [, host, port] = match as unknown as [string, string, string];
    this.#until = options.clock.now() + time;
    this.#moved = resolveOptions(options, { host, port: Number(port), ...this.#tlsName(host) });
    this.#handOver(connection, { address: host, port: Number(port) });
  }

  #handOver(connection: Connection, to: ObservedHandover["to"]): void {
    notify(this.#pool.options, (observer, target) => observer.handedOver?.({ to }, target));
    this.#pool.retire(connection);
  }

  /** The certificate names the usual host, if the new one is an address. */
  #tlsName(host: string): object {
    const { tls, host: usual } = this.#pool.options;
    const named = tls === undefined || tls.serverName !== undefined || !isAddress(host) || isAddress(usual);
    return named ? {} : { tls: { serverName: usual } };
  }
}

/** Text, or ASCII in bytes; `null` is no endpoint. */
function textOf(value: Reply | undefined): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value ?? "");
}
