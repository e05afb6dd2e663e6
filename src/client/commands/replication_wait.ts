/**
 * WAIT and WAITAOF for all earlier writes of the client, on any connection.
 *
 * The server counts for a connection up to its own last write. So every earlier command gets its reply first; then a
 * connection of its own makes its offset the newest one by a message on a sharded channel, and waits there, where it
 * blocks no other caller. Where messages do not reach replicas (clusters), WAIT compares the offsets of the replicas with
 * that of the master. WAITAOF waits on the shared connection there, with all callers behind it: no reply shows the
 * offset of the append-only file, so later writes of dedicated connections are not covered.
 *
 * @module
 */
import { abortBy } from "../../connection/abort_group.ts";
import type { Command } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import { abortable, startLimit } from "../../connection/time_limit.ts";
import { Pending } from "../../connection/pending.ts";
import { ConnectionError, RedisError, ReplyError, TimeoutError } from "../../errors.ts";
import { DecodeMode } from "../../resp/types.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import { type Acquire, runOn } from "../connections/dedicated_connection.ts";
import type { Call } from "../executor.ts";
import type { OrderedSender } from "../connections/ordered_sender.ts";

/** The parts of a client that waiting needs. */
export interface ReplicationWait {
  /** The connections to the server. */
  readonly pool: ConnectionPool;
  /** The connection that callers share, if they do. */
  readonly sender: OrderedSender | undefined;
  /** Takes a connection from the pool. */
  readonly acquire: Acquire;
  /** Calls under way that may send further commands. */
  readonly running: Iterable<Promise<unknown>>;
  /** The connection to the server that ran the writes; another server has not run them. */
  readonly place?: Connection;
}

/** The limits of a command that finds the way. */
interface SendLimits {
  readonly timeout?: number;
  readonly signal?: AbortSignal;
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
  const { place } = wait;
  try {
    // The commands that choose the connection for WAIT have the time limit of the call, too.
    const limits: SendLimits = {
      ...deadline < Infinity && { timeout: Math.max(1, Math.ceil(deadline - clock.now())) },
      ...call.signal !== undefined && { signal: call.signal },
    };
    if (place !== undefined && !await areSameServer(place, connection, limits)) {
      throw new ConnectionError(
        `another server at ${connection.address} has taken the place of the one at ${place.address}, which ran it`,
        {
          code: "REPLACED",
          executed: "no",
        },
      );
    }
    const way = await wayToWait(connection, command, limits);
    if (way === "here") return await runOn(connection, command, call, deadline, blocks);
    if (way === "offsets") return await waitForOffsets(connection, command, call, blocks);
  } finally {
    connection[Symbol.dispose]();
  }
  if (sender === undefined) {
    throw new RedisError(
      `Cannot run ${name} for other connections: this server, or its user, allows no SPUBLISH or is part of a cluster, and ` +
        "the client has no shared connection (multiplex: false); write and wait on one connection of pool.acquire()",
      { code: "UNSUPPORTED", executed: "no" },
    );
  }
  return await waitShared(sender, command, call, blocks, pool.options.connection.blockingGrace);
}

/** The run ids of servers, by connection; `undefined` where the user may not see them. */
const runIds: WeakMap<Connection, string | undefined> = new WeakMap();

async function runIdOf(connection: Connection, limits: SendLimits): Promise<string | undefined> {
  if (runIds.has(connection)) return runIds.get(connection);
  let info: unknown;
  try {
    // Not shared with other callers, whose limits differ.
    info = await connection.send(["INFO", "server"], { ...limits, mode: DecodeMode.text });
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
  }
  const id = /^run_id:(\w+)/m.exec(String(info))?.[1];
  runIds.set(connection, id);
  return id;
}

/**
 * Adds a connection to the places of a call, with the run id of its server: once it is returned, nothing can be sent over
 * it. Never rejects.
 */
export async function noteServer(
  connection: Connection | undefined,
  { timeout, signal }: Call,
  places: Set<object>,
): Promise<void> {
  if (connection === undefined) return;
  places.add(connection);
  const limits = { ...timeout > 0 && { timeout }, ...signal !== undefined && { signal } };
  await runIdOf(connection, limits).catch(() => {});
}

/** Whether two connections lead to one server: a host name may lead to another one meanwhile. */
async function areSameServer(one: Connection, other: Connection, limits: SendLimits): Promise<boolean> {
  if (one === other) return true;
  if (one.address !== other.address) return false;
  const [id, same] = await Promise.all([runIdOf(one, limits), runIdOf(other, limits)]);
  return id === same;
}

/**
 * Returns how to wait on a connection that has not written: by the command itself, if its offset is the newest; by
 * the offsets of the replicas; or on the shared connection, which has written.
 */
async function wayToWait(
  connection: Connection,
  command: Command,
  limits: SendLimits,
): Promise<"here" | "offsets" | "shared"> {
  const failed = (): undefined => undefined;
  const local = command.spec.name === "WAITAOF" && Number(command.args[0]) > 0;
  const { version, mode } = await identityOf(connection, limits);
  const [major, minor] = version.split(".").map(Number);
  if (major! < 7 || (major === 7 && minor! < 2)) {
    // These servers take any command for a write.
    await connection.send(["PING"], limits);
    return "here";
  }
  // The nodes of a cluster send messages over their bus, not to their replicas.
  if (mode === "cluster") return await withoutMessages(connection, command, limits);
  const [published, info] = await Promise.all([
    connection.send(["SPUBLISH", "keywire", ""], limits).catch(failed),
    // Without replicas, present or past, a message leaves no trace in the offset of the append-only file.
    local ? connection.send(["INFO", "replication"], limits).catch(failed) : undefined,
  ]);
  if (local && !String(info).includes("repl_backlog_active:1")) return "shared";
  return published === undefined ? await withoutMessages(connection, command, limits) : "here";
}

/** Returns how to wait where no message moves the offset. The user may not see the offsets of replicas (INFO), either. */
async function withoutMessages(
  connection: Connection,
  command: Command,
  limits: SendLimits,
): Promise<"offsets" | "shared"> {
  if (command.spec.name !== "WAIT") return "shared";
  return await connection.send(["INFO", "replication"], limits).then(() => "offsets", () => "shared");
}

/** Returns the version and the mode of a server, from HELLO or INFO. */
async function identityOf(
  connection: Connection,
  limits: SendLimits,
): Promise<{ readonly version: string; readonly mode: string }> {
  const { version, mode } = connection.server;
  if (version !== undefined) return { version: String(version), mode: String(mode) };
  const info = String(
    await connection.send(["INFO", "server"], { ...limits, mode: DecodeMode.text }).catch(() => ""),
  );
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1];
  // Where it cannot be known, the server is taken for a new one.
  return { version: field("redis_version") ?? "999.0", mode: field("redis_mode") ?? "standalone" };
}

/** More replicas than a server has: it asks all of them for their offsets, and waits for the whole time. */
const ALL = 2_147_483_647;
/** The shortest and the longest time between two looks at the offsets, in milliseconds. */
const [SHORTEST, LONGEST] = [2, 128];

/** Counts the replicas that have all writes up to now, until there are enough or `blocks` milliseconds are over. */
async function waitForOffsets(
  connection: Connection,
  command: Command,
  { signal }: Call,
  blocks: number,
): Promise<number> {
  const { clock, blockingGrace } = connection.options;
  const wanted = Number(command.args[0]);
  const end = clock.now() + blocks;
  const limits = { mode: DecodeMode.text, signal };
  // A server that does not reply is waited for as long as one whose replicas are late.
  const look = async (): Promise<string> => {
    const left = blocks === Infinity
      ? {}
      : { timeout: Math.max(1, Math.ceil(end - clock.now())) + blockingGrace };
    return String(await connection.send(["INFO", "replication"], { ...limits, ...left }));
  };
  let info = await look();
  const target = Number(/^master_repl_offset:(\d+)/m.exec(info)?.[1]);
  for (let pause = SHORTEST;; pause = Math.min(2 * pause, LONGEST)) {
    const offsets = info.matchAll(/^(?:slave|replica)\d+:.*state=online,offset=(\d+)/gm);
    const count = [...offsets].filter(([, offset]) => Number(offset) >= target).length;
    const left = end - clock.now();
    if (count >= wanted || left <= 0) return count;
    const time = Math.ceil(Math.min(pause, left));
    await connection.send(["WAIT", ALL, time], { ...limits, timeout: time + blockingGrace });
    info = await look();
  }
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
