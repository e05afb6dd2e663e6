/**
 * The errors of connections, and of commands without a reply.
 *
 * @module
 */
import {
  AuthenticationError,
  ClusterError,
  ConnectionError,
  type Executed,
  MaxConnectionsError,
  ProtocolError,
  RedisError,
  ReplyError,
  TimeoutError,
} from "../errors.ts";
import type { Endpoint } from "../transport.ts";

/** Returns the address for messages. */
export function addressOf(endpoint: Endpoint): string {
  if ("path" in endpoint) return endpoint.path;
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

/** Returns the error for a command whose connection ended first. */
export function lossError(name: string, executed: Executed, where: string, cause: Error): RedisError {
  const message = executed === "no"
    ? `Cannot run ${name}: the connection to ${where} ended before it was sent (${cause.message})`
    : `Cannot tell whether ${name} ran: the connection to ${where} ended after it was sent (${cause.message})`;
  const code = cause instanceof RedisError ? cause.code : "LOST";
  if (cause instanceof ProtocolError) return new ProtocolError(message, { code, executed, cause });
  // Silence beyond `socketTimeout` is a timeout for the commands.
  if (cause instanceof TimeoutError) return new TimeoutError(message, { code, executed, cause });
  return new ConnectionError(message, { code, executed, cause });
}

/** Returns the error for an expired command. */
export function commandTimeoutError(
  name: string,
  executed: Executed,
  limit: number,
  where: string,
): TimeoutError {
  const what = executed === "no" ? "it was not sent" : "it was sent, and no reply came";
  return new TimeoutError(`${name} took longer than ${limit} ms on ${where}: ${what}`, {
    code: "COMMAND_TIMEOUT",
    executed,
  });
}

/** Returns the error of a retry with `executed: "unknown"` instead of `"no"`, as an earlier try may have been executed. */
export function withUnknownOutcome(error: unknown): unknown {
  if (!(error instanceof RedisError) || error.executed !== "no") return error;
  return withExecuted(error, "unknown", `${error.message}; an earlier try may have run`);
}

/** Returns the error with `executed: "no"`, for a command that only changed its connection, which has ended. */
export function withoutEffect(error: unknown): unknown {
  if (!(error instanceof ConnectionError) || error.executed === "no") return error;
  return withExecuted(error, "no", error.message);
}

/** Returns the error for a command that does not wait for a connection. */
export function unreachable(name: string, where: string, reason: Error | undefined): ConnectionError {
  const message = `Cannot run ${name}: there is no connection to ${where}` +
    (reason === undefined ? "" : ` (${reason.message})`);
  return new ConnectionError(message, { code: "CONNECT", executed: "no", cause: reason });
}

/** Returns the error for a failed connect, with `executed: "no"`. */
export function notConnected(error: unknown, where: string): unknown {
  if (!(error instanceof RedisError) || error.message.startsWith("Cannot connect to ")) return error;
  return withExecuted(error, "no", `Cannot connect to ${where}: ${error.message}`);
}

/** Returns an error of the same class and code with another `executed`. */
function withExecuted(cause: RedisError, executed: Executed, message: string): RedisError {
  const { code } = cause;
  if (cause instanceof ReplyError) return new ReplyError(message, { executed, cause });
  for (const known of [AuthenticationError, ClusterError, MaxConnectionsError, ProtocolError, TimeoutError]) {
    if (cause instanceof known) return new known(message, { code, executed, cause });
  }
  return new ConnectionError(message, { code, executed, cause });
}

/** Returns a thrown value as an error: transports and parsers of users may throw any value. */
export function asError(cause: unknown): Error {
  if (cause instanceof Error) return cause;
  return new ConnectionError("what broke it was no Error", { code: "LOST", cause });
}

/** Returns the error for a transport that could not connect. Errors of Keywire, TypeError and RangeError stay as they are. */
export function transportError(cause: unknown): Error {
  if (cause instanceof RedisError || cause instanceof TypeError || cause instanceof RangeError) return cause;
  const message = cause instanceof Error ? cause.message : "the transport failed, with no Error";
  return new ConnectionError(message, { code: "CONNECT", executed: "no", cause });
}

const TLS_HINT = "; does the server speak TLS at this port?";

/** Returns the reason why a command waits while no attempt to connect has failed; `url` is that of the server. */
export function noConnectionYet(url: string): string {
  return `there was no connection yet${url.startsWith("rediss:") ? TLS_HINT : ""}`;
}

/** Returns the error for a connect that took too long; `open`: the socket was open, and the handshake had no reply. */
export function connectTimeoutError(
  where: string,
  { connectTimeout, tls }: { readonly connectTimeout: number; readonly tls: unknown },
  open: boolean,
): TimeoutError {
  const phase = open ? "no reply to the handshake" : "no connection";
  const hint = tls === undefined ? "" : TLS_HINT;
  return new TimeoutError(
    `Cannot connect to ${where}: ${phase} within ${connectTimeout} ms (connectTimeout)${hint}`,
    { code: "CONNECT_TIMEOUT", executed: "no" },
  );
}

/** Returns the error for an action that the connection's state does not allow. */
export function stateError(
  { address, state, cause }: {
    readonly address: string;
    readonly state: string;
    readonly cause: Error | undefined;
  },
  what: string,
): ConnectionError {
  const is = state === "idle" ? "not connected yet; await connect() first" : state;
  const message = `Cannot ${what}: the connection to ${address} is ${is}`;
  return new ConnectionError(message, { code: "CLOSED", executed: "no", cause });
}

/** Returns the error for a command that a full queue refuses. */
export function queueFullError(
  name: string,
  where: string,
  queue: "offlineQueue" | "sendQueue" = "sendQueue",
): ConnectionError {
  return new ConnectionError(
    `Cannot queue ${name} for ${where}: too much waits already; await drained() before sending more, or raise ${queue}`,
    { code: "QUEUE_FULL", executed: "no" },
  );
}

/** Adds advice to the message of a MOVED that no client follows. */
export function hintAtCluster(error: RedisError): void {
  const hint = "; this server is part of a cluster: use RedisCluster";
  if (!error.message.endsWith(hint)) error.message += hint;
}
