/**
 * The line of each call, for the stacks of errors: the option `callSites`.
 *
 * @module
 */
import type { Command } from "../commands/command.ts";
import { RedisError } from "../errors.ts";
import { DelegatingExecutor } from "./delegating_executor.ts";
import type { Call } from "./executor.ts";

/** Gives an error the stack of the call that it belongs to. */
function place(error: unknown, { stack }: Error): unknown {
  if (error instanceof RedisError && stack !== undefined) {
    error.stack = `${error.name}: ${error.message}${stack.slice(stack.indexOf("\n"))}`;
  }
  return error;
}

/** Notes the stack of each call. */
export class CallSiteExecutor extends DelegatingExecutor {
  /** @inheritdoc */
  override execute(command: Command, call: Call): Promise<unknown> {
    const site = new Error();
    return this.inner.execute(command, call).catch((error) => {
      throw place(error, site);
    });
  }

  /** @inheritdoc */
  override async executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]> {
    const site = new Error();
    const outcomes = await this.inner.executeAll(commands, call, atomic);
    for (const outcome of outcomes) place(outcome, site);
    return outcomes;
  }
}
