/**
 * The one error that stands for what failed in a pipeline or a transaction.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { type Executed, PipelineError, RedisError } from "../../errors.ts";

/** The error for the first outcome that is one; `undefined` when none is. */
export function firstFailure(
  commands: readonly Command[],
  outcomes: readonly unknown[],
  atomic: boolean,
): PipelineError | undefined {
  let index = outcomes.findIndex((outcome) => outcome instanceof Error);
  if (index < 0) return undefined;
  // Refused commands are the reason why the others did not run, so report the first of them.
  const aborted = atomic &&
    outcomes.some((outcome) =>
      outcome instanceof RedisError && outcome.code === "EXECABORT" && outcome.executed === "no"
    );
  if (aborted) {
    const refused = outcomes.findIndex((outcome) =>
      outcome instanceof Error && codeOf(outcome) !== "EXECABORT"
    );
    if (refused >= 0) index = refused;
  }
  const cause = outcomes[index] as Error;
  const what = atomic ? "transaction" : "pipeline";
  const message = outcomes.every((outcome) => outcome === cause)
    ? `The ${what} failed: ${cause.message}`
    : aborted
    ? `The transaction was not run: its command ${index + 1} of ${outcomes.length} ` +
      `(${commands[index]!.spec.name}) was refused: ${cause.message}`
    : `Command ${index + 1} of ${outcomes.length} of the ${what} ` +
      `(${commands[index]!.spec.name}) failed: ${cause.message}`;
  const code = aborted ? "EXECABORT" : codeOf(cause);
  const error = new PipelineError(message, {
    code,
    executed: executedOf(outcomes),
    cause,
    index,
    results: outcomes,
  });
  const { spec: { name }, args } = commands[index]!;
  error.command = { name, args: args.length };
  if (cause instanceof RedisError) {
    cause.command ??= error.command;
    // With the arguments, if an option asks for them.
    if (cause.command.name === name) error.command = cause.command;
  }
  return error;
}

function codeOf(error: Error): string {
  return error instanceof RedisError ? error.code : "ERR";
}

function executedOf(outcomes: readonly unknown[]): Executed {
  let executed: Executed = "no";
  for (const outcome of outcomes) {
    // Other errors are invalid arguments: nothing was sent.
    const own = !(outcome instanceof Error) ? "yes" : outcome instanceof RedisError ? outcome.executed : "no";
    if (own === "unknown") return own;
    if (own === "yes") executed = own;
  }
  return executed;
}
