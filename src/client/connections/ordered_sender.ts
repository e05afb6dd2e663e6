/**
 * Sends commands over the connection that there is, in the order of the calls, and keeps them while there is none.
 *
 * ```text
 *   submit() --gate open--> connection <--------------------------+
 *      |                                                          | release(): resend first, then offline
 *      +--gate closed--> offline queue    refused, lost --> resend queue
 * ```
 *
 * @module
 */
import { abortBy } from "../../connection/abort_group.ts";
import type { Clock, Timer } from "../../clock.ts";
import { type Command, CommandFlag } from "../../commands/command.ts";
import type { ScriptCommand } from "../../commands/script.ts";
import type { Connection } from "../../connection/connection.ts";
import { abortable } from "../../connection/time_limit.ts";
import type { BatchSink, Pending, Sender } from "../../connection/pending.ts";
import { RedisError, ReplyError } from "../../errors.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import type { RetryPolicy } from "../../retry.ts";
import type { QueueStats } from "../../pool/stats.ts";
import type { BatchAttempt, BatchConnection, BatchTarget } from "../pipeline/batch_connection.ts";
import type { CommandRouter } from "./command_router.ts";
import { OfflineQueue, UNLIMITED } from "./offline_queue.ts";
import { barrier, RetryHold } from "./retry_hold.ts";
import { SentScripts } from "./sent_scripts.ts";

/** Commands on their way to one connection after the other. */
export abstract class OrderedSender implements Sender, BatchConnection, BatchTarget {
  /** Measures the time of commands. */
  readonly clock: Clock;
  /** @inheritdoc */
  readonly ordered = true;
  /** The policy of commands that bring none. */
  readonly retry: RetryPolicy;
  /** Returns the sender that notes errors of the last command of a batch, which is retried as a whole. */
  get last(): Sender {
    return { recover: (pending) => (this.failed(pending), false) };
  }
  /** Commands that have not been sent. */
  protected readonly offline: OfflineQueue;
  #resend: OfflineQueue | undefined = undefined;
  /** The connection, while commands may be sent on it at once. */
  #open: Connection | undefined = undefined;
  /** Sends commands over this connection or further ones, while keys with large replies are known. */
  router: CommandRouter | undefined = undefined;
  /** Sets to which each connection is added before commands are sent on it. */
  traces: Set<Set<object>> | undefined = undefined;
  /** Called when waiting commands have been sent. */
  released: (() => void) | undefined = undefined;
  /** Whether commands wait for replies over another connection: see `holdBack()`. */
  #heldBack = false;
  /** The connection that commands continue on after that. */
  #next: Connection | undefined = undefined;
  /** Refused commands wait for their retry. */
  #hold: RetryHold | undefined = undefined;
  /** Called instead of sending on when every command in flight has its reply: the connection is to be left. */
  #leave: (() => void) | undefined = undefined;
  /** The time when the commands in `resend` may be sent. */
  #resendAt = 0;
  #timer: Timer = undefined;
  /** Calls of `drained()` that look again when the queues have changed. */
  #drains: (() => void)[] = [];
  /** The batches whose placeholders are in the queues. */
  #batches: WeakMap<Pending, BatchAttempt> | undefined = undefined;
  #scripts: SentScripts | undefined = undefined;
  readonly #options: ResolvedConnectionOptions;

  /** Makes it for connections with these options. */
  constructor(options: ResolvedConnectionOptions) {
    this.retry = options.retry;
    this.clock = options.clock;
    this.#options = options;
    this.offline = new OfflineQueue(options.clock, options.offlineQueue || UNLIMITED, options, this);
  }

  /** Commands to send again, before those that were not sent. No limit: they were accepted before. */
  protected get resend(): OfflineQueue {
    return this.#resend ??= new OfflineQueue(this.clock, UNLIMITED, this.#options, this);
  }

  /** Whether a command would be sent now. */
  get usable(): boolean {
    return this.#open?.state === "ready";
  }

  /** Whether a command that was refused, or lost with a connection, waits to be sent again. */
  get retrying(): boolean {
    return this.#hold !== undefined || this.#resend?.awaited === true;
  }

  /** Whether the peer is so slow that a caller with much to send should wait first. */
  get congested(): boolean {
    return this.#open?.link?.congested === true;
  }

  /** The number of commands that wait for a connection or for their retry. */
  get waiting(): number {
    return this.offline.size + (this.#resend?.size ?? 0) + (this.router?.waiting ?? 0);
  }

  /** The numbers of waiting commands. */
  get load(): QueueStats {
    const link = this.#open?.link;
    return {
      offline: this.offline.size + (this.#resend?.size ?? 0),
      offlineBytes: this.offline.bytes + (this.#resend?.bytes ?? 0),
      unsent: link?.unsent ?? 0,
      unsentBytes: link?.unsentBytes ?? 0,
      inFlight: (link?.pending ?? 0) - (link?.unsent ?? 0),
    };
  }

  /** Resolves when every command that was called before has its reply, retries included. */
  async answered(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const ping = barrier(this.#options.commandTimeout);
      const replied = ping.promise().then(() => true, (error) => {
        if (error instanceof ReplyError) return true;
        // Lost: those before it have failed, or go out again; so does this.
        if (error instanceof RedisError && (error.executed === "unknown" || error.code === "LOST")) {
          return false;
        }
        throw error;
      });
      this.submit(ping);
      if (!ping.done) abortBy(ping, signal);
      if (await replied && this.#hold === undefined && !this.#resend?.awaited) return;
    }
  }

  /** Resolves when a producer may continue: no command waits for a connection, and the socket accepts data. */
  async drained(signal: AbortSignal): Promise<void> {
    while (this.offline.awaited || this.#resend?.awaited || this.congested) {
      const next = new Promise<void>((resolve) => {
        this.#drains.push(resolve);
        this.#open?.link?.onProgress(resolve);
      });
      await abortable(next, signal);
    }
  }

  /** Sends a command over this connection, or over a further one. */
  route(pending: Pending): void {
    if (this.router === undefined) this.submit(pending);
    else this.router.submit(pending);
  }

  /** Returns the connection for a batch of these commands. */
  forBatch(commands: readonly Command[]): BatchConnection {
    return this.router?.forBatch(commands) ?? this;
  }

  /** Sends a command now, or as soon as there is a connection. */
  submit(pending: Pending): void {
    const connection = this.#open;
    if (connection !== undefined) this.#enqueue(pending, connection);
    else this.#wait(pending);
  }

  /**
   * Sends a command again that a connection returned, before those that were not sent. The connection may be ending at this moment,
   * before its end is known here: then the command waits for the next one.
   */
  resubmit(pending: Pending): void {
    if (this.usable) {
      this.#enqueue(pending, this.#open!);
      return this.released?.();
    }
    const refusal = this.refusal(pending);
    if (refusal !== undefined) return pending.reject(refusal);
    this.resend.add(pending);
    this.ensureConnected();
  }

  /** Sends a returned batch again, in the same place. */
  resubmitBatch(batch: BatchAttempt): void {
    if (this.usable) {
      batch.send(this.#open!, this);
      return this.released?.();
    }
    const placeholder = batch.placeholder();
    (this.#batches ??= new WeakMap()).set(placeholder, batch);
    this.resubmit(placeholder);
  }

  /** After NOSCRIPT, makes a script command contain its source. Returns whether it can be sent again. */
  makeWhole(pending: Pending, error: RedisError): boolean {
    const { whole } = pending.command as Partial<ScriptCommand>;
    if (whole === undefined || error.code !== "NOSCRIPT" || error.executed !== "no") return false;
    // SCRIPT FLUSH forgets all of them.
    this.#scripts?.clear();
    pending.command = whole;
    return true;
  }

  /** @inheritdoc */
  submitBatch(batch: BatchAttempt): void {
    if (this.#open !== undefined) return batch.send(this.#open, this);
    const placeholder = batch.placeholder();
    (this.#batches ??= new WeakMap()).set(placeholder, batch);
    this.#wait(placeholder);
  }

  /** Fails all that wait for a connection: their senders may have another way for them. */
  evict(error: Error): void {
    // Before the commands that were called after those of further connections.
    const waiting = [
      ...this.#resend?.drain() ?? [],
      ...this.router?.takeWaiting() ?? [],
      ...this.offline.drain(),
    ];
    for (const pending of waiting) {
      // Without a sender or a batch it belongs to this connection.
      if (pending.sender === undefined && this.#batches?.has(pending) !== true) this.sendAgain(pending);
      else pending.fail(error);
    }
    this.emptied();
  }

  /** Removes and returns the waiting commands, in order. */
  takeWaiting(): Pending[] {
    return [...this.#resend?.drain() ?? [], ...this.offline.drain()];
  }

  /** Sends a command that waited elsewhere, before those that wait here. */
  adopt(pending: Pending): void {
    pending.sender = this;
    this.sendAgain(pending);
  }

  /** Lets later commands wait until `proceed()`. */
  holdBack(): void {
    if (this.#heldBack) return;
    this.#heldBack = true;
    this.#next = this.#open;
    this.#open = undefined;
    this.offline.reason = new Error("earlier commands with the same keys wait for their replies");
  }

  /** Sends the commands that waited after `holdBack()`. */
  proceed(): void {
    if (!this.#heldBack) return;
    this.#heldBack = false;
    const connection = this.#next;
    this.#next = undefined;
    if (connection !== undefined) this.release(connection);
  }

  /** @inheritdoc */
  withdraw(sink: BatchSink, reason: unknown): void {
    this.#resend?.withdraw(sink, reason);
    this.offline.withdraw(sink, reason);
  }

  /** @inheritdoc */
  recoverBatch(batch: BatchAttempt, placeholder: Pending, error: RedisError, last: Pending): boolean {
    (this.#batches ??= new WeakMap()).set(placeholder, batch);
    return this.recover(placeholder, error, last);
  }

  /** @inheritdoc */
  abstract recover(pending: Pending, error: Error, last?: Pending): boolean;

  /** Connects in the background, if need be. */
  abstract ensureConnected(): void;

  /** Returns the error if a command cannot wait; `undefined` if it can. */
  protected abstract refusal(pending: Pending): Error | undefined;

  /** A command failed by a reply: nothing of it has run. */
  protected failed(pending: Pending): void {
    this.#hold?.failed(pending);
  }

  /**
   * Retries a command after `delay` milliseconds. `last`: the command in flight that it, or its batch, ended with. Until
   * then nothing else is sent.
   */
  protected retryLater(pending: Pending, error: RedisError, delay: number, last: Pending): void {
    const now = this.clock.now();
    // Commands refused behind it wait for the same time.
    if (this.#resendAt <= now) this.#resendAt = now + delay;
    // A reply: the connection is well. Else it is about to be lost, and the retry waits for the next one.
    const open = this.#open ?? this.#next;
    if (error instanceof ReplyError && this.#hold === undefined && open?.state === "ready") {
      this.#closeGate(open, error);
    }
    this.#hold?.failed(last);
    this.#hold?.refuse(pending, error, last);
    this.resend.reason = error;
    this.resend.add(pending);
    this.ensureConnected();
  }

  /** Sends nothing more on a connection; `left` is called when every command in flight on it has its reply. */
  protected leave(connection: Connection, left: () => void): void {
    if (this.#leave !== undefined) return;
    this.#leave = left;
    if (this.#hold === undefined) this.#closeGate(connection, undefined);
    else if (this.#hold.quiet) left();
  }

  /** Queues a command that was never sent, before the unsent ones. */
  protected sendAgain(pending: Pending): void {
    if (this.usable) {
      this.#dispatch(pending, this.#open!);
      return this.released?.();
    }
    this.resend.add(pending);
    this.ensureConnected();
  }

  /** Sends the waiting commands on this connection, in order, unless a retry is not due yet. */
  protected release(connection: Connection): void {
    if (this.#heldBack) this.#next = connection;
    if (this.#heldBack || connection.state !== "ready" || this.#hold?.quiet === false) return;
    const { clock } = this;
    const early = this.#resend?.awaited ? this.#resendAt - clock.now() : 0;
    clock.clearTimeout(this.#timer);
    this.#leave = undefined;
    if (early > 0) {
      this.#timer = clock.setTimeout(() => {
        this.#resendAt = 0;
        this.release(connection);
      }, early);
      return;
    }
    this.#hold?.rejectOvertaken();
    this.#hold = this.offline.reason = undefined;
    const waiting = this.takeWaiting();
    this.#resend = undefined;
    this.#open = connection;
    this.traces?.forEach((places) => places.add(connection));
    for (const pending of waiting) this.#dispatch(pending, connection);
    this.released?.();
    this.emptied();
  }

  /** A queue is empty. */
  emptied(): void {
    const drains = this.#drains;
    if (drains.length === 0) return;
    this.#drains = [];
    for (const look of drains) look();
  }

  /** The connection is not to be used any more. */
  protected detach(): void {
    this.clock.clearTimeout(this.#timer);
    // Commands in flight that may have run are behind the refused ones.
    this.#hold?.rejectOvertaken();
    this.#open =
      this.#next =
      this.#hold =
      this.#leave =
        undefined;
    this.#scripts = undefined;
  }

  /** Rejects all that waits. */
  protected rejectWaiting(error: (pending: Pending) => Error): void {
    this.#resend?.rejectAll(error);
    this.offline.rejectAll(error);
    this.emptied();
  }

  #wait(pending: Pending): void {
    const refusal = this.refusal(pending);
    if (refusal !== undefined) return pending.reject(refusal);
    // The limits are for times without a connection. Held commands, and those of a planned replacement, count as sent.
    this.offline.add(pending, this.#heldBack ? UNLIMITED : this.#leave && this.#options.sendQueue);
    this.ensureConnected();
  }

  #closeGate(connection: Connection, reason: Error | undefined): void {
    this.#open = undefined;
    this.offline.reason = reason;
    const hold = this.#hold = new RetryHold(connection, () => {
      if (this.#hold !== hold) return;
      if (this.#leave === undefined) this.release(connection);
      else this.#leave();
    });
  }

  #dispatch(pending: Pending, connection: Connection): void {
    const batch = this.#batches?.get(pending);
    if (batch === undefined) this.#enqueue(pending, connection);
    else batch.send(connection, this);
  }

  #enqueue(pending: Pending, connection: Connection): void {
    if ((pending.command.spec.flags & CommandFlag.scripted) !== 0) {
      (this.#scripts ??= new SentScripts()).prepare(pending, connection);
    }
    connection.enqueue(pending);
  }
}
