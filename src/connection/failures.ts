/**
 * The errors of commands that got no reply, in words that say what may have happened.
 *
 * @module
 */
import { ConnectionError, type Executed, ProtocolError, RedisError, TimeoutError } from "../errors.ts";
import type { Endpoint } from "../transport.ts";

/** An address for messages. */
export function addressOf(endpoint: Endpoint): string {
  if ("path" in endpoint) return endpoint.path;
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

/** The error for a command whose connection ended first. */
export function lossError(name: string, executed: Executed, where: string, cause: Error): RedisError {
  const message = executed === "no"
    ? `Cannot run ${name}: the connection to ${where} ended before it was sent (${cause.message})`
    : `Cannot tell whether ${name} ran: the connection to ${where} ended after it was sent (${cause.message})`;
  const code = cause instanceof RedisError ? cause.code : "LOST";
  if (cause instanceof ProtocolError) return new ProtocolError(message, { code, executed, cause });
  // Silence beyond `socketTimeout` is a timeout for those who wait, whatever it did to the connection.
  if (cause instanceof TimeoutError) return new TimeoutError(message, { code, executed, cause });
  return new ConnectionError(message, { code, executed, cause });
}

/** The error for a connection that ended before its handshake was done: no command of any caller can have run. */
export function handshakeError(where: string, cause: Error): Error {
  if (!(cause instanceof RedisError) || cause.executed === "no") return cause;
  const message = `Cannot connect to ${where}: it ended during the handshake (${cause.message})`;
  const options = { code: cause.code, executed: "no", cause } as const;
  return cause instanceof ProtocolError
    ? new ProtocolError(message, options)
    : new ConnectionError(message, options);
}

/** The error for a command whose time was up. */
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

/** The error for a command that is one too many behind a slow peer, or without a connection. */
export function queueFullError(name: string, where: string): ConnectionError {
  return new ConnectionError(
    `Cannot queue ${name} for ${where}: too much waits already; send slower, or raise maxQueued or maxQueuedBytes`,
    { code: "QUEUE_FULL", executed: "no" },
  );
}

/**
 * The same error for a command of which an earlier try may have run: that the last one did not says nothing then.
 */
export function uncertain(error: unknown): unknown {
  if (!(error instanceof RedisError) || error.executed !== "no") return error;
  const made = error.constructor as new (
    message: string,
    options: { code: string; executed: Executed; cause: unknown },
  ) => RedisError;
  return new made(`${error.message}; an earlier try may have run`, {
    code: error.code,
    executed: "unknown",
    cause: error,
  });
}
