/**
 * The pending connects of a pool. Each is retried as the options define, and counts against `maxConnections`.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { retryConnect } from "../connection/connect_retry.ts";
import { abortable } from "../connection/time_limit.ts";
import { ConnectionError } from "../errors.ts";
import { LazySet } from "../lazy_set.ts";
import { watched } from "../observe/target.ts";
import type { ResolvedPoolOptions } from "../options.ts";
import type { Request } from "./leases.ts";

/** Pending connects. They run in parallel. */
export class PendingConnects {
  readonly #opener: Opener<Connection>;
  readonly #attempts: LazySet<AbortController> = new LazySet();

  /** Opens what `opener` makes. */
  constructor(opener: Opener<Connection>) {
    this.#opener = opener;
  }

  /** The number of pending connects. */
  get size(): number {
    return this.#attempts.size;
  }

  /** Opens one; `accept` gets it in the moment in which its place here becomes free. */
  async open<T>(request: Request, accept: (connection: Connection) => T): Promise<T> {
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    try {
      return await establish(this.#opener, attempt, request, (connection) => {
        this.#attempts.delete(attempt);
        return accept(connection);
      });
    } catch (error) {
      this.#attempts.delete(attempt);
      throw error;
    }
  }

  /** Ends all that are in progress, each with an error of its own. */
  abort(reason: () => Error): void {
    for (const attempt of [...this.#attempts]) attempt.abort(reason());
  }
}

/** The parts of a pool that are needed to open connections. */
export interface Opener<C> {
  /** The options of the pool. */
  readonly options: ResolvedPoolOptions;
  /** One try: opens one. */
  open(signal: AbortSignal): Promise<C>;
  /** A try begins, counted from 1. */
  connecting(attempt: number): void;
  /** A try has failed; the next, number `attempt`, follows after `delay` milliseconds. */
  repeating(attempt: number, delay: number, cause: unknown): void;
}

const CLOSED = { code: "CLOSED", executed: "no" } as const;

/** The caller that waits for the connection. */
interface Caller {
  readonly signal?: AbortSignal;
  readonly retry?: boolean;
  readonly failed?: (cause: Error) => void;
}

/**
 * Opens a connection, with retries, and passes it to `accept` synchronously, while it is ready. The pool aborts with
 * `attempt`, the caller with `signal`.
 *
 * @throws the error of the last attempt, with the earlier errors as causes, or the reason of an abort.
 */
export function establish<C extends Connection, T>(
  opener: Opener<C>,
  attempt: AbortController,
  caller: Caller,
  accept: (connection: C) => T,
): Promise<T> {
  return watched(opener.options.connection, "connect", () => tryUntil(opener, attempt, caller, accept));
}

async function tryUntil<C extends Connection, T>(
  opener: Opener<C>,
  attempt: AbortController,
  { signal, retry = true, failed }: Caller,
  accept: (connection: C) => T,
): Promise<T> {
  const { clock, retry: policy } = opener.options.connection;
  const forward = (): void => attempt.abort(signal!.reason);
  signal?.addEventListener("abort", forward, { once: true });
  const retries = {
    policy: retry ? policy : undefined,
    clock,
    signal: attempt.signal,
    retrying(error: Error, next: number, delay: number): void {
      failed?.(error);
      opener.repeating(next, delay, error);
    },
  };
  try {
    return await retryConnect(retries, (number) => connected(opener, attempt.signal, number, accept));
  } finally {
    signal?.removeEventListener("abort", forward);
  }
}

async function connected<C extends Connection, T>(
  opener: Opener<C>,
  signal: AbortSignal,
  number: number,
  accept: (connection: C) => T,
): Promise<T> {
  opener.connecting(number);
  const opening = opener.open(signal);
  let connection: C;
  try {
    connection = await abortable(opening, signal);
  } catch (error) {
    // A connection that is opened after the abort has no owner.
    if (signal.aborted) opening.then((late) => late.disconnect(), () => {});
    throw error;
  }
  // Both can come between the end of the handshake and our hearing of it.
  if (signal.aborted) {
    connection.disconnect();
    throw signal.reason;
  }
  if (connection.state !== "ready") throw connection.cause ?? new ConnectionError("it was closed", CLOSED);
  return accept(connection);
}
