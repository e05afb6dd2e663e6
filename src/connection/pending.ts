/**
 * A command from its call until it settles, through queues, connections and retries.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { RedisError } from "../errors.ts";
import { OPAQUE } from "../executed.ts";
import type { AbortGroup } from "./abort_group.ts";
import type { SentBytes } from "../resp/sent_bytes.ts";
import { KEPT, snapshot } from "../resp/snapshot.ts";
import { rejectWithCaller } from "./caller_stack.ts";
import { withUnknownOutcome } from "./failures.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import type { RetryPolicy } from "../retry.ts";

/** A command, as a connection uses it; a `Command` of `src/commands` is one. */
export interface Sendable {
  /** The part that all commands of this name share. */
  readonly spec: {
    readonly name: string;
    readonly head: Uint8Array;
    readonly words: number;
    readonly flags: number;
  };
  /** The arguments behind the name. */
  readonly args: readonly Arg[];
  /** Converts the decoded reply to its type; `bytes`: strings were decoded as bytes. */
  readonly parse: ((reply: Reply, bytes?: boolean) => unknown) | undefined;
}

/** The sender of a command, which may retry it. */
export interface Sender {
  /** Returns `true` if it retries the command, `false` if the command is to be rejected with the error. */
  recover(pending: Pending, error: Error): boolean;
}

/** Receives the outcomes of several commands, by position. */
export interface BatchSink {
  /** Receives the reply of the command at `index`. */
  resolved(index: number, value: unknown): void;
  /** Receives the error of the command at `index`. */
  rejected(index: number, error: Error): void;
}

type Resolve = (value: unknown) => void;
type Reject = (error: unknown) => void;

// The executor is one function for all promises, so that a command costs no closure of its own.
let lastResolve: Resolve;
let lastReject: Reject;
const capture = (resolve: Resolve, reject: Reject): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/** Fields that few commands need; other commands are smaller and faster to create without them. */
export interface ColdFields {
  /** Milliseconds that the server may block before it replies. */
  blocks?: number;
  /** The number of retries so far. */
  repeats?: number;
  /** The number of push frames that confirm it (SUBSCRIBE and similar commands); without it, a reply does. */
  confirmations?: number;
  /** Whether an earlier attempt may have been executed. Then later errors have `executed: "unknown"`. */
  mayHaveExecuted?: boolean;
  /** The retry policy. Default: the sender's. */
  retry?: RetryPolicy;
  /** The bytes that it holds in memory while it waits for a connection. */
  size?: number;
  /** Called when it settles, before its promise; with the error if it is rejected. */
  settled?: (error?: unknown) => void;
}

/**
 * A command that waits for its reply. It settles exactly once; later outcomes are dropped.
 *
 * It has 12 fields. With one more, JavaScriptCore allocates 160 bytes instead of 112.
 */
export class Pending {
  /** The command. */
  command: Sendable;
  /** `DecodeMode` bits for its reply. */
  readonly mode: number;
  /** The time limit for all tries, in milliseconds; 0 is no limit. */
  readonly timeout: number;
  /** The time of its deadline, by the connection's clock; 0 until it is first queued. */
  deadline = 0;
  /** Whether it is settled; a late reply is read and dropped. */
  done = false;
  /** The sender, which may retry it. */
  sender: Sender | undefined = undefined;
  /** The commands of its caller's signal. */
  aborts: AbortGroup | undefined = undefined;
  /** Its bytes as they were sent. */
  copies: SentBytes | undefined = undefined;
  /** The position of the command among them. */
  copiesStart = 0;
  /** The batch that receives the outcome, or the function that resolves the promise. */
  #receiver: BatchSink | Resolve | undefined;
  /** The position in that batch, or the function that rejects the promise. */
  #place: number | Reject;
  #cold: ColdFields | undefined = undefined;

  /** With a `batch` the outcome goes to its position `index`. Without it, `promise()` must be called. */
  constructor(command: Sendable, mode: number, timeout: number, batch?: BatchSink, index = 0) {
    this.command = command;
    this.mode = mode;
    this.timeout = timeout;
    this.#receiver = batch;
    this.#place = index;
  }

  /** Sets the deadline, unless an earlier attempt has set it. */
  startDeadline(clock: Pick<Clock, "now">): void {
    if (this.deadline === 0) this.deadline = this.timeout === 0 ? Infinity : clock.now() + this.timeout;
  }

  /** The cold fields, if there are any. */
  get cold(): ColdFields | undefined {
    return this.#cold;
  }

  /** The cold fields, created if there are none. */
  get coldFields(): ColdFields {
    return this.#cold ??= {};
  }

  /** Copies small byte arguments and the list of raw words, as their caller may change them. */
  keepArguments(): void {
    const { spec, args, parse } = this.command;
    if ((spec.flags & KEPT) !== 0) return;
    const kept = snapshot(args, spec.words === 0);
    if (kept !== args) this.command = { spec, args: kept, parse };
  }

  /** Whether its outcome goes to this batch. */
  reportsTo(batch: BatchSink): boolean {
    return this.#receiver === batch;
  }

  /** Returns the promise of this command; called once. */
  promise(): Promise<unknown> {
    const promise = new Promise<unknown>(capture);
    this.#receiver = lastResolve;
    this.#place = lastReject;
    return promise;
  }

  /** Calls `listener` when the command settles, before its promise; with the error if it is rejected. */
  onSettled(listener: (error?: unknown) => void): void {
    const { coldFields } = this;
    const earlier = coldFields.settled;
    coldFields.settled = earlier === undefined ? listener : (error) => {
      earlier(error);
      listener(error);
    };
  }

  /** Settles the command with its reply. */
  resolve(reply: Reply): void {
    if (this.done) return;
    // Set before other code runs.
    this.done = true;
    if (this.aborts !== undefined) this.aborts.leave();
    this.#cold?.settled?.();
    let value: unknown = reply;
    const parse = this.command.parse;
    if (parse !== undefined) {
      try {
        value = parse(reply, (this.mode & DecodeMode.bytes) !== 0);
      } catch (cause) {
        const message = `Cannot make the reply of ${this.command.spec.name} into its type`;
        return this.#settle(new RedisError(message, { code: "UNEXPECTED_REPLY", executed: "yes", cause }));
      }
    }
    const place = this.#place;
    if (typeof place === "number") (this.#receiver as BatchSink).resolved(place, value);
    else (this.#receiver as Resolve)(value);
  }

  /** Lets the sender retry the command, or rejects it with the error. */
  fail(error: Error): void {
    if (this.done) return;
    if (this.sender !== undefined) {
      if (this.copies !== undefined) this.#restoreArguments(this.copies);
      if (error instanceof RedisError && error.executed !== "no") this.coldFields.mayHaveExecuted = true;
      try {
        if (this.sender.recover(this, error)) return;
      } catch {
        // The error class in a user's retry policy may throw in `instanceof`.
      }
    }
    this.reject(error);
  }

  /** Rejects the command; it is not retried. */
  reject(error: unknown): void {
    if (this.done) return;
    this.done = true;
    if (this.aborts !== undefined) this.aborts.leave();
    this.#cold?.settled?.(error);
    this.#settle(this.#cold?.mayHaveExecuted ? withUnknownOutcome(error) : error);
  }

  #restoreArguments(copies: SentBytes): void {
    const { spec, args, parse } = this.command;
    this.command = { spec, args: copies.restore(args, this.copiesStart, spec.head.length), parse };
    this.copies = undefined;
  }

  #settle(error: unknown): void {
    if (error instanceof RedisError) {
      const { spec: { name }, args } = this.command;
      error.command ??= { name, args: args.length };
    }
    const place = this.#place;
    if (typeof place === "number") (this.#receiver as BatchSink).rejected(place, error as Error);
    else rejectWithCaller(this.#receiver as Resolve, place, error);
  }
}

const NO_BYTES = new Uint8Array(0);

/** Returns a command for raw words; its name is used for messages only. */
export function rawCommand(words: readonly Arg[], flags: number = OPAQUE): Sendable {
  const first = words[0];
  // Other text may be a value in the wrong place, which messages must not show.
  const name = typeof first === "string" && /^[A-Za-z][A-Za-z0-9._-]{0,30}$/.test(first)
    ? first.toUpperCase()
    : "a raw command";
  return { spec: { name, head: NO_BYTES, words: 0, flags }, args: words, parse: undefined };
}
