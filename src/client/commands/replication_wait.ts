/**
 * WAIT and WAITAOF that speak of all writes called before them, whichever connection those took.
 *
 * The server counts for a connection up to its own last write. So every earlier command gets its reply first; then a
 * connection of its own makes its offset the newest one by a message on a sharded channel, and waits there, where it
 * blocks no other caller. Where that cannot be done, the shared connection waits, with all callers behind it.
 *
 * @module
 */
import { abortBy } from "../../connection/abort_group.ts";
import type { Command } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import { abortable, startLimit } from "../../connection/time_limit.ts";
import { Pending } from "../../connection/pending.ts";
import { RedisError, TimeoutError } from "../../errors.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import { type Acquire, runOn } from "../connections/dedicated_connection.ts";
import type { Call } from "../executor.ts";
import type { OrderedSender } from "../connections/ordered_sender.ts";

/** What waiting needs of a client. */
export interface ReplicationWait {
  /** The connections to the server. */
  readonly pool: ConnectionPool;
  /** The connection that callers share, if they do. */
  readonly sender: OrderedSender | undefined;
  /** Takes a connection from the pool. */
  readonly acquire: Acquire;
  /** Calls under way that may send further commands. */
  readonly running: Iterable<Promise<unknown>>;
  /** A channel of this server: in a cluster its slot must be one of the server's. */
  readonly channel: string;
}

/** Runs WAIT or WAITAOF behind all that was called before; `blocks`: its own time limit in milliseconds. */
export async function waitForReplicas(
  wait: ReplicationWait,
  command: Command,
  call: Call,
  blocks: number,
): Promise<unknown> {
  const { pool, sender, acquire, running } = wait;
  const { name } = command.spec;
  const { clock } = pool.options.connection;
  const deadline = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
  const error = (): Error =>
    new TimeoutError(`${name} waited ${call.timeout} ms for the replies to earlier commands`, {
      code: "COMMAND_TIMEOUT",
      executed: "no",
    });
  const limit = startLimit(clock, call.timeout, error, call.signal);
  try {
    await Promise.all([
      sender?.answered(limit.signal),
      abortable(Promise.allSettled(running), limit.signal),
    ]);
  } finally {
    limit.release();
  }
  const connection = pool.tryAcquire() ?? await acquire(name, call, deadline);
  try {
    if (await isUpToDate(connection, command, wait.channel)) {
      return await runOn(connection, command, call, deadline, blocks);
    }
  } finally {
    connection[Symbol.dispose]();
  }
  if (sender === undefined) {
    throw new RedisError(
      `Cannot run ${name} for other connections: this server, or its user, allows no SPUBLISH, and the client has no shared ` +
        "connection (multiplex: false); write and wait on one connection of pool.acquire()",
      { code: "UNSUPPORTED", executed: "no" },
    );
  }
  return await waitShared(sender, command, call, blocks, pool.options.connection.blockingGrace);
}

/** Makes the offset of a connection the newest one, if that can be done. */
async function isUpToDate(connection: Connection, command: Command, channel: string): Promise<boolean> {
  const failed = (): undefined => undefined;
  const local = command.spec.name === "WAITAOF" && Number(command.args[0]) > 0;
  const [published, info] = await Promise.all([
    connection.send(["SPUBLISH", channel, ""]).catch(failed),
    // Without replicas, present or past, a message leaves no trace in the offset of the append-only file.
    local ? connection.send(["INFO", "replication"]).catch(failed) : undefined,
    connection.send(["PING"]).catch(failed),
  ]);
  if (local && !String(info).includes("repl_backlog_active:1")) return false;
  // Servers before 7.2 take any command for it.
  const [major, minor] = String(connection.server.version ?? "0").split(".").map(Number);
  return published !== undefined || (!local && (major! < 7 || (major === 7 && minor! < 2)));
}

function waitShared(
  sender: OrderedSender,
  command: Command,
  call: Call,
  blocks: number,
  grace: number,
): Promise<unknown> {
  const pending = new Pending(command, call.mode, blocks === Infinity ? 0 : blocks + grace);
  const promise = pending.promise();
  pending.coldFields.blocks = blocks;
  if (call.signal !== undefined) abortBy(pending, call.signal);
  sender.submit(pending);
  return promise;
}
