/**
 * One attempt of a pipeline on one connection.
 *
 * Commands have no promises. They are sent in chunks. The number of commands in flight is limited, and with a slow
 * peer their bytes, too, so that a huge pipeline fills neither the queue nor the memory.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { CommandFlag } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import { type BatchSink, Pending, rawCommand, type Sendable, type Sender } from "../../connection/pending.ts";
import { ConnectionError, ProtocolError, TimeoutError } from "../../errors.ts";
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

/** Sends commands and collects their outcomes by position; errors stand in their places. */
export class PipelineAttempt implements BatchSink, BatchAttempt {
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
  #next = 0;
  #settled = 0;
  #resumeAt = 0;
  #filling = false;

  /** Accepts commands that neither block nor change the state of a connection. */
  constructor(commands: readonly Command[], terms: BatchTerms) {
    this.#commands = commands;
    this.#terms = terms;
    this.#count = commands.length;
    this.#outcomes = new Array(this.#count);
    this.outcomes = new Promise((resolve) => this.#resolve = resolve);
  }

  /** @inheritdoc */
  get whole(): Promise<unknown> | undefined {
    return this.#next < this.#count ? this.outcomes : undefined;
  }

  /** @inheritdoc */
  placeholder(): Pending {
    const { mode, timeout, deadline } = this.#terms;
    const placeholder = new Pending(PIPELINE, mode, timeout, {
      resolved() {},
      rejected: (_, error) => {
        this.refused = true;
        this.#rejectRest(error);
      },
    });
    placeholder.deadline = deadline;
    placeholder.coldFields.size = this.#commands.reduce((size, command) => size + bytesOf(command.args), 0);
    return this.#placeholder = placeholder;
  }

  /** @inheritdoc */
  send(connection: Connection, target?: BatchTarget): void {
    this.#placeholder = undefined;
    this.#connection = connection;
    this.#target = target;
    this.#fill();
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
    this.#outcomes[index] = error;
    this.failures++;
    if (isUnanswered(error) && this.#next < this.#count && this.#terms.sender === undefined) {
      // Unsent commands must not be sent after commands that may be lost.
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
    if (this.#settled < this.#resumeAt || this.#next >= this.#count || this.#filling) return;
    if (this.#connection?.state === "ready") return this.#fill();
    // Sent commands fail first; then the sender of unsent commands decides.
    this.#filling = true;
    queueMicrotask(() => this.#fill());
  }

  #rejectRest(error: Error): void {
    const from = this.#next;
    this.#next = this.#count;
    const rest = this.#count - from;
    if (this.#terms.sender !== undefined) {
      for (let index = from; index < this.#count; index++) this.#pending(index).fail(error);
      return;
    }
    this.failures += rest;
    this.#outcomes.fill(error, from);
    this.#settled += rest;
    if (this.#settled === this.#count) this.#resolve(this.#outcomes);
  }

  #fill(): void {
    const connection = this.#connection!;
    const { retry } = this.#terms;
    const target = retry === undefined ? undefined : this.#target;
    this.#filling = true;
    for (let sent = 0; this.#next < this.#count && this.#next - this.#settled < WINDOW; sent++) {
      // With commands in flight, their replies continue the pipeline; otherwise the connection does.
      const congested = target === undefined ? connection.link?.congested : target.congested;
      if (congested === true && this.#next > this.#settled) break;
      const pending = this.#pending(this.#next++);
      if (target === undefined) connection.enqueue(pending);
      else {
        pending.sender = target.replies;
        if (retry !== target.retry) pending.coldFields.retry = retry!;
        target.submit(pending);
      }
    }
    this.#filling = false;
    this.#resumeAt = (this.#settled + this.#next) >> 1;
  }

  #pending(index: number): Pending {
    const { mode, timeout, deadline, sender } = this.#terms;
    const command = this.#commands[index]!;
    const binary = (command.spec.flags & CommandFlag.binary) !== 0;
    const pending = new Pending(command, binary ? mode | DecodeMode.bytes : mode, timeout, this, index);
    pending.deadline = deadline;
    pending.sender = sender;
    return pending;
  }
}
