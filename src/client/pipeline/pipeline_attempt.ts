/**
 * One attempt of a pipeline on one connection.
 *
 * Commands have no promises. The number of commands in flight is limited, and with a slow peer their bytes, too, so that
 * a huge pipeline fills neither the queue nor the memory. The rest keeps its place: later calls are sent behind it.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { CommandFlag } from "../../commands/command.ts";
import type { CommandSource } from "../../connection/command_source.ts";
import type { Connection } from "../../connection/connection.ts";
import { type BatchSink, Pending, rawCommand, type Sendable, type Sender } from "../../connection/pending.ts";
import { isPermanentRejection } from "../../connection/rejected_by_server.ts";
import { ConnectionError, ProtocolError, RedisError, ReplyError, TimeoutError } from "../../errors.ts";
import { DecodeMode } from "../../resp/types.ts";
import type { RetryPolicy } from "../../retry.ts";
import type { BatchAttempt, BatchTarget } from "./batch_connection.ts";
import { bytesOf } from "../connections/offline_queue.ts";

/** The maximum number of commands in flight. The next ones are sent when half of them have replies. */
const WINDOW = 8_192;
/** Stands for all in messages and in the offline queue. */
const PIPELINE: Sendable = { ...rawCommand([]), spec: { ...rawCommand([]).spec, name: "a pipeline" } };

/** The options of all commands of an attempt. */
export interface BatchTerms {
  /** `DecodeMode` bits. */
  readonly mode: number;
  /** Milliseconds, for messages. */
  readonly timeout: number;
  /** The deadline of all commands, by the clock of the connection. */
  readonly deadline: number;
  /** Recovers commands of a pipeline that failed, the unsent ones included; without it they are rejected. */
  readonly sender?: Sender;
  /** The retry policy for temporarily refused commands on a shared connection; `undefined`: no retry. */
  readonly retry?: RetryPolicy;
}

/** True for the errors of commands that got no reply. */
export function isUnanswered(error: unknown): error is ConnectionError | TimeoutError | ProtocolError {
  return error instanceof ConnectionError || error instanceof TimeoutError || error instanceof ProtocolError;
}

/** True for what a lost connection kept from being sent, where another one may take it. */
export function isUntried(error: unknown): boolean {
  if (!(error instanceof RedisError) || error.executed !== "no") return false;
  if (error.code === "SOCKET_TIMEOUT") return true;
  return error instanceof ConnectionError && error.code !== "QUEUE_FULL" && !isPermanentRejection(error);
}

/** Sends commands and collects their outcomes by position; errors stand in their places. */
export class PipelineAttempt implements BatchSink, BatchAttempt, CommandSource, Sender {
  /** Resolves with the outcomes when all are there. Never rejects. */
  readonly outcomes: Promise<unknown[]>;
  /** The number of errors. */
  failures = 0;
  /** Whether it never got a connection, so retrying is useless. */
  refused = false;
  readonly #commands: readonly Command[];
  readonly #terms: BatchTerms;
  readonly #outcomes: unknown[];
  readonly #count: number;
  #resolve!: (outcomes: unknown[]) => void;
  #connection: Connection | undefined = undefined;
  #target: BatchTarget | undefined = undefined;
  #placeholder: Pending | undefined = undefined;
  #head: Pending | undefined = undefined;
  #next = 0;
  #settled = 0;
  /** A command may have run, or not, so none behind it is sent any more. */
  #mayHaveExecuted = false;
  /** Whether what may have run can be sent again. */
  readonly #repeatable: boolean;

  /** Accepts commands that neither block nor change the state of a connection. */
  constructor(commands: readonly Command[], terms: BatchTerms) {
    this.#commands = commands;
    this.#terms = terms;
    this.#count = commands.length;
    this.#outcomes = new Array(this.#count);
    this.#repeatable = terms.retry?.unsafe === true ||
      commands.every(({ spec }) => (spec.flags & CommandFlag.readonly) !== 0);
    this.outcomes = new Promise((resolve) => this.#resolve = resolve);
  }

  /** @inheritdoc */
  placeholder(): Pending {
    const { mode, timeout, deadline } = this.#terms;
    const placeholder = new Pending(PIPELINE, mode, timeout, {
      resolved() {},
      rejected: (_, error) => {
        if (this.#terms.sender !== undefined) return this.#failRest(error);
        this.refused = true;
        this.#rejectRest(error);
      },
    });
    placeholder.deadline = deadline;
    let size = 0;
    for (let index = this.#next; index < this.#count; index++) size += bytesOf(this.#commands[index]!.args);
    placeholder.coldFields.size = size;
    return this.#placeholder = placeholder;
  }

  /** @inheritdoc */
  send(connection: Connection, target?: BatchTarget): void {
    this.#placeholder = undefined;
    this.#connection = connection;
    this.#target = target;
    connection.enqueueAll(this);
  }

  /** @inheritdoc */
  get head(): Pending | undefined {
    return this.#next < this.#count ? this.#head ??= this.#pending(this.#next) : undefined;
  }

  /** @inheritdoc */
  get full(): boolean {
    return this.#next - this.#settled >= WINDOW;
  }

  /** @inheritdoc */
  advance(): void {
    this.#head = undefined;
    this.#next++;
  }

  /** @inheritdoc */
  fail(error: RedisError): void {
    if (this.#next >= this.#count) return;
    if (this.#terms.sender !== undefined) return this.#failRest(error);
    const placeholder = this.placeholder();
    if (this.#target?.recoverBatch(this, placeholder, error, placeholder) === true) return;
    this.#rejectRest(error);
  }

  /**
   * Recovers a command in its place among the commands of all callers. What may have run, and what is behind it, is only
   * sent again where the order of the pipeline does not matter.
   */
  recover(pending: Pending, error: Error): boolean {
    if (error instanceof ReplyError) return this.#target!.recover(pending, error);
    const untried = isUntried(error);
    if ((untried ? !this.#mayHaveExecuted : this.#repeatable) && this.#target!.recover(pending, error)) {
      return true;
    }
    if (!untried) this.#mayHaveExecuted = true;
    return false;
  }

  /** Stops sending and drops unsent commands. Later replies are discarded. */
  abandon(error: Error): void {
    this.#placeholder?.reject(error);
    this.#rejectRest(error);
    this.#connection?.withdraw(this, error);
    this.#target?.withdraw(this, error);
  }

  /** @inheritdoc */
  resolved(index: number, value: unknown): void {
    this.#outcomes[index] = value;
    this.#advance();
  }

  /** @inheritdoc */
  rejected(index: number, error: Error): void {
    // The command expired before it was sent.
    if (index === this.#next) this.advance();
    this.#outcomes[index] = error;
    this.failures++;
    const late = error instanceof TimeoutError && error.code === "COMMAND_TIMEOUT";
    if (isUnanswered(error) && this.#next < this.#count && (late || this.#terms.sender === undefined)) {
      // The unsent rest must not run if the sent part may be lost.
      this.#rejectRest(
        new ConnectionError(`Cannot run the rest of the pipeline, as a part of it failed: ${error.message}`, {
          code: error.code,
          executed: "no",
          cause: error,
        }),
      );
    }
    this.#advance();
  }

  #advance(): void {
    if (++this.#settled === this.#count) return this.#resolve(this.#outcomes);
    if (this.#next < this.#count && this.#next - this.#settled <= WINDOW / 2) {
      this.#connection?.link?.proceed();
    }
  }

  /** Lets the sender decide what becomes of each command. */
  #failRest(error: Error): void {
    for (let { head } = this; head !== undefined; { head } = this) {
      this.advance();
      head.fail(error);
    }
  }

  #rejectRest(error: Error): void {
    const from = this.#next;
    const rest = this.#count - from;
    if (rest === 0) return;
    // The next sender finds it done.
    if (this.#head !== undefined) this.#head.done = true;
    this.#head = undefined;
    this.#next = this.#count;
    this.failures += rest;
    this.#outcomes.fill(error, from);
    this.#settled += rest;
    if (this.#settled === this.#count) this.#resolve(this.#outcomes);
    // Commands behind it continue.
    this.#connection?.link?.proceed();
  }

  #pending(index: number): Pending {
    const { mode, timeout, deadline, sender, retry } = this.#terms;
    const command = this.#commands[index]!;
    const binary = (command.spec.flags & CommandFlag.binary) !== 0;
    const pending = new Pending(command, binary ? mode | DecodeMode.bytes : mode, timeout, this, index);
    pending.deadline = deadline;
    const target = this.#target;
    if (target === undefined || retry === undefined) pending.sender = sender;
    else {
      pending.sender = this;
      if (retry !== target.retry) pending.coldFields.retry = retry;
    }
    return pending;
  }
}
