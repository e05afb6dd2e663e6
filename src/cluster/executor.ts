/**
 * Commands to a cluster: which node each goes to, and on which lane.
 *
 * @module
 */
import type { Call, Executor } from "../client/executor.ts";
import { closedError, statefulRefusal } from "../client/refusals.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import { Flight } from "../connection/flight.ts";
import { Pending } from "../connection/pending.ts";
import type { ConnectionEvents, TypedEventTarget } from "../events.ts";
import type { ClusterConnectionPool } from "./pool.ts";
import { slotOfCommand } from "./route.ts";
import { Router } from "./router.ts";
import { slotOf } from "./slot.ts";

/** Commands with one of these need a look before they take a shared lane. */
const SPECIAL = CommandFlag.blocking | CommandFlag.stateful | CommandFlag.binary;

/** Runs commands over a pool of connections to the nodes of a cluster. */
export class ClusterExecutor implements Executor {
  /** @inheritdoc */
  readonly events: TypedEventTarget<ConnectionEvents>;
  readonly #pool: ClusterConnectionPool;
  readonly #router: Router;
  readonly #multiplex: boolean;
  readonly #owner: boolean;
  readonly #leave: () => void;
  #closing: Promise<void> | undefined = undefined;

  /** Over `pool`; an `owner` closes it with itself. Without `multiplex` each command takes a connection. */
  constructor(
    pool: ClusterConnectionPool,
    options: { readonly multiplex: boolean; readonly owner: boolean },
  ) {
    this.#pool = pool;
    this.#multiplex = options.multiplex;
    this.#owner = options.owner;
    this.#router = new Router(pool.fleet);
    this.events = pool.fleet.events;
    this.#leave = pool.beforeClose(() => Promise.resolve(this.#router.close()));
  }

  /** @inheritdoc */
  execute(command: Command, call: Call): Promise<unknown> {
    if (this.#closing !== undefined) return Promise.reject(closedError(command.spec.name));
    if ((command.spec.flags & SPECIAL) !== 0 || !this.#multiplex) return this.#apart(command, call);
    const slot = slotOfCommand(command);
    return this.#together(command, call, slot);
  }

  #together(command: Command, call: Call, slot: number): Promise<unknown> {
    const pending = new Pending(command, call.mode, call.timeout);
    const promise = pending.promise();
    pending.sender = this.#router;
    pending.retry = call.retry;
    const { signal } = call;
    if (signal !== undefined) {
      if (signal.aborted) return Promise.reject(signal.reason);
      pending.abortBy(signal);
    }
    this.#router.submit(pending, slot);
    return promise;
  }

  /** @inheritdoc */
  async executeAll(commands: readonly Command[], call: Call): Promise<unknown[]> {
    if (this.#closing !== undefined) throw closedError("a pipeline");
    call.signal?.throwIfAborted();
    const flight = new Flight(commands.length);
    for (let index = 0; index < commands.length; index++) {
      const pending = new Pending(commands[index]!, call.mode, call.timeout, flight, index);
      pending.sender = this.#router;
      pending.retry = call.retry;
      if (call.signal !== undefined) pending.abortBy(call.signal);
      this.#router.submit(pending, slotOfCommand(commands[index]!));
    }
    return await flight.promise;
  }

  /** @inheritdoc */
  async lease(call: Pick<Call, "signal">, key?: string | Uint8Array): Promise<Connection> {
    return key === undefined
      ? await this.#pool.acquireRandom({ signal: call.signal })
      : await this.#pool.acquireBySlot(slotOf(key), { signal: call.signal });
  }

  /** @inheritdoc */
  async connect(): Promise<void> {
    await this.#pool.connect();
  }

  /** @inheritdoc */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  #apart(command: Command, call: Call): Promise<unknown> {
    const { flags, name } = command.spec;
    if ((flags & CommandFlag.stateful) !== 0) return Promise.reject(statefulRefusal(name));
    return this.#together(command, call, slotOfCommand(command));
  }

  async #close(): Promise<void> {
    this.#leave();
    this.#router.close();
    if (this.#owner) await this.#pool.close();
  }
}
