/**
 * Asking sentinels: all at once, and the first good answer wins.
 *
 * @module
 */
import { AuthenticationError, ConnectionError, type RedisError, ReplyError } from "../errors.ts";
import { abortable } from "../connection/time_limit.ts";
import type { Reply } from "../resp/types.ts";
import { InvalidAnswer } from "./replies.ts";
import type { SentinelConnection } from "./sentinel_connection.ts";

/** A sentinel that gave no good answer, and why. */
export interface Refusal {
  /** The sentinel. */
  readonly peer: SentinelConnection;
  /** The reason. */
  readonly error: Error;
}

/** The outcome of a query: a reply with its sentinel, or none. */
export type Outcome<T> =
  | { readonly value: T; readonly peer: SentinelConnection }
  | { readonly refusals: readonly Refusal[] };

/**
 * Asks all sentinels in parallel. `read` parses replies, and throws for an invalid one. Resolves with the first valid
 * reply, or with all errors. Rejects only by the signal.
 */
export function querySentinels<T>(
  peers: readonly SentinelConnection[],
  commands: readonly (readonly string[])[],
  read: (replies: readonly (Reply | Error)[], peer: SentinelConnection) => T,
  signal?: AbortSignal,
): Promise<Outcome<T>> {
  const asked = new Promise<Outcome<T>>((resolve) => {
    const refusals: Refusal[] = [];
    const refused = (peer: SentinelConnection, error: Error): void => {
      refusals.push({ peer, error });
      if (refusals.length === peers.length) resolve({ refusals });
    };
    for (const peer of peers) {
      peer.ask(commands).then((replies) => resolve({ value: read(replies, peer), peer }))
        .catch((error: Error) => refused(peer, error));
    }
  });
  return signal === undefined ? asked : abortable(asked, signal);
}

/** Creates the error of a failed search. It has the reply of each sentinel. */
export function discoveryError(what: string, service: string, refusals: readonly Refusal[]): RedisError {
  const told = refusals.map(({ peer, error }) => `${peer.name}: ${error.message}`).join("; ");
  const message = `Cannot find ${what} of "${service}": no sentinel gave a good answer (${told})`;
  const cause = new AggregateError(refusals.map(({ error }) => error), "What the sentinels answered");
  const login = refusals.every(({ error }) => error instanceof AuthenticationError);
  if (login) {
    const advice = "; give the option `sentinel: { username, password }`";
    return new AuthenticationError(message + advice, { code: "AUTHENTICATION", executed: "no", cause });
  }
  return new ConnectionError(message, { code: codeOf(refusals), executed: "no", cause });
}

function codeOf(refusals: readonly Refusal[]): string {
  const told = refusals.filter(({ error }) => error instanceof InvalidAnswer || error instanceof ReplyError);
  if (told.length === 0) return "NO_SENTINEL";
  return told.every(({ error }) => error instanceof InvalidAnswer && error.unknown)
    ? "NO_SERVICE"
    : "NO_MASTER";
}
