/**
 * Transactions: MULTI ... EXEC at the node that has the slot of all their keys, in the order of that slot.
 *
 * @module
 */
import { abortBy } from "../../connection/abort_group.ts";
import { runBatch } from "../../client/pipeline/batch.ts";
import { DedicatedBatchConnection } from "../../client/connections/dedicated_connection.ts";
import type { Call } from "../../client/executor.ts";
import { type BatchTerms, isUnanswered } from "../../client/pipeline/pipeline_attempt.ts";
import { withSources } from "../../client/commands/scripts.ts";
import { TransactionAttempt } from "../../client/pipeline/transaction_attempt.ts";
import { Command, CommandFlag, defineCommand, mayReadReplica } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import type { Connection } from "../../connection/connection.ts";
import { withUnknownOutcome } from "../../connection/failures.ts";
import { Pending } from "../../connection/pending.ts";
import { isRefusal, RedisError, ReplyError } from "../../errors.ts";
import { checkArguments } from "../../resp/arguments.ts";
import type { Arg, Reply } from "../../resp/types.ts";
import { isUnreachable } from "../connections/acquire_from_node.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import { crossSlotError } from "./multi_key.ts";
import type { ClusterNode } from "../topology/node.ts";
import { collectNode, type RoutedSender } from "../routing/node_sender.ts";
import { attemptRedirected, isReplaced } from "../redirection/redirect_attempts.ts";
import { redirectionOf } from "../redirection/redirection.ts";
import { NO_KEY, RoutedCommand, slotOfCommand } from "../routing/route.ts";
import type { Router } from "../routing/router.ts";
import { slotOf } from "../routing/slot.ts";

const KEYS = [{ first: 0, last: -1, step: 1 }];
const WRITING = /* @__PURE__ */ defineCommand("a transaction", 0, KEYS);
const READONLY = /* @__PURE__ */ defineCommand("a transaction", CommandFlag.readonly, KEYS);

/**
 * Runs commands as one transaction, at the node that has the slot of all their keys.
 *
 * @throws {ClusterError} for keys in several slots.
 */
export function runTransaction(
  router: Router,
  cluster: ClusterState,
  commands: readonly Command[],
  call: Call,
  multiplex: boolean,
): Promise<unknown[]> {
  for (const { spec, args } of commands) checkArguments(args, spec.head);
  const keys: Arg[] = commands.flatMap(keysOf);
  const routed = commands.find((command) => (command as Partial<RoutedCommand>).slot !== undefined);
  const slot = keys.length > 0 ? slotOf(keys[0]!) : routed === undefined ? NO_KEY : slotOfCommand(routed);
  if (keys.some((key) => slotOf(key) !== slot)) throw crossSlotError("the transaction", keys);
  if (!multiplex) return runDedicatedTransaction(cluster, commands, slot, call);
  const all = new Command(commands.every(mayReadReplica) ? READONLY : WRITING, keys);
  const command = keys.length > 0 || slot < 0 ? all : new RoutedCommand(all, slot);
  return new SharedTransaction(router, commands, call, cluster.options.connection.clock.now()).run(
    command,
    slot,
  );
}

/** An attempt that reports in the moment of the last reply or error, as later commands must not get ahead of it. */
class ReportingAttempt extends TransactionAttempt {
  readonly #report: (outcomes: readonly unknown[]) => void;

  constructor(
    commands: readonly Command[],
    terms: BatchTerms,
    report: (outcomes: readonly unknown[]) => void,
  ) {
    super(commands, terms);
    this.#report = report;
  }

  /** The router retries it, in the order of its slot, and not the connection. */
  override send(connection: Connection): void {
    super.send(connection);
  }

  protected override settled(outcomes: readonly unknown[]): void {
    this.#report(outcomes);
  }
}

/** A transaction over the shared connections. */
class SharedTransaction {
  readonly #router: Router;
  readonly #commands: readonly Command[];
  readonly #call: Call;
  readonly #deadline: number;
  #attempt: TransactionAttempt | undefined = undefined;
  /** The outcomes of the last attempt. */
  #outcomes: readonly unknown[] = [];

  constructor(router: Router, commands: readonly Command[], call: Call, now: number) {
    this.#router = router;
    this.#commands = withSources(commands);
    this.#call = call;
    this.#deadline = call.timeout === 0 ? Infinity : now + call.timeout;
  }

  /** Runs it; `command` stands for it: all its keys. */
  async run(command: Command, slot: number): Promise<unknown[]> {
    const { mode, timeout, retry, signal, route, ranAt } = this.#call;
    const pending = new Pending(command, mode, timeout);
    const promise = pending.promise() as Promise<unknown[]>;
    pending.deadline = this.#deadline;
    pending.coldFields.retry = retry;
    pending.sender = this.#senderAt(undefined);
    if (route !== undefined) this.#router.record(pending, route, slot);
    collectNode(pending, ranAt);
    if (signal !== undefined) abortBy(pending, signal, () => this.#attempt?.abandon(signal.reason));
    this.#router.submit(pending, slot);
    try {
      return await promise;
    } catch (error) {
      if (!(error instanceof RedisError) || signal?.aborted) throw error;
      // Each command has its own error; commands that were not refused themselves have EXECABORT.
      const told = error instanceof ReplyError ? this.#outcomes.length > 0 : this.#outcomes.includes(error);
      return told ? [...this.#outcomes] : this.#commands.map(() => error);
    }
  }

  #senderAt(node: ClusterNode | undefined): RoutedSender {
    const router = this.#router;
    return {
      router,
      node,
      at: (other) => this.#senderAt(other),
      recover: (pending, error) => router.recoverFrom(pending, error, node),
      send: (pending, to, again) => this.#send(pending, to, again),
    };
  }

  #send(pending: Pending, node: ClusterNode, again: boolean): void {
    const { mode, timeout } = this.#call;
    const terms = { mode, timeout, deadline: this.#deadline };
    let submitting = true;
    const attempt = this.#attempt = new ReportingAttempt(this.#commands, terms, (outcomes) => {
      // An earlier attempt may have run, whatever this one proves about itself.
      this.#outcomes = pending.cold?.mayHaveExecuted ? outcomes.map(withUnknownOutcome) : outcomes;
      if (pending.done) return;
      const [first] = outcomes;
      const none = outcomes.every((one) => one instanceof RedisError && one.executed === "no");
      const refusal = none ? outcomes.find((one) => redirectionOf(one) !== undefined) : undefined;
      if (refusal !== undefined) return pending.fail(refusal as Error);
      // A connection or a queue that refuses at once would refuse the next attempt, too.
      if (submitting && first instanceof RedisError) return pending.reject(first);
      const failed = outcomes.every((one) => isUnanswered(one) || isRefusal(one));
      if (failed && (isUnanswered(first) || first instanceof ReplyError)) pending.fail(first);
      else pending.resolve(this.#outcomes as Reply);
    });
    if (again) node.shared.resubmitBatch(attempt);
    else node.shared.forBatch(this.#commands).submitBatch(attempt);
    submitting = false;
  }
}

/** Runs a transaction on a dedicated connection. */
async function runDedicatedTransaction(
  cluster: ClusterState,
  commands: readonly Command[],
  slot: number,
  call: Call,
): Promise<unknown[]> {
  let outcomes: unknown[] = [];
  try {
    const options = { name: "a transaction", slot, asks: false };
    return await attemptRedirected(cluster, options, call, async ({ node, call: rest, acquire }) => {
      const connection = new DedicatedBatchConnection(node.pool, rest, acquire);
      try {
        outcomes = await runBatch(connection, commands, rest, true);
      } finally {
        connection.end();
      }
      // The refusal of one command prevented all others from running.
      const refused = outcomes.find((outcome) =>
        redirectionOf(outcome) !== undefined || isReplaced(outcome) || isUnreachable(outcome)
      );
      const none = outcomes.every((outcome) => outcome instanceof RedisError && outcome.executed === "no");
      if (refused !== undefined && none) throw refused;
      return outcomes;
    });
  } catch (error) {
    // Redirected for too long: report the outcomes of the last attempt.
    if (outcomes.includes(error)) return outcomes;
    throw error;
  }
}
