/**
 * The recovery of commands over the shared connections: what follows a refusal, a lost connection, or another error.
 *
 * @module
 */
import { type Command, mayReadReplica } from "../../commands/command.ts";
import type { Pending } from "../../connection/pending.ts";
import { type RedisError, ReplyError } from "../../errors.ts";
import type { Route } from "../../observe/route.ts";
import { isFinal, retryDelay } from "../../retry.ts";
import { isReadonly } from "../redirection/redirection.ts";
import { type Destination, Redirections } from "../redirection/redirections.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import { nodeOfPending, type RoutedSender } from "./node_sender.ts";
import type { UnknownCommands } from "./unknown_commands.ts";

/** The node of the slot, without delay. */
export const AGAIN: Destination = { node: undefined, asking: false, delay: 0 };

/** Decides what follows errors, and keeps the histories of the commands. */
export class Recovery {
  readonly #cluster: ClusterState;
  readonly #unknown: UnknownCommands;
  readonly #redirections: WeakMap<Pending, Redirections> = new WeakMap();
  /** The routes of commands that are observed. */
  readonly #routes: WeakMap<Pending, Route> = new WeakMap();

  /** Asks about commands that are `unknown` and were redirected. */
  constructor(cluster: ClusterState, unknown: UnknownCommands) {
    this.#cluster = cluster;
    this.#unknown = unknown;
  }

  /** Records where a command goes; with a `slot` also the node of its last attempt. */
  record(pending: Pending, route: Route, slot?: number): void {
    this.#routes.set(pending, route);
    if (slot === undefined) return;
    pending.onSettled(() => route.at(slot, nodeOfPending(pending)));
  }

  /** Whether a replica has refused the command, so that it goes to the master. */
  toMaster(pending: Pending): boolean {
    return this.#redirections.get(pending)?.toMaster ?? false;
  }

  /** Returns the next destination of a command that failed at `node`, or the error to reject it with. */
  next(pending: Pending, error: RedisError, node: ClusterNode | undefined): Destination | RedisError {
    if (node?.shared.makeWhole(pending, error) === true) return AGAIN;
    const { connection, readFrom } = this.#cluster.options;
    const { clock } = connection;
    const command = pending.command as Command;
    const policy = pending.cold?.retry ?? connection.retry;
    const timeLeft = pending.deadline === 0 ? Infinity : pending.deadline - clock.now();
    const redirections = this.#redirections.get(pending) ?? new Redirections();
    const next = redirections.next(this.#cluster, error, {
      name: command.spec.name,
      command,
      node,
      mayRetry: policy.attempts > 0,
      readsReplicas: readFrom !== "master" && mayReadReplica(command),
      // A batch waits until the slot has moved.
      asks: (pending.sender as RoutedSender | undefined)?.send === undefined,
      timeLeft,
      route: this.#routes.get(pending),
    });
    if (next !== undefined) {
      this.#redirections.set(pending, redirections);
      const moved = !(next instanceof Error) && next.node !== undefined && !next.asking;
      if (moved && node !== undefined) this.#unknown.learn(command, node);
      return next;
    }
    // The command has not been tried: it waits on, up to its deadline.
    const untried = error.executed === "no" && !(error instanceof ReplyError) && !isFinal(error);
    if (untried) return AGAIN;
    const attempt = (pending.cold?.repeats ?? 0) + 1;
    const wait = retryDelay(policy, error, { attempt, readonly: isReadonly(command) }, clock);
    if (wait === undefined) return error;
    // After a loss there is nothing to wait for but the connection.
    const delay = error instanceof ReplyError ? wait : 0;
    if (delay >= timeLeft) return error;
    pending.coldFields.repeats = attempt;
    return { node: undefined, asking: false, delay };
  }
}
