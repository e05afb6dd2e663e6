/**
 * Optimistic locking: WATCH, reads, and a transaction that runs only if the watched keys have not changed.
 *
 * @module
 */
import type { Clock } from "../../clock.ts";
import { Command } from "../../commands/command.ts";
import { CommandMethods } from "../../commands/methods.ts";
import { WATCH } from "../../commands/function_specs.ts";
import { command } from "../../commands/raw.ts";
import type { Out, Wrap } from "../../commands/wrap.ts";
import type { Connection } from "../../connection/connection.ts";
import { withoutEffect } from "../../connection/failures.ts";
import { ConnectionError, PipelineError } from "../../errors.ts";
import type { BatchOperation } from "../../observer.ts";
import { guard, observe } from "../../observe/shield.ts";
import { targetOf } from "../../observe/target.ts";
import type { Arg, Reply } from "../../resp/types.ts";
import { DEFAULT_RETRY, retryDelay, type RetryPolicy } from "../../retry.ts";
import { sleep } from "../../connection/sleep.ts";
import { runBatch } from "./batch.ts";
import type { Call, Executor } from "../executor.ts";
import { runOn } from "../connections/dedicated_connection.ts";
import type { BatchAttempt, BatchConnection } from "./batch_connection.ts";
import { NamedPipeline, Pipeline } from "./pipeline.ts";
import { describeCommand } from "../observed_executor.ts";
import { checkBatched } from "../commands/unsupported_commands.ts";

/** The options of `watch()`. */
export interface WatchOptions {
  /** The maximum number of attempts. Default 10. */
  readonly attempts?: number;
}

/** The result of `watch()`: the results of the returned transaction, or any other returned value. */
export type Watched<R> = R extends Pipeline<infer _, infer T> ? T : R extends NamedPipeline<infer N> ? N : R;

const NEVER: RetryPolicy = { ...DEFAULT_RETRY, attempts: 0 };

/** The only connection there is. */
class OneConnection implements BatchConnection {
  readonly clock: Clock;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.clock = connection.options.clock;
  }

  submitBatch(group: BatchAttempt): void {
    const connection = this.#connection;
    if (connection.state === "ready") return group.send(connection);
    group.placeholder().reject(
      new ConnectionError(`Cannot run the transaction: the connection to ${connection.address} was lost`, {
        code: "LOST",
        executed: "no",
        cause: connection.cause,
      }),
    );
  }
}

/** Makes of a command what is sent. */
type Prepare = (command: Command) => Command;

/** A client on the connection that watches; made by `redis.watch()`. When its function has ended, it rejects all commands. */
export class WatchingClient<W extends Wrap> extends CommandMethods<W> {
  readonly #connection: Connection;
  readonly #call: Call;
  readonly #prepare: Prepare;
  #ended = false;

  /** `redis.watch()` makes it. */
  constructor(connection: Connection, call: Call, prepare: Prepare) {
    super();
    this.#connection = connection;
    this.#call = call;
    this.#prepare = prepare;
  }

  /** Executes a command that was made as a value. */
  override execute<T, B>(command: Command<T, B>): Out<W, T, B> {
    const { timeout } = this.#call;
    return this.#run(command, timeout === 0 ? Infinity : this.#connection.options.clock.now() + timeout);
  }

  /** Executes any command there is, or will be: its words, one by one. */
  command<T = Reply>(name: string, ...args: Arg[]): Promise<T> {
    return this.execute(command(name, ...args)) as Promise<T>;
  }

  /** A transaction that runs only if no watched key has been changed: return it, or call its `exec()`. */
  multi(): Pipeline<W> {
    const batchConnection = new OneConnection(this.#connection);
    // EXEC ends the watch with any reply. A retry of the transaction alone would run without the watch.
    const call = { ...this.#call, retry: NEVER };
    const executor = {
      executeAll: async (commands: readonly Command[]) => {
        this.#check("a transaction");
        const names = commands.map(({ spec }) => spec.name);
        return await observedOn(
          this.#connection,
          { kind: "batch", names, atomic: true },
          () => runBatch(batchConnection, commands.map(this.#prepare), call, true),
        );
      },
    };
    return new Pipeline({ executor, call }, true);
  }

  /**
   * Rejects later commands: the connection may belong to another caller by then.
   *
   * @internal
   */
  static end(client: WatchingClient<never>): void {
    client.#ended = true;
  }

  #check(name: string): void {
    if (!this.#ended) return;
    const message =
      `Cannot run ${name}: the function of watch() has ended, and with it the client that it was given`;
    throw new ConnectionError(message, { code: "CLOSED", executed: "no" });
  }

  async #run(command: Command, deadline: number): Promise<unknown> {
    this.#check(command.spec.name);
    checkBatched(command);
    return await runObserved(this.#connection, command, this.#prepare, this.#call, deadline);
  }
}

/** Runs a command on the connection, seen by its observer. */
function runObserved(
  connection: Connection,
  command: Command,
  prepare: Prepare,
  call: Call,
  deadline: number,
): Promise<unknown> {
  const run = (): Promise<unknown> => runOn(connection, prepare(command), call, deadline, 0);
  return observedOn(connection, describeCommand(command), run);
}

function observedOn<T>(
  { options }: Connection,
  operation: ReturnType<typeof describeCommand> | Omit<BatchOperation, "target">,
  run: () => Promise<T>,
): Promise<T> {
  const { observer } = options;
  if (observer === undefined || !guard(observer, () => observer.listens(operation.kind))) return run();
  return observe(observer, { ...operation, target: targetOf(options) }, run);
}

/** Runs `body` on a dedicated connection with watched keys, and repeats it until no watched key changes in between. */
export async function watch<W extends Wrap, R>(
  { executor, call, clock }: { readonly executor: Executor; readonly call: Call; readonly clock: Clock },
  keys: readonly Arg[],
  body: (client: WatchingClient<W>) => R | Promise<R>,
  { attempts = 10 }: WatchOptions = {},
): Promise<Watched<R>> {
  if (!Number.isSafeInteger(attempts) || attempts < 1) {
    throw new RangeError(`Cannot watch: \`attempts\` is ${attempts}, but must be 1 or more`);
  }
  if (keys.length === 0) throw new TypeError("Cannot watch: there is no key; give at least one");
  if (typeof body !== "function") {
    throw new TypeError(
      "Cannot watch: give a function, as in watch(key, async (tx) => tx.multi().incr(key))",
    );
  }
  const prepare: Prepare = (command) => executor.prepare?.(command) ?? command;
  let deadline = Infinity;
  const lease = (): Promise<Connection> => {
    if (call.timeout > 0) deadline = clock.now() + call.timeout;
    return executor.lease(call, keys);
  };
  let connection: Connection | undefined = await lease();
  try {
    for (let attempt = 1, turn = 0, repeat = 1, previousDelay = 0;; attempt++) {
      try {
        return await tryOnce(connection, call, deadline, keys, body, prepare);
      } catch (error) {
        // The key has moved, or its node has left: start again at the new node, without counting an attempt.
        if (isOfLease(error, connection) && await executor.redirected?.(error, turn, call) === true) {
          connection[Symbol.dispose]();
          // It may have another holder before the next lease fails.
          connection = undefined;
          connection = await lease();
          turn++;
          attempt--;
          continue;
        }
        if (!(error instanceof PipelineError) || error.executed !== "no") throw error;
        if (error.code !== "WATCH_CONFLICT") {
          // Temporarily refused: watch and read the keys again.
          const context = { attempt: repeat++, readonly: false, previousDelay, executed: error.executed };
          const delay = retryDelay(call.retry, error.cause, context, clock);
          if (delay === undefined || connection.state !== "ready") throw error;
          await sleep(clock, previousDelay = delay, call.signal);
          attempt--;
        } else if (attempt === attempts) throw gaveUp(error, attempts);
        if (call.timeout > 0) deadline = clock.now() + call.timeout;
      }
    }
  } finally {
    // The pool unwatches keys, or replaces the connection if replies are pending.
    connection?.[Symbol.dispose]();
  }
}

/** An error of a connection that is well is that of another, which the function has used beside. */
function isOfLease(error: unknown, connection: Connection): boolean {
  return !(error instanceof ConnectionError) || connection.state !== "ready";
}

async function tryOnce<W extends Wrap, R>(
  connection: Connection,
  call: Call,
  deadline: number,
  keys: readonly Arg[],
  body: (client: WatchingClient<W>) => R | Promise<R>,
  prepare: Prepare,
): Promise<Watched<R>> {
  await runObserved(connection, new Command(WATCH, keys), prepare, call, deadline).catch((error) => {
    throw withoutEffect(error);
  });
  const client = new WatchingClient<W>(connection, call, prepare);
  try {
    const result = await body(client);
    const ready = result instanceof Pipeline || result instanceof NamedPipeline;
    return (ready ? await (result as Pipeline<W>).exec() : result) as Watched<R>;
  } finally {
    WatchingClient.end(client as WatchingClient<never>);
  }
}

function gaveUp(last: PipelineError, attempts: number): PipelineError {
  const message = `Cannot run the transaction: others changed a watched key in each of ${attempts} tries`;
  const { code, executed, index, results } = last;
  return new PipelineError(message, { code, executed, index, results, cause: last });
}
