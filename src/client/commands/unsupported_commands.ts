/**
 * The commands that a client refuses before sending.
 *
 * @module
 */
import { blockingTime } from "../../commands/blocking.ts";
import { type Command, CommandFlag } from "../../commands/command.ts";
import { ConnectionError, RedisError } from "../../errors.ts";

const UNFIT = CommandFlag.blocking | CommandFlag.stateful;

/** The replacements, by the first words of the command. */
const INSTEAD: Readonly<Record<string, string>> = {
  MULTI: "use redis.multi()",
  EXEC: "use redis.multi()",
  DISCARD: "use redis.multi()",
  WATCH: "use redis.watch()",
  UNWATCH: "use redis.watch()",
  SELECT: "give the option `db`",
  AUTH: "give the options `username` and `password`, or `credentials`",
  HELLO: "give the option `protocol`",
  SUBSCRIBE: "use redis.subscribe()",
  PSUBSCRIBE: "use redis.psubscribe()",
  SSUBSCRIBE: "use redis.ssubscribe()",
  UNSUBSCRIBE: "use redis.unsubscribe()",
  PUNSUBSCRIBE: "use redis.punsubscribe()",
  SUNSUBSCRIBE: "use redis.sunsubscribe()",
  MONITOR: "use redis.monitor()",
  QUIT: "use redis.close()",
  READONLY: "use `readFrom` of a cluster client",
  READWRITE: "use `readFrom` of a cluster client",
  ASKING: "a cluster client follows redirections by itself",
  "CLIENT SETNAME": "give the option `clientName`",
  "CLIENT TRACKING": "give the option `cache`",
  "CLIENT CACHING": "give the option `cache`",
};

/** The error for a command that only the holder of a connection may send. */
export function statefulRefusal(name: string): RedisError {
  const instead = INSTEAD[name];
  const advice = instead === undefined ? "" : `${instead}, or `;
  return new RedisError(
    `Cannot run ${name} on a connection that others share: ${advice}take one for yourself with pool.acquire()`,
    { code: "STATEFUL", executed: "no" },
  );
}

/**
 * Throws for commands that a pipeline or a transaction cannot contain: blocking ones, and those that change the
 * connection.
 */
export function checkBatched(command: Command): void {
  if (command?.spec === undefined) {
    throw new TypeError(
      'Cannot add to a pipeline what is no command: write pipeline().set("key", "value"), ' +
        'or pipeline([set("key", "value")]) with set from "@keywire/redis/commands"',
    );
  }
  const { flags, name } = command.spec;
  if ((flags & UNFIT) === 0) return;
  if ((flags & CommandFlag.stateful) !== 0) throw statefulRefusal(name);
  if (blockingTime(command) === 0) return;
  throw new RedisError(
    `Cannot run ${name} in a pipeline or transaction: it may wait, and all that others send behind it would ` +
      "wait too; call it on the client, which gives it a connection of its own",
    { code: "BLOCKING", executed: "no" },
  );
}

/** Creates the error for calls on a closed client or pool. */
export function closedError(name: string, what: string = "the client"): ConnectionError {
  return new ConnectionError(`Cannot run ${name}: ${what} is closed`, { code: "CLOSED", executed: "no" });
}

/** The error for a subscription that was closed, or whose client was, before the server had confirmed it. */
export function unconfirmedError(
  name: string,
  what: "client" | "subscription",
  sent: boolean,
): ConnectionError {
  return new ConnectionError(`Cannot ${name}: the ${what} was closed before the server had confirmed it`, {
    code: "CLOSED",
    executed: sent ? "unknown" : "no",
  });
}

/** Creates the error for commands that this type of client does not support. */
export function unsupportedError(name: string): RedisError {
  return new RedisError(
    `Cannot run ${name}: clients of this kind cannot; use a client of one of its servers`,
    { code: "UNSUPPORTED", executed: "no" },
  );
}
