/**
 * The small client: one connection that all calls share. It reconnects on the next use.
 *
 * It has no retries, offline queue, pools, health checks or blocking commands.
 *
 * @module
 */
import { type Command, CommandFlag } from "../commands/command.ts";
import type { ScriptCommand } from "../commands/script.ts";
import { attemptConnect } from "../connection/connect_attempt.ts";
import { CommandBatch } from "../connection/command_batch.ts";
import { startLimit } from "../connection/time_limit.ts";
import { ReplyDispatcher } from "../connection/reply_dispatcher.ts";
import type { Link } from "../connection/link.ts";
import { type BatchSink, Pending } from "../connection/pending.ts";
import { ConnectionError, type Executed, RedisError, TimeoutError } from "../errors.ts";
import { DecodeMode } from "../resp/types.ts";
import type { CoreSettings } from "./options.ts";

/** Milliseconds that `close()` waits for replies and for a connection that is being made; the default of `closeGrace`. */
const CLOSE_GRACE = 5_000;
const UNFIT = CommandFlag.blocking | CommandFlag.stateful;

/** The outcomes of a list of commands. Failed commands have an error as their outcome. */
export type Outcomes<C extends readonly Command[]> = {
  -readonly [K in keyof C]: C[K] extends Command<infer T, infer _> ? T | Error : never;
};

/** A client that executes commands made as values, and no more. Made by `connect()` of `@keywire/redis/core`. */
export class CoreClient {
  readonly #settings: CoreSettings;
  #link: Link | undefined = undefined;
  #connecting: Promise<Link> | undefined = undefined;
  #abort: ((reason: Error) => void) | undefined = undefined;
  #ending: (() => void) | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;

  /** Creates a client that is not connected. */
  constructor(settings: CoreSettings) {
    this.#settings = settings;
  }

  /**
   * Connects if there is no connection. Commands connect, too.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} if that fails.
   */
  async connect(): Promise<void> {
    await (this.#link ?? this.#open());
  }

  /**
   * Executes a command.
   *
   * @throws {RedisError} with `executed`, when it fails. Nothing is repeated.
   */
  execute<T, B>(command: Command<T, B>): Promise<T> {
    const pending = this.#prepare(command);
    const promise = pending.promise() as Promise<T>;
    this.#submit([pending]);
    return promise;
  }

  /** Sends commands together and resolves with their outcomes. Failed commands have an error as their outcome. */
  executeAll<const C extends readonly Command[]>(commands: C): Promise<Outcomes<C>> {
    const batch = new CommandBatch(commands.length);
    this.#submit(commands.map((command, index) => this.#prepare(command, batch, index)));
    return batch.promise as Promise<Outcomes<C>>;
  }

  /**
   * Closes the client. Commands that were sent have 5 s to get their replies; later commands are rejected. Every call
   * resolves when the client is closed; none rejects.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#end();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #prepare(command: Command, batch?: BatchSink, index?: number): Pending {
    const { flags } = command.spec;
    const sent = (flags & CommandFlag.scripted) !== 0 ? (command as ScriptCommand).whole : command;
    const mode = (flags & CommandFlag.binary) !== 0 ? DecodeMode.bytes : DecodeMode.text;
    return new Pending(sent, mode, this.#settings.commandTimeout, batch, index);
  }

  #submit(all: readonly Pending[]): void {
    const link = this.#link;
    if (link !== undefined && this.#closing === undefined) {
      return all.forEach((pending) => this.#enqueue(link, pending));
    }
    this.#open().then(
      (link) => all.forEach((pending) => this.#enqueue(link, pending)),
      (error) => all.forEach((pending) => pending.reject(error)),
    );
  }

  #enqueue(link: Link, pending: Pending): void {
    const { name, flags } = pending.command.spec;
    if ((flags & UNFIT) !== 0) {
      return pending.reject(
        new RedisError(`Cannot run ${name} on a shared connection`, { code: "UNFIT", executed: "no" }),
      );
    }
    if (link !== this.#link || link.full) {
      return pending.reject(this.#error(`run ${name}`, "QUEUE_FULL", "no"));
    }
    try {
      link.enqueue(pending);
    } catch (error) {
      pending.reject(error);
      if (!(error instanceof TypeError)) this.#lost(link, error as Error);
    }
  }

  #open(): Promise<Link> {
    if (this.#closing !== undefined) return Promise.reject(this.#error("connect", "CLOSED", "no"));
    return this.#connecting ??= this.#connect().finally(() => this.#connecting = undefined);
  }

  async #connect(): Promise<Link> {
    const { clock, connectTimeout, address, given } = this.#settings;
    const late = (): Error =>
      new TimeoutError(`Cannot connect to ${address} within ${connectTimeout} ms`, {
        code: "CONNECT_TIMEOUT",
        executed: "no",
      });
    const limit = startLimit(clock, connectTimeout, late, undefined);
    this.#abort = limit.abort;
    let link: Link | undefined;
    const lost = (cause: Error): void => {
      limit.abort(cause);
      this.#lost(link, cause);
    };
    const owner = { address, dispatcher: new ReplyDispatcher(), lost, idle: () => this.#ending?.() };
    const handshake = () => ({ ...given, db: given.db ?? 0, libName: "keywire" as const, setup: [] });
    try {
      await attemptConnect({
        options: this.#settings,
        owner,
        limit,
        handshake,
        accept: (ready) => this.#link = link = ready,
      });
      return link!;
    } finally {
      limit.release();
    }
  }

  async #end(): Promise<void> {
    const { clock } = this.#settings;
    const timer = clock.setTimeout(() => {
      const reason = this.#error("wait any longer", "CLOSED", "no");
      this.#abort?.(reason);
      this.#lost(this.#link, reason);
    }, CLOSE_GRACE);
    await this.#connecting?.catch(() => {});
    if (this.#link !== undefined && this.#link.pending > 0) {
      await new Promise<void>((resolve) => this.#ending = resolve);
    }
    clock.clearTimeout(timer);
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  #lost(link: Link | undefined, cause: Error): void {
    link?.destroy(cause);
    if (link === this.#link) this.#link = undefined;
    this.#ending?.();
  }

  #error(what: string, code: string, executed: Executed): ConnectionError {
    const why = this.#closing !== undefined
      ? "the client is closed"
      : "the connection was lost, or takes no more";
    return new ConnectionError(`Cannot ${what}: ${why} (${this.#settings.address})`, { code, executed });
  }
}
