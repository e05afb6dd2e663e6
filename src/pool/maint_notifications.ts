/**
 * Notifications of planned maintenance, by Redis Cloud and Redis Software: a server that moves (MOVING), and one whose
 * data moves or that fails over (MIGRATING, FAILING_OVER).
 *
 * @module
 */
import type { BackgroundTimers } from "../connection/background_timers.ts";
import type { Connection } from "../connection/connection.ts";
import { isAddress } from "../connection/maint_command.ts";
import type { Timer } from "../clock.ts";
import { type ResolvedConnectionOptions, resolveOptions } from "../options.ts";
import type { Reply } from "../resp/types.ts";

/** The longest delay of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** The parts of a pool that the notifications concern. */
export interface MaintainedPool {
  /** The options of the connections. */
  readonly options: ResolvedConnectionOptions;
  /** The timers for work that no caller waits for. */
  readonly background: BackgroundTimers;
  /** Replaces a connection: at once if it is idle, else when its replies have arrived. */
  retire(connection: Connection): void;
}

/** Follows the notifications of one pool. */
export class MaintNotifications {
  readonly #pool: MaintainedPool;
  /** The replacements of connections that are due. */
  readonly #timers: Map<Connection, Timer> = new Map();
  #moved: ResolvedConnectionOptions | undefined = undefined;
  #until = 0;

  /** Has received nothing yet. */
  constructor(pool: MaintainedPool) {
    this.#pool = pool;
  }

  /** The options for new connections while a server moves; `undefined`: the usual ones. */
  get target(): ResolvedConnectionOptions | undefined {
    return this.#pool.options.clock.now() < this.#until ? this.#moved : undefined;
  }

  /** Receives a push frame of a connection. */
  received(connection: Connection, [kind, , seconds, endpoint]: readonly Reply[]): void {
    const { relaxedTimeout } = this.#pool.options.maintNotifications || { relaxedTimeout: 0 };
    if (kind === "MIGRATING" || kind === "FAILING_OVER") connection.link?.relax(relaxedTimeout);
    else if (kind === "MIGRATED" || kind === "FAILED_OVER") connection.link?.relax(0);
    else if (kind === "MOVING") {
      connection.link?.relax(relaxedTimeout);
      this.#move(connection, Number(seconds) * 1_000, textOf(endpoint));
    }
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
      const delay = Math.min(Math.max(time / 2, 0) || 0, LONGEST);
      this.#timers.set(connection, background.set(() => this.#pool.retire(connection), delay));
      return;
    }
    const [, host, port] = match as unknown as [string, string, string];
    this.#until = options.clock.now() + (time || 0);
    this.#moved = resolveOptions(options, { host, port: Number(port), ...this.#tlsName(host) });
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
