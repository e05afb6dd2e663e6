/**
 * Commands to one server (or to the master that a sentinel names): which connection each takes.
 *
 * @module
 */
import { abortBy } from "../connection/abort_group.ts";
import { blockingTime, waitsForReplicas } from "../commands/blocking.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import { withTimeout } from "../connection/sleep.ts";
import { startLimit } from "../connection/time_limit.ts";
import { Pending } from "../connection/pending.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import type { CloseOptions, QueueStats } from "../pool/stats.ts";
import type { ConnectionEvents, TypedEventTarget } from "../events.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { DecodeMode, type Reply } from "../resp/types.ts";
import type { RetryPolicy } from "../retry.ts";
import { runBatch } from "./pipeline/batch.ts";
import {
  type Acquire,
  ConnectionWaits,
  DedicatedBatchConnection,
  runDedicated,
} from "./connections/dedicated_connection.ts";
import type { Call, Executor, Traced } from "./executor.ts";
import type { SubscriptionRouter } from "./pubsub/subscription_router.ts";
import { standaloneSubscriptions } from "./pubsub/standalone_subscriptions.ts";
import { closedError, statefulRefusal } from "./commands/unsupported_commands.ts";
import type { ReplicationWait } from "./commands/replication_wait.ts";
import { RunningCalls } from "./running_calls.ts";
import { runScript } from "./commands/scripts.ts";
import { Attachment } from "./connections/attachment.ts";
import { MultiplexedConnection } from "./connections/multiplexed_connection.ts";

/** Commands with one of these need a look before they take the shared connection. */
const SPECIAL = CommandFlag.blocking | CommandFlag.stateful | CommandFlag.binary | CommandFlag.scripted;

/** The connections of pools, with how many clients use each. */
type SharedConnections = Attachment<
  ConnectionPool,
  { readonly shared: MultiplexedConnection; users: number; forget(): void }
>;

/** The clients of one pool share one. */
const sharedConnections: SharedConnections = /* @__PURE__ */ new Attachment();
/**
 * The connections of clients that do not multiplex: they emit events and send no commands, and must not keep the
 * shared connection of other clients open.
 */
const separateConnections: SharedConnections = /* @__PURE__ */ new Attachment();

/** Returns the shared connection of a pool. Each caller must leave it again. */
export function joinSharedConnection(
  pool: ConnectionPool,
  connections: SharedConnections = sharedConnections,
): MultiplexedConnection {
  let used = connections.get(pool);
  if (used === undefined) {
    const shared = new MultiplexedConnection(pool);
    if (connections === sharedConnections && pool.options.maxMultiplexed > 1) shared.large = splitLargeReads;
    connections.set(pool, used = { shared, users: 0, forget: pool.beforeClose(() => shared.close()) });
  }
  used.users++;
  return used.shared;
}

/** Sends reads over further connections, from the first large reply on. */
function splitLargeReads(this: MultiplexedConnection, pending: Pending): void {
  this.large = undefined;
  import("./lazy_modules.ts").then(({ LargeReads }) => new LargeReads(this).learn(pending), () => {});
}

/** The last to leave closes the connection. */
export async function leaveSharedConnection(
  pool: ConnectionPool,
  connections: SharedConnections = sharedConnections,
): Promise<void> {
  const used = connections.get(pool)!;
  if (--used.users > 0) return;
  connections.set(pool, undefined);
  used.forget();
  await used.shared.close();
}

/** The commands on their way over the connection that the clients of a pool share. */
export function loadOf(pool: ConnectionPool): QueueStats {
  const none = { offline: 0, offlineBytes: 0, unsent: 0, unsentBytes: 0, inFlight: 0 };
  const { load = none, router } = sharedConnections.get(pool)?.shared ?? {};
  if (router === undefined) return load;
  const further = router.load;
  return {
    offline: load.offline + further.offline,
    offlineBytes: load.offlineBytes + further.offlineBytes,
    unsent: load.unsent + further.unsent,
    unsentBytes: load.unsentBytes + further.unsentBytes,
    inFlight: load.inFlight + further.inFlight,
  };
}

/** Resolves when the clients of a pool may send more; rejects after `timeout` milliseconds (0: never). */
export async function drainedOf(
  pool: ConnectionPool,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const shared = sharedConnections.get(pool)?.shared;
  if (shared === undefined) return;
  const error = (): Error =>
    new TimeoutError(`drained() waited ${timeout} ms: ${pool.options.connection} takes nothing more`, {
      code: "COMMAND_TIMEOUT",
      executed: "no",
    });
  const limit = startLimit(shared.clock, timeout, error, signal);
  try {
    await shared.drained(limit.signal);
  } finally {
    limit.release();
  }
}

/** Runs commands over a pool of connections to one server. */
export class StandaloneExecutor implements Executor {
  /** The shared connection. */
  readonly shared: MultiplexedConnection;
  readonly #pool: ConnectionPool;
  /** The retry policy for dedicated connections. */
  readonly #retry: RetryPolicy;
  readonly #multiplex: boolean;
  readonly #connections: SharedConnections;
  readonly #owner: boolean;
  #waits: ConnectionWaits | undefined = undefined;
  #runningCalls: RunningCalls | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;

  /** Uses `pool`. An `owner` closes the pool with itself. Without `multiplex` each command takes a connection. */
  constructor(pool: ConnectionPool, options: { readonly multiplex: boolean; readonly owner: boolean }) {
    this.#pool = pool;
    this.#retry = pool.options.connection.retry;
    this.#multiplex = options.multiplex;
    this.#owner = options.owner;
    this.#connections = options.multiplex ? sharedConnections : separateConnections;
    this.shared = joinSharedConnection(pool, this.#connections);
  }

  /** @inheritdoc */
  get subscriptionRouter(): SubscriptionRouter {
    return standaloneSubscriptions(this.#pool, this.shared, this.#multiplex);
  }

  get #running(): RunningCalls {
    return this.#runningCalls ??= new RunningCalls();
  }

  get #acquire(): Acquire {
    return (this.#waits ??= new ConnectionWaits(this.#pool)).acquire;
  }

  /** @inheritdoc */
  get events(): TypedEventTarget<ConnectionEvents> {
    return this.shared.events;
  }

  /** @inheritdoc */
  execute(command: Command, call: Call): Promise<unknown> {
    if (this.#closing !== undefined) return Promise.reject(closedError(command.spec.name));
    if ((command.spec.flags & SPECIAL) !== 0 || !this.#multiplex) {
      return this.#executeSeparately(command, call);
    }
    return this.#together(command, call);
  }

  #together(command: Command, call: Call): Promise<unknown> {
    const pending = new Pending(command, call.mode, call.timeout);
    const promise = pending.promise();
    pending.sender = this.shared;
    if (call.retry !== this.#retry) pending.coldFields.retry = call.retry;
    const { signal } = call;
    if (signal !== undefined) {
      if (signal.aborted) return Promise.reject(signal.reason);
      abortBy(pending, signal);
    }
    const { shared } = this;
    if (shared.router === undefined) shared.submit(pending);
    else shared.router.submit(pending);
    return promise;
  }

  /** @inheritdoc */
  executeAll(commands: readonly Command[], call: Call, atomic = false): Promise<unknown[]> {
    return this.#running.track(this.#executeAll(commands, call, atomic));
  }

  async #executeAll(commands: readonly Command[], call: Call, atomic: boolean): Promise<unknown[]> {
    if (this.#closing !== undefined) throw closedError(atomic ? "a transaction" : "a pipeline");
    if (this.#multiplex) {
      return await runBatch(this.shared.forBatch(commands), commands, call, atomic);
    }
    const dedicated = new DedicatedBatchConnection(this.#pool, call, this.#acquire);
    try {
      return await runBatch(dedicated, commands, call, atomic);
    } finally {
      dedicated.end();
    }
  }

  /** @inheritdoc */
  onPush(push: (values: Reply[]) => void): () => void {
    const listener = { ready() {}, lost() {}, push };
    this.shared.tracked = true;
    this.shared.listen(listener);
    return () => this.shared.unlisten(listener);
  }

  /** @inheritdoc */
  lease(call: Call): Promise<Connection> {
    const deadline = call.timeout === 0 ? Infinity : this.shared.clock.now() + call.timeout;
    return this.#acquire("WATCH", call, deadline);
  }

  /** @inheritdoc */
  async trace<T>(run: (call: Call) => Promise<T>, call: Call): Promise<Traced<T>> {
    const places = new Set<object>();
    const ran: Call["ran"] = async (one) => (await import("./lazy_modules.ts")).noteServer(one, call, places);
    const { shared } = this;
    // Parts of it may run over this connection and over each that follows.
    if (shared.connection !== undefined) places.add(shared.connection);
    (shared.traces ??= new Set()).add(places);
    try {
      const value = await run(this.#multiplex ? call : { ...call, ran });
      return { value, places: places.size > 0 ? places : [this] };
    } finally {
      shared.traces!.delete(places);
    }
  }

  /** @inheritdoc */
  async waitAt(place: object, wait: Command, call: Call): Promise<unknown> {
    if (place === this) return await this.execute(wait, call);
    const connection = place as Connection;
    const count = await this.#waitForReplicas(wait, call, blockingTime(wait), connection);
    if (connection.state === "ready" || !this.#multiplex) return count;
    throw new ConnectionError(
      `the connection to ${connection.address} was lost, and maybe the write with its server`,
      {
        code: "LOST",
        executed: "yes",
      },
    );
  }

  /** @inheritdoc */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** @inheritdoc */
  async connect(call: Pick<Call, "signal">): Promise<void> {
    if (this.#multiplex) return await this.shared.connect(call.signal);
    const connection = await this.#pool.acquire({ signal: call.signal });
    connection[Symbol.dispose]();
  }

  /** @inheritdoc */
  close(options: CloseOptions = {}): Promise<void> {
    const closing = this.#closing ??= this.#close(options);
    return options.force && this.#owner ? this.#pool.close(options) : closing;
  }

  #executeSeparately(command: Command, call: Call): Promise<unknown> {
    const { flags, name } = command.spec;
    if ((flags & CommandFlag.stateful) !== 0) return Promise.reject(statefulRefusal(name));
    if ((flags & CommandFlag.scripted) !== 0) {
      return this.#running.track(
        runScript(
          command,
          call,
          this.shared.clock,
          (script, rest) => this.#multiplex ? this.#together(script, rest) : this.#alone(script, rest, 0),
          this.#multiplex,
        ),
      );
    }
    const blocks = (flags & CommandFlag.blocking) === 0 ? 0 : blockingTime(command);
    const decoded = (flags & CommandFlag.binary) === 0 ? call : { ...call, mode: DecodeMode.bytes };
    if (blocks === 0 && this.#multiplex) return this.#together(command, decoded);
    if (waitsForReplicas(command)) return this.#waitForReplicas(command, call, blocks);
    const run = this.#alone(command, decoded, blocks);
    // A command that blocks has not written while it does.
    return blocks === 0 ? this.#running.track(run) : run;
  }

  #alone(command: Command, call: Call, blocks: number): Promise<unknown> {
    return runDedicated(this.#pool, command, call, blocks, this.#acquire);
  }

  async #waitForReplicas(
    command: Command,
    call: Call,
    blocks: number,
    place?: Connection,
  ): Promise<unknown> {
    const wait: ReplicationWait = {
      ...place !== undefined && { place },
      pool: this.#pool,
      sender: this.#multiplex ? this.shared : undefined,
      acquire: this.#acquire,
      running: this.#running.now(),
    };
    const { waitForReplicas } = await import("./lazy_modules.ts");
    return await waitForReplicas(wait, command, call, blocks);
  }

  async #close(options: CloseOptions): Promise<void> {
    this.#waits?.refuse();
    // Commands that wait for the first connection count as pending.
    const arrival = options.force ? undefined : this.shared.arrival();
    if (arrival !== undefined) await arrival;
    const settled = options.force ? undefined : this.shared.router?.settled();
    if (settled !== undefined) {
      await withTimeout(this.shared.clock, this.#pool.options.closeGrace, settled);
    }
    if (this.#owner) return await this.#pool.close(options);
    await leaveSharedConnection(this.#pool, this.#connections);
  }
}
