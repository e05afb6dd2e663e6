/**
 * A command on its way: from the call to its settling, through queues, connections and repeats.
 *
 * @module
 */
import { RedisError } from "../errors.ts";
import { OPAQUE } from "../executed.ts";
import type { Abortable, AbortGroup } from "./abort_group.ts";
import { snapshot } from "../resp/snapshot.ts";
import type { ArgumentCopies } from "./argument_copies.ts";
import { withUnknownOutcome } from "./failures.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import type { RetryPolicy } from "../retry.ts";

/** What a connection needs to know of a command; a `Command` of `src/commands` is one. */
export interface Sendable {
  /** What all commands of this name share. */
  readonly spec: {
    readonly name: string;
    readonly head: Uint8Array;
    readonly words: number;
    readonly flags: number;
  };
  /** The arguments behind the name. */
  readonly args: readonly Arg[];
  /** Makes the typed reply of the decoded one; `bytes`: strings were decoded as bytes. */
  readonly parse: ((reply: Reply, bytes?: boolean) => unknown) | undefined;
}

/** Who sent a command, and may send it again instead of letting it fail. */
export interface Sender {
  /** Takes the command over (`true`), or lets it be rejected with the error (`false`). */
  recover(pending: Pending, error: Error): boolean;
}

/** Whom the commands of a pipeline report to, by position. */
export interface BatchSink {
  /** The command at `index` has its reply. */
  resolved(index: number, value: unknown): void;
  /** The command at `index` has failed. */
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

/** What few commands need; the others are smaller, and quicker to make, without it. */
export interface ColdFields {
  /** Milliseconds that the server itself may wait before it answers (blocking commands). */
  blocks?: number;
  /** How often it was sent anew. */
  repeats?: number;
  /** Push frames that confirm it instead of a reply (SUBSCRIBE and its like); without: it has a reply. */
  confirmations?: number;
  /** An earlier try may have run: no later failure can say "no". */
  mayHaveExecuted?: boolean;
  /** When its sender may send it again; without: as the sender's own policy says. */
  retry?: RetryPolicy;
  /** Bytes that it holds while it waits for a connection. */
  size?: number;
  /** The commands of its caller's signal. */
  aborts?: AbortGroup;
  /** What stands for it among those, if it is not itself. */
  aborted?: Abortable;
  /** Called when it settles, before its caller is told. */
  settled?: () => void;
}

/** A command that waits for its reply. It settles exactly once; what comes later is dropped. */
export class Pending {
  /** What was called. */
  command: Sendable;
  /** `DecodeMode` bits for its reply. */
  readonly mode: number;
  /** Milliseconds that it may take in all; 0 is no limit. */
  readonly timeout: number;
  /** When its time is up, by the connection's clock; 0 until it is first queued. */
  deadline = 0;
  /** Settled: a reply that still comes is read and dropped. */
  done = false;
  /** Who may send it again. */
  sender: Sender | undefined = undefined;
  /** Copies of its arguments. */
  copies: ArgumentCopies | undefined = undefined;
  /** Where the copies begin. */
  copiesStart = 0;
  #resolve: Resolve | undefined = undefined;
  #reject: Reject | undefined = undefined;
  #batch: BatchSink | undefined;
  #index: number;
  #cold: ColdFields | undefined = undefined;

  /** With a `batch` it reports there, as number `index`; without, `promise()` must be called. */
  constructor(command: Sendable, mode: number, timeout: number, batch?: BatchSink, index = 0) {
    this.command = command;
    this.mode = mode;
    this.timeout = timeout;
    this.#batch = batch;
    this.#index = index;
  }

  /** What is rare about it, if anything. */
  get cold(): ColdFields | undefined {
    return this.#cold;
  }

  /** What is rare about it, to be changed. */
  get coldFields(): ColdFields {
    return this.#cold ??= {};
  }

  /** Copies what its caller may change while it waits: small byte arguments, and the words of a command given as such. */
  keepArguments(): void {
    const { spec, args, parse } = this.command;
    const kept = snapshot(args, spec.words === 0);
    if (kept !== args) this.command = { spec, args: kept, parse };
  }

  /** Whether it reports to this batch. */
  reportsTo(batch: BatchSink): boolean {
    return this.#batch === batch;
  }

  /** The promise that settles with this command; called once. */
  promise(): Promise<unknown> {
    const promise = new Promise<unknown>(capture);
    this.#resolve = lastResolve;
    this.#reject = lastReject;
    return promise;
  }

  /** Calls `listener` when the command settles, before its caller is told. */
  onSettled(listener: () => void): void {
    const { coldFields } = this;
    const earlier = coldFields.settled;
    coldFields.settled = earlier === undefined ? listener : () => {
      earlier();
      listener();
    };
  }

  /** The reply came. */
  resolve(reply: Reply): void {
    if (this.done) return;
    // Before anything of the caller's runs: whatever that does, this is settled.
    this.done = true;
    if (this.#cold !== undefined) ended(this.#cold, this);
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
    if (this.#batch !== undefined) this.#batch.resolved(this.#index, value);
    else this.#resolve!(value);
  }

  /** It failed: its sender may send it again; else it is rejected. */
  fail(error: Error): void {
    if (this.done) return;
    if (this.sender !== undefined) {
      if (this.copies !== undefined) this.#restoreArguments(this.copies);
      // An earlier try may have run: no later failure can say "no".
      if (error instanceof RedisError && error.executed !== "no") this.coldFields.mayHaveExecuted = true;
      try {
        if (this.sender.recover(this, error)) return;
      } catch {
        // A kind of error to retry after may be a class of the caller's, and its `instanceof` may throw.
      }
    }
    this.reject(error);
  }

  /** Rejects for good. */
  reject(error: unknown): void {
    if (this.done) return;
    this.done = true;
    if (this.#cold !== undefined) ended(this.#cold, this);
    this.#settle(this.#cold?.mayHaveExecuted ? withUnknownOutcome(error) : error);
  }

  #restoreArguments(copies: ArgumentCopies): void {
    const { spec, args, parse } = this.command;
    this.command = { spec, args: copies.restore(args, this.copiesStart), parse };
    this.copies = undefined;
  }

  #settle(error: unknown): void {
    if (this.#batch !== undefined) this.#batch.rejected(this.#index, error as Error);
    else this.#reject!(error);
  }
}

function ended(cold: ColdFields, pending: Pending): void {
  cold.aborts?.leave(cold.aborted ?? pending);
  cold.settled?.();
}

const NO_BYTES = new Uint8Array(0);

/** A command given as its words; its name is known for messages only. */
export function rawCommand(words: readonly Arg[], flags: number = OPAQUE): Sendable {
  const first = words[0];
  // Only what looks like a name is shown: anything else may be a value that slipped into its place.
  const name = typeof first === "string" && /^[A-Za-z][A-Za-z0-9._-]{0,30}$/.test(first)
    ? first.toUpperCase()
    : "a raw command";
  return { spec: { name, head: NO_BYTES, words: 0, flags }, args: words, parse: undefined };
}
