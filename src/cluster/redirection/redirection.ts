/**
 * The redirection policy: what to do with a command that a node of a cluster refused. It is a pure function. Single
 * commands, pipelines, transactions, dedicated connections and subscriptions all use it.
 *
 * | reply       | next step                                                                             |
 * | ----------- | ------------------------------------------------------------------------------------- |
 * | MOVED       | record the new node of the slot, and send the command to that node                    |
 * | ASK         | send ASKING and the command to that node together; record nothing                     |
 * | TRYAGAIN    | retry after a delay: some of the keys are being moved                                 |
 * | CLUSTERDOWN | refresh the topology, retry after a delay                                             |
 * | LOADING     | a read from a replica goes to the master at once; otherwise retry after a delay       |
 * | MASTERDOWN  | the same, with a refresh                                                              |
 * | READONLY    | the node has become a replica: refresh the topology, retry after a delay              |
 * | UNBLOCKED   | the same, when the node's role changed under a blocking command                       |
 *
 * Each of these replies means that the command did not run. The same code in the reply of a script is not a
 * redirection. `maxRedirections` limits the sum of all.
 *
 * @module
 */
import { delayOf, exponential } from "../../backoff.ts";
import type { Clock } from "../../clock.ts";
import { type Command, CommandFlag } from "../../commands/command.ts";
import { ClusterError, isRefusal, type RedisError, ReplyError } from "../../errors.ts";
import { parseAddress, type ServerAddress } from "../../topology/server_address.ts";
import { isUnknown, NO_KEY, slotOfCommand } from "../routing/route.ts";
import { SLOTS } from "../routing/slot.ts";

/** The node that a reply names. */
export interface Target {
  /** MOVED or ASK. */
  readonly kind: "moved" | "ask";
  /** The slot. */
  readonly slot: number;
  /** The address as announced; without a host, that of the node that replied. */
  readonly address: ServerAddress;
}

/** The meaning of a reply, without regard to the command's history. */
export type Redirection =
  | Target
  | { readonly kind: "retry"; readonly refresh: boolean; readonly toMaster: boolean };

/** The next step for a command; `delay` in milliseconds. */
export type NextStep =
  | (Redirection & { readonly delay: number })
  | { readonly kind: "fail"; readonly error: RedisError };

/** The facts that a decision depends on, beside the reply. */
export interface RedirectState {
  /** The name of the command, for messages. */
  readonly name: string;
  /** The number of redirections so far. */
  readonly redirects: number;
  /** The limit for `redirects`. */
  readonly maxRedirections: number;
  /** Whether the retry policy of the call allows retries. */
  readonly mayRetry: boolean;
  /** Whether a replica refused a read that the master may serve. */
  readonly mayReadFromMaster: boolean;
  /** Milliseconds until the deadline of the call. */
  readonly timeLeft: number;
}

const RETRY: Readonly<Record<string, Redirection>> = {
  TRYAGAIN: { kind: "retry", refresh: false, toMaster: false },
  CLUSTERDOWN: { kind: "retry", refresh: true, toMaster: false },
  LOADING: { kind: "retry", refresh: false, toMaster: true },
  MASTERDOWN: { kind: "retry", refresh: true, toMaster: true },
  READONLY: { kind: "retry", refresh: true, toMaster: false },
};

/** The delays between attempts, in milliseconds. They slow down a loop of MOVED, too. */
const BACKOFF = /* @__PURE__ */ exponential({ base: 25, cap: 500, jitter: "equal" });

/** The number of MOVED and ASK replies that are followed without a delay. */
const IMMEDIATE = 3;

/** Milliseconds before attempt `attempt` (from 1) to send a command again. */
export function redirectDelay(attempt: number, clock: Pick<Clock, "random">): number {
  return delayOf(BACKOFF, attempt, clock);
}

/**
 * Reads a redirection out of an error; `undefined` for all other errors. `command` is the command that was refused: a
 * MOVED, ASK, TRYAGAIN or CLUSTERDOWN that does not fit its keys comes from a script or a module, and is an ordinary error.
 */
export function redirectionOf(error: unknown, command?: Command): Redirection | undefined {
  if (!(error instanceof ReplyError || error instanceof ClusterError) || !isRefusal(error)) return undefined;
  const { code, message } = error;
  // CLIENT UNBLOCK sends this code as well.
  if (code === "UNBLOCKED") return /instance state changed/.test(message) ? RETRY.READONLY : undefined;
  const slot = command === undefined ? undefined : slotOfCommand(command);
  // Servers route by keys alone. Only an unknown command may have keys that the client does not see.
  const unkeyed = slot === NO_KEY && !isUnknown(command!);
  if (code === "MOVED" || code === "ASK") {
    const target = readTarget(error);
    if (target === undefined || unkeyed) return undefined;
    const fits = slot === undefined || slot < 0 || slot === target.slot || isUnknown(command!);
    return fits ? target : undefined;
  }
  if (!Object.hasOwn(RETRY, code) || (unkeyed && code === "TRYAGAIN")) return undefined;
  return RETRY[code];
}

function readTarget({ code, message }: RedisError): Target | undefined {
  const [, number, target = ""] = message.split(" ");
  const slot = Number(number);
  const address = parseAddress(target);
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS || address === undefined) return undefined;
  // A node that has no host name to announce sends "?": like an empty host, it stands for the node that replied.
  const host = address.host === "?" ? "" : address.host;
  return { kind: code === "ASK" ? "ask" : "moved", slot, address: { host, port: address.port } };
}

/** Decides on the next step after a redirection; `error` is where it was read from. */
export function nextStep(
  redirection: Redirection,
  error: RedisError,
  state: RedirectState,
  clock: Pick<Clock, "random">,
): NextStep {
  const { redirects, maxRedirections } = state;
  const attempt = redirects + 1;
  let delay: number;
  if (redirection.kind === "retry") {
    if (!state.mayRetry || redirects >= maxRedirections) return { kind: "fail", error };
    delay = redirection.toMaster && state.mayReadFromMaster ? 0 : redirectDelay(attempt, clock);
  } else {
    if (redirects >= maxRedirections) {
      return { kind: "fail", error: tooManyRedirections(state.name, maxRedirections, error) };
    }
    delay = attempt <= IMMEDIATE ? 0 : redirectDelay(attempt - IMMEDIATE, clock);
  }
  return delay >= state.timeLeft ? { kind: "fail", error } : { ...redirection, delay };
}

/** Whether a command only reads. */
export function isReadonly({ spec }: { readonly spec: { readonly flags: number } }): boolean {
  return (spec.flags & CommandFlag.readonly) !== 0;
}

/** Creates the error for a command without a node to go to. */
export function downError(slot: number): ClusterError {
  return new ClusterError(`Cannot reach the slot ${slot}: no node is known to have it`, {
    code: "CLUSTERDOWN",
    executed: "no",
  });
}

/** Creates the error for a command to a node that has failed, as the others say. */
export function failedError(name: string, node: object): ClusterError {
  return new ClusterError(
    `Cannot run ${name}: the other nodes say that ${node} has failed, and it has no replica that could take its place`,
    { code: "CLUSTERDOWN", executed: "no" },
  );
}

function tooManyRedirections(name: string, limit: number, cause: Error): ClusterError {
  return new ClusterError(
    `Cannot run ${name}: it was redirected ${limit} times, the last time by "${cause.message}"; ` +
      "the nodes do not agree with each other, or addressMap leads to the wrong ones",
    { code: "REDIRECTIONS", executed: "no", cause },
  );
}
