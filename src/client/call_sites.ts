/**
 * The details of errors that options ask for: the line of each call (`callSites`) and the arguments of the command
 * (`errorArguments`).
 *
 * @module
 */
import type { Command } from "../commands/command.ts";
import { RedisError } from "../errors.ts";
import { DelegatingExecutor } from "./delegating_executor.ts";
import type { Call, Executor } from "./executor.ts";

/** Adds details to the errors of commands. */
export class ErrorDetailsExecutor extends DelegatingExecutor {
  readonly #callSites: boolean;
  readonly #errorArguments: boolean;

  /** Adds the stack of the call, or the arguments of the command, or both. */
  constructor(inner: Executor, callSites: boolean, errorArguments: boolean) {
    super(inner);
    this.#callSites = callSites;
    this.#errorArguments = errorArguments;
  }

  /** @inheritdoc */
  override execute(command: Command, call: Call): Promise<unknown> {
    const site = this.#callSites ? new Error() : undefined;
    return this.inner.execute(command, call).catch((error) => {
      throw this.#explain(error, command, site);
    });
  }

  /** @inheritdoc */
  override async executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]> {
    const site = this.#callSites ? new Error() : undefined;
    const outcomes = await this.inner.executeAll(commands, call, atomic);
    outcomes.forEach((outcome, index) => this.#explain(outcome, commands[index], site));
    return outcomes;
  }

  /** Gives an error the stack of the call that it belongs to, and the arguments. */
  #explain(error: unknown, command: Command | undefined, site: Error | undefined): unknown {
    if (!(error instanceof RedisError)) return error;
    const stack = site?.stack;
    if (stack !== undefined) {
      error.stack = `${error.name}: ${error.message}${stack.slice(stack.indexOf("\n"))}`;
    }
    if (this.#errorArguments && command !== undefined) {
      const { spec: { name }, args } = command;
      error.command = { name, args: args.length, ...error.command, arguments: args };
    }
    return error;
  }
}
