/**
 * Iterations over one of several databases: cursors belong to the server that replied with them.
 *
 * @module
 */
import { closedError } from "../client/commands/unsupported_commands.ts";
import type { Call, Executor } from "../client/executor.ts";
import type { Command } from "../commands/command.ts";
import { ConnectionError, type RedisError } from "../errors.ts";
import type { Failover, Work } from "./failover_call.ts";
import { isUnavailable, type MonitoredDatabase } from "./monitored_database.ts";

/** Runs the commands of an iteration. */
type Runner = Pick<Executor, "execute">;

/** The databases, as iterations see them. */
export interface IteratedDatabases extends Failover {
  /** All of them. */
  readonly databases: readonly MonitoredDatabase[];
  /** Runs a call on the database in use, or on the next one. */
  run<T>(call: Call, work: Work<T>): Promise<T>;
}

/** Returns a runner for each server of one database that holds keys: one, or the masters of a cluster. */
export async function shardsOf(target: IteratedDatabases, call: Call): Promise<readonly Runner[]> {
  let begun = target.current;
  const servers = await target.run(call, {
    commands: [],
    run: (executor, rest) => {
      begun = databaseOf(target, executor);
      return executor.shards?.(rest) ?? Promise.resolve(undefined);
    },
  });
  if (servers === undefined) return [pin(target)];
  return servers.map((server) => ({
    execute: (command, rest) => runThere(target, begun, server, command, rest),
  }));
}

/** Returns a runner whose first command chooses the database. */
export function pin(target: IteratedDatabases): Runner {
  let begun: MonitoredDatabase | undefined;
  return {
    execute: (command, call) => {
      if (begun !== undefined) return runThere(target, begun, begun.parts.executor, command, call);
      return target.run(call, {
        commands: [command],
        run: (executor, rest) => {
          begun = databaseOf(target, executor);
          return executor.execute(command, rest);
        },
      });
    },
  };
}

function databaseOf({ databases }: IteratedDatabases, executor: Executor): MonitoredDatabase {
  return databases.find(({ parts }) => parts.executor === executor)!;
}

/**
 * Runs a command where its iteration has begun.
 *
 * @throws {ConnectionError} with the code `CURSOR_LOST` if that database is unavailable.
 */
async function runThere(
  target: Failover,
  database: MonitoredDatabase,
  server: Runner,
  command: Command,
  call: Call,
): Promise<unknown> {
  if (target.closed) throw closedError(command.spec.name);
  if (!database.available) throw cursorLost(database, database.reason, "no");
  try {
    const value = await server.execute(command, call);
    database.succeeded();
    return value;
  } catch (error) {
    if (target.closed || call.signal?.aborted || !isUnavailable(error)) throw error;
    target.failed(database, error);
    throw cursorLost(database, error, error.executed);
  }
}

function cursorLost(
  { parts: { name } }: MonitoredDatabase,
  cause: Error | undefined,
  executed: RedisError["executed"],
): ConnectionError {
  const message =
    `Cannot continue the iteration: its cursor belongs to ${name}, which is unavailable; iterate again`;
  return new ConnectionError(message, { code: "CURSOR_LOST", executed, cause });
}
