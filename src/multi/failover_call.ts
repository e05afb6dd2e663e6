/**
 * A call of a `MultiRedis`: tried on the database in use, and again while that is safe and there is time.
 *
 * @module
 */
import { closedError } from "../client/commands/unsupported_commands.ts";
import type { Call, Executor } from "../client/executor.ts";
import type { Clock } from "../clock.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import { RedisError } from "../errors.ts";
import { isUnavailable, type MonitoredDatabase } from "./monitored_database.ts";
import type { RetriedCall, RetryQueue } from "./retry_queue.ts";

/** Milliseconds between two tries of a call while there is no better database. */
export const RETRY_PAUSE = 50;

/** The databases, as a call sees them. */
export interface Failover {
  readonly clock: Clock;
  /** The calls that wait. */
  readonly queue: RetryQueue;
  /** Whether the client has been closed. */
  readonly closed: boolean;
  /** The database in use. */
  readonly current: MonitoredDatabase;
  /** Selects the database to use. */
  choose(): void;
  /** Counts a failure of a database. */
  failed(database: MonitoredDatabase, error: RedisError): void;
  /** Returns the error of a call for which no database is available. */
  noDatabase(): RedisError;
}

/** The commands of a call. */
export interface Work<T> {
  readonly commands: readonly Command[];
  /** Sends them. */
  run(executor: Executor, rest: Call): Promise<T>;
  /** The outcomes in the value of a batch. */
  outcomesOf?(value: T): readonly unknown[];
}

/** Whether commands may be sent again after this error: nothing has run, or they only read. */
function mayRepeat(error: unknown, commands: readonly Command[]): boolean {
  return error instanceof RedisError && (error.executed === "no" ||
    commands.every(({ spec: { flags } }) => (flags & CommandFlag.readonly) !== 0));
}

/** A call, with one time limit over all tries. */
export class FailoverCall<T> implements RetriedCall {
  /** @inheritdoc */
  readonly sequence: number;
  /** @inheritdoc */
  readonly end: number;
  /** Settles when the call does. */
  readonly value: Promise<T>;
  /** @inheritdoc */
  readonly reject: (error: unknown) => void;
  readonly #resolve: (value: T) => void;
  readonly #failover: Failover;
  readonly #call: Call;
  readonly #work: Work<T>;
  #reason: RedisError | undefined;

  /** Waits for {@linkcode start}. */
  constructor(sequence: number, failover: Failover, call: Call, work: Work<T>) {
    this.sequence = sequence;
    this.end = call.timeout === 0 ? Infinity : failover.clock.now() + call.timeout;
    let settle!: { resolve(value: T): void; reject(error: unknown): void };
    this.value = new Promise((resolve, reject) => settle = { resolve, reject });
    this.reject = settle.reject;
    this.#resolve = settle.resolve;
    this.#failover = failover;
    this.#call = call;
    this.#work = work;
  }

  /** @inheritdoc */
  get signal(): AbortSignal | undefined {
    return this.#call.signal;
  }

  /** @inheritdoc */
  start(): void {
    const failover = this.#failover;
    if (failover.closed) return this.reject(closedError(this.#work.commands[0]?.spec.name ?? "a command"));
    const timeout = this.end === Infinity ? 0 : this.end - failover.clock.now();
    // A limit of 0 would be none.
    if (this.end !== Infinity && timeout <= 0) return this.reject(this.#reason ?? failover.noDatabase());
    if (!failover.current.available) failover.choose();
    const database = failover.current;
    if (!database.available) return this.#retryLater();
    database.running++;
    void this.#try(database, { ...this.#call, timeout });
  }

  async #try(database: MonitoredDatabase, rest: Call): Promise<void> {
    try {
      this.#succeeded(database, await this.#work.run(database.parts.executor, rest));
    } catch (error) {
      this.#failed(database, error);
    }
    database.running--;
    // The other calls of a database that is lost have failed or are in the queue: their order is known.
    if (database.running === 0 && !database.available && this.#failover.queue.busy) {
      this.#failover.queue.start();
    }
  }

  #succeeded(database: MonitoredDatabase, value: T): void {
    const outcomes = this.#work.outcomesOf?.(value) ?? [];
    const error = outcomes.find(isUnavailable);
    if (error === undefined) {
      database.succeeded();
      return this.#resolve(value);
    }
    this.#failover.failed(database, error);
    // If some have run, the others are not repeated: their order would be lost.
    const repeated = outcomes.every((outcome) => mayRepeat(outcome, this.#work.commands));
    if (this.#failover.closed || !repeated) return this.#resolve(value);
    this.#retry(database, error);
  }

  #failed(database: MonitoredDatabase, error: unknown): void {
    if (this.#failover.closed || this.signal?.aborted || !isUnavailable(error)) return this.reject(error);
    this.#failover.failed(database, error);
    if (!mayRepeat(error, this.#work.commands)) return this.reject(error);
    this.#retry(database, error);
  }

  #retry(database: MonitoredDatabase, error: RedisError): void {
    // A read that may have run stays one, also if the next database cannot be reached.
    if (this.#reason?.executed !== "unknown") this.#reason = error;
    const { current, queue } = this.#failover;
    if (current === database || !current.available) return this.#retryLater();
    // Earlier calls may still be about to fail at the database that is lost.
    queue.add(this, database.available ? 0 : RETRY_PAUSE);
  }

  #retryLater(): void {
    const { clock, queue } = this.#failover;
    if (clock.now() + RETRY_PAUSE >= this.end) {
      return this.reject(this.#reason ?? this.#failover.noDatabase());
    }
    queue.add(this, RETRY_PAUSE);
  }
}
