/**
 * One of several databases: its circuit breaker and its health checks.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Executor } from "../client/executor.ts";
import { Command } from "../commands/command.ts";
import { PING } from "../commands/function_specs.ts";
import { resolveRetry } from "../options/resolve.ts";
import {
  AuthenticationError,
  ClusterError,
  ConnectionError,
  RedisError,
  ReplyError,
  TimeoutError,
} from "../errors.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import type { MultiPolicy } from "./options.ts";

/** Replies of servers that cannot serve at present. */
const DOWN = /^(LOADING|MASTERDOWN|CLUSTERDOWN|READONLY|NOREPLICAS|MISCONF)$/;

/** Errors of limits of the client itself. */
const LOCAL = /^(QUEUE_FULL|MAX_CONNECTIONS|POOL_TIMEOUT)$/;

/** Whether an error shows that a database cannot be used, or cannot be reached. */
export function isUnavailable(error: unknown): error is RedisError {
  if (!(error instanceof RedisError)) return false;
  if (error instanceof ReplyError) return DOWN.test(error.code);
  if (error instanceof ClusterError) return error.code !== "CROSSSLOT";
  if (LOCAL.test(error.code)) return false;
  return error instanceof TimeoutError || error instanceof ConnectionError ||
    error instanceof AuthenticationError;
}

/** The parts of a database. */
export interface DatabaseParts {
  /** Its address, or the name of its client. */
  readonly name: string;
  /** The preference. */
  readonly weight: number;
  /** The options of its connections. */
  readonly options: ResolvedConnectionOptions;
  /** Runs commands there. */
  readonly executor: Executor;
  /** Closes its connections, so that commands that wait for a reply reject. */
  disconnect(cause: Error): void;
}

/** A database, and whether it is available. */
export class MonitoredDatabase {
  /** The parts. */
  readonly parts: DatabaseParts;
  /** Whether it is used when it has the greatest weight. */
  available = true;
  /** The error that made it unavailable. */
  reason: Error | undefined = undefined;
  /** The number of calls that run there. */
  running = 0;
  readonly #policy: MultiPolicy;
  readonly #clock: Clock;
  #failedChecks = 0;
  #failedCommands = 0;
  #closedUntil = 0;

  /** Is available until the contrary is shown. */
  constructor(parts: DatabaseParts, policy: MultiPolicy, clock: Clock) {
    this.parts = parts;
    this.#policy = policy;
    this.#clock = clock;
  }

  /** A command has got a reply. */
  succeeded(): void {
    this.#failedCommands = 0;
  }

  /** A command has failed for a reason that concerns the database. */
  failed(error: Error): void {
    if (++this.#failedCommands >= this.#policy.commandFailures) this.lose(error);
  }

  /** Sends PING to all its servers with keys; never rejects. The grace period does not hold if the database is `needed`. */
  async check(needed: () => boolean): Promise<void> {
    const { healthCheckTimeout: timeout, healthCheckFailures } = this.#policy;
    const call = { mode: 0, timeout, signal: undefined, retry: resolveRetry(false) };
    const { executor } = this.parts;
    try {
      const servers = await executor.shards?.(call) ?? [executor];
      await Promise.all(servers.map((server) => server.execute(new Command(PING, []), call)));
      this.#failedChecks = 0;
      if (!this.available && (needed() || this.#clock.now() >= this.#closedUntil)) this.recover();
    } catch (error) {
      if (++this.#failedChecks >= healthCheckFailures) this.lose(error as Error);
    }
  }

  /** Makes it available. */
  recover(): void {
    this.available = true;
    this.#failedCommands = 0;
    this.reason = undefined;
  }

  /** Makes it unavailable, at least for the grace period. */
  lose(error: Error): void {
    this.#failedCommands = 0;
    this.#closedUntil = this.#clock.now() + this.#policy.gracePeriod;
    this.available = false;
    this.reason = error;
  }
}
