/**
 * A dedicated connection: leased from the pool for one command.
 *
 * @module
 */
import { abortBy } from "../../connection/abort_group.ts";
import type { Clock } from "../../clock.ts";
import { type Command, CommandFlag } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import { commandTimeoutError, noConnectionYet, withUnknownOutcome } from "../../connection/failures.ts";
import { sleep } from "../../connection/sleep.ts";
import { type Limit, startLimit } from "../../connection/time_limit.ts";
import { Pending } from "../../connection/pending.ts";
import { isRefusal, RedisError, TimeoutError } from "../../errors.ts";
import type { Request } from "../../pool/leases.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import { searchDelay } from "../../pool/reconnect.ts";
import { retryDelay } from "../../retry.ts";
import type { Call } from "../executor.ts";
import type { BatchAttempt, BatchConnection } from "../pipeline/batch_connection.ts";
import { keepArguments } from "../commands/keep_arguments.ts";
import { closedError } from "../commands/unsupported_commands.ts";

/** Gets a connection for the command of this name, up to the deadline. */
export type Acquire = (name: string, call: Call, deadline: number) => Promise<Connection>;

/** The calls of one client that wait for a connection of their own. */
export class ConnectionWaits {
  /** Takes one from the pool, and can be refused meanwhile. */
  readonly acquire: Acquire;
  readonly #waits: Map<Limit, string> = new Map();

  /** Uses the connections of a pool. */
  constructor(pool: ConnectionPool) {
    this.acquire = (name, call, deadline) => acquireUntil(pool, name, call, deadline, { waits: this });
  }

  /** A call begins to wait. */
  add(limit: Limit, name: string): void {
    this.#waits.set(limit, name);
  }

  /** Removes a waiting call. */
  delete(limit: Limit): void {
    this.#waits.delete(limit);
  }

  /** The client is closed: none of them has been sent, and none will be. */
  refuse(): void {
    for (const [limit, name] of this.#waits) limit.abort(closedError(name));
  }
}

/**
 * Runs a command on a connection of its own. `blocks` is how long the server itself may wait, in milliseconds;
 * then the command has that and a grace from when it is sent, and `call.timeout` is for getting a connection.
 */
export async function runDedicated(
  pool: ConnectionPool,
  given: Command,
  call: Call,
  blocks: number,
  acquire: Acquire = (name, rest, until) => acquireUntil(pool, name, rest, until),
): Promise<unknown> {
  const { clock } = pool.options.connection;
  // The command may wait or be sent again, and the caller may change its buffers meanwhile.
  const command = keepArguments([given])[0]!;
  const deadline = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
  const readonly = (command.spec.flags & CommandFlag.readonly) !== 0;
  let previousDelay = 0;
  let mayHaveExecuted = false;
  let searches = 0;
  for (let attempt = 1;; attempt++) {
    let connection = pool.tryAcquire();
    try {
      // Opening is repeated where it is done.
      connection ??= await acquire(command.spec.name, call, deadline);
      const value = await runOn(connection, command, call, deadline, blocks);
      if (call.ran !== undefined) await call.ran(connection);
      return value;
    } catch (error) {
      // The pool that closes has ended it, and it has taken nothing.
      if (pool.closed && error instanceof RedisError && error.code === "UNBLOCKED") {
        throw closedError(command.spec.name);
      }
      const misplaced = connection !== undefined && pool.misplaced(error, connection);
      if (misplaced) connection!.disconnect();
      const delay = connection === undefined || call.signal?.aborted
        ? undefined
        : misplaced && isRefusal(error)
        ? searchDelay(++searches, clock)
        : retryDelay(call.retry, error, { attempt, readonly, previousDelay }, clock);
      if (delay === undefined || clock.now() + delay >= deadline) {
        throw mayHaveExecuted ? withUnknownOutcome(error) : error;
      }
      mayHaveExecuted ||= !(error instanceof RedisError && error.executed === "no");
      previousDelay = delay;
    } finally {
      // A reply that is still due (an abort, a deadline) makes the pool replace the connection.
      connection?.[Symbol.dispose]();
    }
    await sleep(clock, previousDelay, call.signal);
  }
}

/** Sends a command on a leased connection, within the remaining time. */
export function runOn(
  connection: Connection,
  command: Command,
  call: Call,
  deadline: number,
  blocks: number,
): Promise<unknown> {
  const { blockingGrace } = connection.options;
  // The time is up when the server's own is, and a grace for the way: not before, however short `timeout` is.
  const timeout = blocks === 0 ? call.timeout : blocks === Infinity ? 0 : blocks + blockingGrace;
  const pending = new Pending(command, call.mode, timeout);
  const promise = pending.promise();
  pending.coldFields.blocks = blocks;
  if (blocks === 0) pending.deadline = deadline;
  if (call.signal?.aborted) pending.reject(call.signal.reason);
  else if (blocks === 0 && deadline <= connection.options.clock.now()) {
    // The connection came too late.
    pending.reject(commandTimeoutError(command.spec.name, "no", timeout, connection.address));
  } else connection.enqueue(pending);
  if (call.signal !== undefined && !pending.done) abortBy(pending, call.signal);
  return promise;
}

/** Gives each group a connection of its own, for as long as it has it. For one batch. */
export class DedicatedBatchConnection implements BatchConnection {
  readonly #pool: ConnectionPool;
  readonly #call: Call;
  readonly #deadline: number;
  readonly #acquire: Acquire;
  #connection: Connection | undefined = undefined;
  #over = false;

  /** Uses the connections of a pool. The time of the call starts now. */
  constructor(
    pool: ConnectionPool,
    call: Call,
    acquire: Acquire = (name, rest, until) => acquireUntil(pool, name, rest, until),
  ) {
    this.#pool = pool;
    this.#call = call;
    this.#acquire = acquire;
    this.#deadline = call.timeout === 0 ? Infinity : this.clock.now() + call.timeout;
  }

  /** @inheritdoc */
  get clock(): Clock {
    return this.#pool.options.connection.clock;
  }

  /** The connection, while it is in use. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** @inheritdoc */
  ran(): Promise<void> | undefined {
    return this.#call.ran?.(this.#connection);
  }

  /** @inheritdoc */
  submitBatch(group: BatchAttempt): void {
    this.#giveBack();
    const placeholder = group.placeholder();
    const idle = this.#pool.tryAcquire();
    if (idle !== undefined) return this.#send(group, idle);
    this.#acquire(placeholder.command.spec.name, this.#call, this.#deadline).then(
      (connection) => {
        if (this.clock.now() < this.#deadline) return this.#send(group, connection);
        // The call was aborted or has expired.
        connection[Symbol.dispose]();
        const { name } = placeholder.command.spec;
        placeholder.reject(commandTimeoutError(name, "no", this.#call.timeout, connection.address));
      },
      (error) => placeholder.reject(error),
    );
  }

  /** @inheritdoc */
  misplaced(error: Error): boolean {
    const misplaced = this.#pool.misplaced(error, this.#connection);
    if (misplaced) this.#connection?.disconnect();
    return misplaced;
  }

  /** No group will come any more. */
  end(): void {
    this.#over = true;
    this.#giveBack();
  }

  #send(group: BatchAttempt, connection: Connection): void {
    if (this.#over) return connection[Symbol.dispose]();
    this.#connection = connection;
    group.send(connection);
  }

  #giveBack(): void {
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
  }
}

/**
 * Acquires a connection for `name`, until the deadline or the signal of the call. `retry` (default `true`): whether
 * to retry after a failed attempt. `waits` records the waiting call.
 */
export async function acquireUntil(
  pool: ConnectionPool,
  name: string,
  call: Call,
  deadline: number,
  { retry = true, waits }: { readonly retry?: boolean; readonly waits?: ConnectionWaits } = {},
): Promise<Connection> {
  const { clock } = pool.options.connection;
  let last: Error | undefined;
  const error = (): Error => waitedError(name, call.timeout, pool, last);
  const left = deadline - clock.now();
  if (left <= 0) throw error();
  const limit = startLimit(clock, left === Infinity ? 0 : left, error, call.signal);
  waits?.add(limit, name);
  try {
    const request: Request = { signal: limit.signal, retry, failed: (cause) => last = cause };
    return await pool.acquire(request);
  } finally {
    waits?.delete(limit);
    limit.release();
  }
}

/** The error for a command whose time was up before it had a connection; `last` is why the last try failed. */
function waitedError(
  name: string,
  timeout: number,
  pool: ConnectionPool,
  last: Error | undefined,
): TimeoutError {
  const { waiting, max } = pool.stats();
  const none = waiting > 0 ? `all ${max} stayed in use` : noConnectionYet(String(pool.options.connection));
  return new TimeoutError(
    `${name} waited ${timeout} ms for a connection to ${pool.options.connection}: ${last?.message ?? none}`,
    { code: "COMMAND_TIMEOUT", executed: "no", cause: last },
  );
}
