/**
 * The methods of all commands for the small client, which alone executes commands as values. A bundle with them is
 * half as large as one with `Redis`.
 *
 * @example
 * ```ts
 * import { connect } from "@keywire/redis/core";
 * import { withMethods } from "@keywire/redis/methods";
 *
 * await using client = await connect("redis://localhost:6379");
 * const redis = withMethods(client);
 * await redis.set("greeting", "hello", { ex: 60 });
 * console.log(await redis.get("greeting"));
 * ```
 *
 * @module
 */
import type { Command } from "../commands/command.ts";
import { CommandMethods } from "../commands/methods.ts";
import type { TextPromise } from "../commands/wrap.ts";

export type * from "../commands/command.ts";
export type { Out, Text, TextPromise, Value, Wrap } from "../commands/wrap.ts";
export type { CommandMethods };

/** Executes commands: a client of `@keywire/redis/core`. */
export interface CommandExecutor {
  /** Executes a command; resolves with its reply. */
  execute<T, B>(command: Command<T, B>): Promise<T>;
}

class Methods extends CommandMethods<TextPromise> {
  readonly #client: CommandExecutor;

  constructor(client: CommandExecutor) {
    super();
    this.#client = client;
  }

  override execute<T, B>(command: Command<T, B>): Promise<T> {
    return this.#client.execute(command);
  }
}

/**
 * Returns an object with the methods of all commands, which the client executes. Replies are text. Blocking commands
 * and commands that change the state of the connection reject with the code `UNFIT`.
 */
export function withMethods(client: CommandExecutor): CommandMethods<TextPromise> {
  return new Methods(client);
}
