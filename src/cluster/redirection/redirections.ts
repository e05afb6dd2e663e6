/**
 * The redirections of one command, transaction or lease: applies the policy to each refusal, and records in the state of the
 * cluster what the reply says.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import type { RedisError } from "../../errors.ts";
import type { Route } from "../../observe/route.ts";
import type { ClusterState } from "../topology/cluster_state.ts";
import type { ClusterNode } from "../topology/node.ts";
import { recordRedirection } from "./record_redirection.ts";
import { nextStep, redirectDelay, redirectionOf } from "./redirection.ts";

/** The next destination of a command. */
export interface Destination {
  /** The node that the redirection named; `undefined`: the node that has the slot when the command is sent. */
  readonly node: ClusterNode | undefined;
  /** Whether ASKING goes first. */
  readonly asking: boolean;
  /** The delay before it is sent, in milliseconds. */
  readonly delay: number;
}

/** The refused attempt. */
export interface RefusedAttempt {
  /** The name of the command, for messages. */
  readonly name: string;
  /** The command, where it is a single one. */
  readonly command?: Command;
  /** The node that replied. */
  readonly node: ClusterNode | undefined;
  /** Whether the retry policy of the call allows retries. */
  readonly mayRetry: boolean;
  /** Whether `readFrom` selected the node. */
  readonly readsReplicas: boolean;
  /** Whether ASKING can go before it; otherwise an ASK is waited out. */
  readonly asks: boolean;
  /** Milliseconds until the deadline of the call. */
  readonly timeLeft: number;
  /** The record of the command, for an observer. */
  readonly route?: Route;
}

/** Follows the redirections of one command. */
export class Redirections {
  /** A replica has refused it, or named another node: it goes to the master from now on. */
  toMaster = false;
  #count: number;

  /** `count` redirections have been followed before. */
  constructor(count = 0) {
    this.#count = count;
  }

  /** Returns the next destination after a refusal, or the error to reject with; `undefined` for other errors. */
  next(
    cluster: ClusterState,
    error: RedisError,
    attempt: RefusedAttempt,
  ): Destination | RedisError | undefined {
    const { name, command, node, mayRetry, readsReplicas, asks, timeLeft, route } = attempt;
    const redirection = redirectionOf(error, command);
    if (redirection === undefined) return undefined;
    const { maxRedirections, connection: { clock } } = cluster.options;
    const mayReadFromMaster = readsReplicas && !this.toMaster;
    const state = { name, redirects: this.#count++, maxRedirections, mayRetry, mayReadFromMaster, timeLeft };
    const step = nextStep(redirection, error, state, clock);
    if (step.kind === "fail") return step.error;
    if (step.kind === "retry") {
      this.toMaster ||= step.toMaster;
      if (step.refresh) cluster.refresher.request("down");
      return { node: undefined, asking: false, delay: step.delay };
    }
    const target = recordRedirection(cluster, step, node, route);
    const asking = step.kind === "ask";
    if (asking && !asks) {
      const delay = redirectDelay(this.#count, clock);
      return delay >= timeLeft ? error : { node: undefined, asking: false, delay };
    }
    this.toMaster ||= !asking;
    return { node: target, asking, delay: step.delay };
  }
}
