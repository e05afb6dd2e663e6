/**
 * What replies of a cluster mean for the one who sent the command: the table of redirections.
 *
 * | reply       | what is done                                                                        |
 * | ----------- | ----------------------------------------------------------------------------------- |
 * | MOVED       | the slot is written down, the command goes to its new node                            |
 * | ASK         | ASKING and the command go to the named node in one flight; nothing is written down    |
 * | TRYAGAIN    | again a little later: some of the keys are on their way                               |
 * | CLUSTERDOWN | the slots are asked for anew, again a little later                                    |
 * | LOADING     | a read goes to the master; at the master, again a little later                        |
 * | MASTERDOWN  | the same                                                                              |
 * | READONLY    | the node is a replica by now: the slots are asked for anew, again a little later      |
 * | UNBLOCKED   | the same, where a command that blocked was let go because the node's role changed     |
 *
 * All of them mean that the command was not run: the same code in the reply of a script is no redirection. They count together against `maxRedirections`.
 *
 * @module
 */
import { exponential } from "../backoff.ts";
import { ClusterError, isRefusal, type RedisError } from "../errors.ts";
import { parseAddress, type ServerAddress } from "../topology/server_address.ts";
import { SLOTS } from "./slot.ts";

/** What is to be done. */
export type Turn =
  | { readonly kind: "moved" | "ask"; readonly slot: number; readonly address: ServerAddress }
  | { readonly kind: "later"; readonly refresh: boolean; readonly away: boolean };

const LATER: Readonly<Record<string, Turn>> = {
  TRYAGAIN: { kind: "later", refresh: false, away: false },
  CLUSTERDOWN: { kind: "later", refresh: true, away: false },
  LOADING: { kind: "later", refresh: false, away: true },
  MASTERDOWN: { kind: "later", refresh: true, away: true },
  READONLY: { kind: "later", refresh: true, away: false },
};

/** The waits between tries; a loop of MOVED is slowed down by them, too. */
export const TURN_BACKOFF = /* @__PURE__ */ exponential({ base: 25, cap: 500, jitter: "equal" });

/** MOVED and ASK are followed at once so often; what goes on longer is a cluster that does not agree with itself. */
export const FOLLOWED_AT_ONCE = 3;

/** What an error means, if it is in the table. */
export function turnOf(error: RedisError): Turn | undefined {
  if (!isRefusal(error)) return undefined;
  if (error.code === "MOVED" || error.code === "ASK") return readRedirection(error);
  // CLIENT UNBLOCK lets go as well, and means it.
  if (error.code === "UNBLOCKED") {
    return /instance state changed/.test(error.message) ? LATER.READONLY : undefined;
  }
  return Object.hasOwn(LATER, error.code) ? LATER[error.code] : undefined;
}

function readRedirection({ code, message }: RedisError): Turn | undefined {
  const [, number, target = ""] = message.split(" ");
  const slot = Number(number);
  const address = parseAddress(target);
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS || address === undefined) return undefined;
  return { kind: code === "ASK" ? "ask" : "moved", slot, address };
}

/** The error for a command that has been sent from one node to the next too often. */
export function tooManyRedirections(name: string, limit: number, cause: Error): ClusterError {
  return new ClusterError(
    `Cannot run ${name}: it was redirected ${limit} times, the last time by "${cause.message}"; ` +
      "the nodes do not agree with each other, or addressMap leads to the wrong ones",
    { code: "REDIRECTIONS", executed: "no", cause },
  );
}
