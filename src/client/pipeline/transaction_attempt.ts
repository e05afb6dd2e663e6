/**
 * One try of a transaction on one connection: MULTI, the commands and EXEC in one flight, with nothing between them.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { CommandFlag } from "../../commands/command.ts";
import { EXEC, MULTI } from "../../commands/function_specs.ts";
import type { Connection } from "../../connection/connection.ts";
import { enqueueTransaction } from "../../connection/transaction.ts";
import { type BatchSink, Pending, rawCommand, type Sendable } from "../../connection/pending.ts";
import { attributeReply, RedisError, ReplyError } from "../../errors.ts";
import { textReply } from "../../resp/convert.ts";
import { DecodeMode, type Reply } from "../../resp/types.ts";
import { shouldRetry } from "../../retry.ts";
import type { BatchAttempt, BatchTarget } from "./batch_connection.ts";
import type { BatchTerms } from "./pipeline_attempt.ts";
import { bytesOf } from "../connections/offline_queue.ts";

const BEGIN: Sendable = { spec: MULTI, args: [], parse: undefined };
const END: Sendable = { spec: EXEC, args: [], parse: undefined };
/** Stands for all in messages and in the offline queue. */
const TRANSACTION: Sendable = { ...rawCommand([]), spec: { ...rawCommand([]).spec, name: "a transaction" } };

/** Runs commands as one transaction and collects their outcomes by position; errors stand in their places. */
export class TransactionAttempt implements BatchSink, BatchAttempt {
  /** Resolves with the outcomes when all are there. Never rejects. */
  readonly outcomes: Promise<unknown[]>;
  /** The number of errors. */
  failures = 0;
  /** Whether it never got a connection, so retrying is useless. */
  refused = false;
  readonly #commands: readonly Command[];
  readonly #terms: BatchTerms;
  readonly #replies: unknown[];
  /** Stands for the transaction while it waits for its retry. */
  #retrying: Pending | undefined = undefined;
  #target: BatchTarget | undefined = undefined;
  #end: Pending | undefined = undefined;
  #resolve!: (outcomes: unknown[]) => void;
  #connection: Connection | undefined = undefined;
  #placeholder: Pending | undefined = undefined;
  #missing = 0;

  /** Accepts at least one command with checked arguments. */
  constructor(commands: readonly Command[], terms: BatchTerms) {
    this.#commands = commands;
    this.#terms = terms;
    this.#replies = new Array(commands.length + 2);
    this.outcomes = new Promise((resolve) => {
      this.#resolve = (outcomes) => {
        resolve(outcomes);
        this.settled(outcomes);
      };
    });
  }

  /** @inheritdoc */
  placeholder(): Pending {
    const { mode, timeout, deadline } = this.#terms;
    const placeholder = new Pending(TRANSACTION, mode, timeout, {
      resolved() {},
      rejected: (_, error) => {
        this.refused = true;
        this.#fail(error);
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
    this.#missing = this.#commands.length + 2;
    const { timeout, deadline } = this.#terms;
    const group = [BEGIN, ...this.#commands, END].map((command, index) => {
      // Only EXEC returns values: bytes, which each command converts.
      const queued: Sendable = { spec: command.spec, args: command.args, parse: undefined };
      const pending = new Pending(queued, DecodeMode.bytes, timeout, this, index);
      pending.deadline = deadline;
      return pending;
    });
    this.#end = group.at(-1)!;
    this.#end.sender = target?.last;
    enqueueTransaction(connection, group);
  }

  /** Drops the transaction if nothing of it has been sent; replies that still come are dropped, too. */
  abandon(error: Error): void {
    this.#placeholder?.reject(error);
    this.#connection?.withdraw(this, error);
  }

  /** @inheritdoc */
  resolved(index: number, value: unknown): void {
    this.#replies[index] = value;
    if (--this.#missing === 0) this.#finish();
  }

  /** @inheritdoc */
  rejected(index: number, error: Error): void {
    this.resolved(index, error);
  }

  /** Called in the moment of the last reply or error; for subclasses. */
  protected settled(_outcomes: readonly unknown[]): void {}

  /** Whether all commands were refused for now, and are sent again together. */
  #retries(outcomes: readonly unknown[]): boolean {
    const { retry } = this.#terms;
    const context = { attempt: 1, readonly: false };
    if (retry === undefined) return false;
    if (!outcomes.every((one) => shouldRetry(retry, one, context))) return false;
    return this.#recover(outcomes[0] as ReplyError);
  }

  /** Returns whether the transaction is sent again in its place, after an error which proves that nothing has run. */
  #recover(reason: RedisError): boolean {
    const { retry } = this.#terms;
    if (this.#target === undefined) return false;
    const retrying = this.#retrying ??= this.placeholder();
    if (retry !== undefined) retrying.coldFields.retry = retry;
    this.#placeholder = retrying;
    return this.#target.recoverBatch(this, retrying, reason, this.#end!);
  }

  #fail(error: Error): void {
    this.failures = this.#commands.length;
    this.#resolve(this.#commands.map(() => error));
  }

  #finish(): void {
    const [begun, ...queued] = this.#replies;
    const ended = queued.pop();
    if (begun instanceof ReplyError && ended instanceof ReplyError && ended.code !== "EXECABORT") {
      return this.#neverBegun(begun, queued);
    }
    if (Array.isArray(ended)) {
      return this.#resolve(this.#commands.map((one, at) => this.#value(one, ended[at])));
    }
    if (ended === null) {
      return this.#fail(
        new RedisError("Cannot run the transaction: a watched key was changed by somebody else", {
          code: "WATCH_CONFLICT",
          executed: "no",
        }),
      );
    }
    if (ended instanceof ReplyError) {
      const first = queued.find((one) => one instanceof ReplyError);
      const reason = first ?? reasonOf(ended);
      if (reason !== ended && this.#recover(reason)) return;
      // The reply of EXEC is a list if the transaction ran. Otherwise refused commands have the reason, and the
      // others did not run because of them.
      this.failures = queued.length;
      const refused = (error: Error): ReplyError => new ReplyError(error.message, { executed: "no" });
      const why = first === undefined ? reason : ended;
      const others = why.executed === "no" ? why : refused(why);
      return this.#resolve(queued.map((reply) => reply instanceof Error ? refused(reply) : others));
    }
    // Without a reply to EXEC it is not known whether the commands ran. A transaction that was never sent keeps its
    // place among the commands of all callers.
    if (ended instanceof RedisError && ended.executed === "no" && this.#recover(ended)) return;
    this.#fail(ended as Error);
  }

  /** MULTI was refused. What followed it was refused too, or ran by itself. */
  #neverBegun(begun: ReplyError, queued: readonly unknown[]): void {
    if (queued.every((reply) => reply instanceof ReplyError) && this.#retries(queued)) return;
    this.failures = queued.length;
    this.#resolve(queued.map((reply) => {
      if (reply instanceof Error) return reply;
      return new RedisError(
        `The command ran outside of a transaction, as MULTI was refused: ${begun.message}`,
        {
          code: begun.code,
          executed: "yes",
          cause: begun,
        },
      );
    }));
  }

  #value({ spec, parse }: Command, reply: Reply): unknown {
    if (reply instanceof Error) {
      this.failures++;
      attributeReply(reply, spec);
      return reply;
    }
    const bytes = (this.#terms.mode & DecodeMode.bytes) !== 0 || (spec.flags & CommandFlag.binary) !== 0;
    try {
      const value = bytes ? reply : textReply(reply, this.#terms.mode);
      return parse === undefined ? value : parse(value, bytes);
    } catch (cause) {
      this.failures++;
      if (cause instanceof RedisError) return cause;
      const message = `Cannot make the reply of ${spec.name} into its type`;
      return new RedisError(message, { code: "UNEXPECTED_REPLY", executed: "yes", cause });
    }
  }
}

/**
 * Returns the error with which the server refused EXEC itself: it was demoted, or has no memory, since it queued the
 * commands. If the reason has no error code, the code stays `EXECABORT`.
 */
function reasonOf(error: ReplyError): ReplyError {
  const text = /^EXECABORT .*? because of: (.+)/.exec(error.message)?.[1];
  if (text === undefined || error.executed !== "no") return error;
  const reason = new ReplyError(text, { executed: "no" });
  return reason.code === "ERR" ? error : reason;
}
