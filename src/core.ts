/**
 * The small way in: a client without methods, for programs that must stay small. What they use of the commands they
 * import; the others fall away in a bundle. Beside `mod.ts` this is the other place that knows the transports.
 *
 * ```ts
 * import { connect } from "@keywire/redis/core";
 * import { get, set } from "@keywire/redis/commands";
 *
 * await using client = await connect("redis://localhost:6379");
 * await client.execute(set("greeting", "hello"));
 * await client.execute(get("greeting")); // "hello"
 * ```
 *
 * @module
 */
import { runtimeTransport } from "../transports/runtime.ts";
import type { Call } from "./client/executor.ts";
import { StandaloneExecutor } from "./client/standalone.ts";
import { checkBatched } from "./client/refusals.ts";
import type { Command } from "./commands/command.ts";
import { modeOf } from "./connection/connection.ts";
import type { Executor } from "./client/executor.ts";
import { type RedisOptions, resolveRedisOptions } from "./options.ts";
import { ConnectionPool } from "./pool/pool.ts";

/** The replies of a list of commands, as text; errors stand in their places. */
export type Outcomes<C extends readonly Command[]> = {
  -readonly [K in keyof C]: C[K] extends Command<infer T, infer _> ? T | Error : never;
};

/** A client that executes commands made as values, and no more; from {@linkcode connect}. */
export class CoreClient {
  readonly #executor: Executor;
  readonly #call: Call;

  /** {@linkcode connect} makes them. */
  constructor(executor: Executor, call: Call) {
    this.#executor = executor;
    this.#call = call;
  }

  /**
   * Executes a command.
   *
   * @throws {RedisError} with `executed`, when it fails.
   */
  execute<T, B>(command: Command<T, B>): Promise<T> {
    return this.#executor.execute(command, this.#call) as Promise<T>;
  }

  /**
   * Sends commands together and resolves with their outcomes; the errors of those that failed stand in their places.
   * `atomic`: as one transaction.
   *
   * @throws {RedisError} for a command that blocks, or changes the state of its connection.
   */
  async executeAll<const C extends readonly Command[]>(
    commands: C,
    options: { readonly atomic?: boolean } = {},
  ): Promise<Outcomes<C>> {
    for (const command of commands) checkBatched(command);
    return await this.#executor.executeAll(commands, this.#call, options.atomic) as Outcomes<C>;
  }

  /** Ends the client: what is on its way comes back, what comes later is refused. Never rejects. */
  close(): Promise<void> {
    return this.#executor.close();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Connects to a server; it comes back by itself when the connection is lost. Options are a URL, an object, or both:
 * the object goes over the URL.
 *
 * @throws {TypeError | RangeError} for an option that is unknown or wrong.
 * @throws {ConnectionError | TimeoutError | AuthenticationError} when no connection can be made.
 */
export async function connect(
  options: string | URL | RedisOptions<ConnectionPool> = {},
  over?: RedisOptions<ConnectionPool>,
): Promise<CoreClient> {
  const resolved = resolveRedisOptions<ConnectionPool>(options, over);
  const { connection, multiplex } = resolved;
  const pool = resolved.pool ??
    new ConnectionPool(
      resolved.poolOptions,
      connection.transport === undefined ? { transport: runtimeTransport } : {},
    );
  const executor = new StandaloneExecutor(pool, { multiplex, owner: resolved.pool === undefined });
  const { commandTimeout: timeout, retry } = connection;
  const client = new CoreClient(executor, { mode: modeOf(connection), timeout, signal: undefined, retry });
  try {
    await executor.connect({ signal: undefined });
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}
