/**
 * Runs pipelines and transactions: attempts, and retries of failed commands.
 *
 * Pipelines keep their order. Failed commands are retried only if no later command has run, or if all are read-only.
 * Unsent commands are not sent behind commands that may have run.
 *
 * @module
 */
import { type Command, CommandFlag } from "../../commands/command.ts";
import { abortable } from "../../connection/time_limit.ts";
import { sleep } from "../../connection/sleep.ts";
import { withUnknownOutcome } from "../../connection/failures.ts";
import { RedisError, ReplyError } from "../../errors.ts";
import { searchDelay } from "../../pool/reconnect.ts";
import { checkArguments } from "../../resp/arguments.ts";
import { retryDelay, shouldRetry } from "../../retry.ts";
import type { Call } from "../executor.ts";
import type { BatchConnection } from "./batch_connection.ts";
import { keepArguments } from "../commands/keep_arguments.ts";
import { type BatchTerms, isUnanswered, isUntried, PipelineAttempt } from "./pipeline_attempt.ts";
import { withSources } from "../commands/scripts.ts";
import { TransactionAttempt } from "./transaction_attempt.ts";

/**
 * Runs commands over one connection; resolves with their outcomes by position, errors in place. `atomic`: as one
 * transaction.
 *
 * @throws the reason of the call's signal; or, for a transaction, a `TypeError` for an argument that cannot be sent.
 */
export async function runBatch(
  connection: BatchConnection,
  given: readonly Command[],
  call: Call,
  atomic: boolean = false,
): Promise<unknown[]> {
  const { signal, timeout, mode, retry } = call;
  signal?.throwIfAborted();
  if (given.length === 0) return [];
  // The commands may wait or be sent again, and the caller may change its buffers meanwhile.
  const commands = keepArguments(given);
  if (atomic) { for (const { spec, args } of commands) checkArguments(args, spec.head); }
  const deadline = timeout === 0 ? Infinity : connection.clock.now() + timeout;
  const terms: BatchTerms = { mode, timeout, deadline, retry };
  const first = await runAttempt(connection, commands, terms, call, atomic);
  // Where others use the connection, too, each command of a pipeline has been retried in its place.
  if (first.failures === 0 || first.refused || (connection.ordered === true && !atomic)) {
    return first.outcomes;
  }
  return await repeatFailures(connection, commands, terms, call, atomic, first.outcomes);
}

interface AttemptResult {
  readonly outcomes: unknown[];
  readonly failures: number;
  readonly refused: boolean;
}

async function runAttempt(
  connection: BatchConnection,
  commands: readonly Command[],
  terms: BatchTerms,
  { signal }: Call,
  atomic: boolean,
): Promise<AttemptResult> {
  const sent = withSources(commands);
  const round = atomic ? new TransactionAttempt(sent, terms) : new PipelineAttempt(sent, terms);
  connection.submitBatch(round);
  let outcomes: unknown[];
  try {
    outcomes = await (signal === undefined ? round.outcomes : abortable(round.outcomes, signal));
  } catch (reason) {
    round.abandon(reason as Error);
    throw reason;
  }
  const { failures, refused } = round;
  if (connection.ran !== undefined && failures < outcomes.length) await connection.ran();
  return { outcomes, failures, refused };
}

async function repeatFailures(
  connection: BatchConnection,
  commands: readonly Command[],
  terms: BatchTerms,
  call: Call,
  atomic: boolean,
  outcomes: unknown[],
): Promise<unknown[]> {
  const readonly = commands.every(({ spec }) => (spec.flags & CommandFlag.readonly) !== 0);
  let previousDelay = 0;
  let searches = 0;
  for (let attempt = 1;;) {
    const context = { attempt, readonly, previousDelay };
    // At the wrong server all that was refused was refused for that, or with a transaction as a whole.
    const misplaced = outcomes.some((outcome) =>
      outcome instanceof Error && connection.misplaced?.(outcome) === true
    );
    const untried = (error: unknown): boolean =>
      isUntried(error) || (misplaced && error instanceof ReplyError && error.executed === "no");
    // Where order is kept over all callers, a transaction that was refused for now has been retried in its place.
    const replied = (error: unknown): boolean => connection.ordered === true && error instanceof ReplyError;
    const places = repeatable(
      outcomes,
      (error) => untried(error) || (!replied(error) && shouldRetry(call.retry, error, context)),
      {
        anyPlace: readonly || call.retry.unsafe,
        all: atomic,
      },
    );
    if (places.length === 0) return outcomes;
    // Commands that were never sent keep waiting up to their deadline; only real attempts count.
    const tried = places.find((at) => !untried(outcomes[at]));
    if (tried === undefined && misplaced) {
      const delay = searchDelay(++searches, connection.clock);
      if (connection.clock.now() + delay >= terms.deadline) return outcomes;
      await sleep(connection.clock, delay, call.signal);
    } else if (tried !== undefined) {
      const delay = retryDelay(call.retry, outcomes[tried], context, connection.clock);
      if (delay === undefined || connection.clock.now() + delay >= terms.deadline) return outcomes;
      attempt++;
      previousDelay = delay;
      await sleep(connection.clock, delay, call.signal);
    }
    const again = await runAttempt(connection, places.map((at) => commands[at]!), terms, call, atomic);
    places.forEach((at, index) => {
      const before = outcomes[at];
      const certain = before instanceof RedisError && before.executed === "no";
      outcomes[at] = certain ? again.outcomes[index] : withUnknownOutcome(again.outcomes[index]);
    });
    if (again.failures === 0 || again.refused) return outcomes;
  }
}

/** The places of the commands that may be sent again; none, where that could change the order. */
function repeatable(
  outcomes: readonly unknown[],
  wanted: (error: Error) => boolean,
  { anyPlace, all }: { readonly anyPlace: boolean; readonly all: boolean },
): number[] {
  const places: number[] = [];
  // Many commands often share one error.
  let last: Error | undefined;
  let lastWanted = false;
  for (let at = 0; at < outcomes.length; at++) {
    const outcome = outcomes[at];
    if (!(outcome instanceof Error)) {
      if (places.length > 0 && !anyPlace) return [];
      continue;
    }
    if (outcome !== last) lastWanted = wanted(last = outcome);
    if (lastWanted) places.push(at);
    else if (isUnanswered(outcome) || (places.length > 0 && !anyPlace)) return [];
  }
  return all && places.length < outcomes.length ? [] : places;
}
