/**
 * One open socket: commands out, replies in, and their deadlines.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Executed } from "../errors.ts";
import type { QueueLimits } from "../options.ts";
import { Decoder } from "../resp/decoder.ts";
import type { RespParser } from "../resp/types.ts";
import type { Socket } from "../transport.ts";
import { asError, lossError } from "./failures.ts";
import { LARGE, type ReplyDispatcher } from "./reply_dispatcher.ts";
import type { LinkOptions, LinkOwner } from "./link_owner.ts";
import { Output, type OutputOwner } from "./output.ts";
import type { AtomicBatch } from "./atomic_batch.ts";
import type { CommandSource } from "./command_source.ts";
import type { BatchSink, Pending } from "./pending.ts";
import type { Unsent } from "./unsent_queue.ts";
import { StallDetector } from "./stall_detector.ts";
import { Watchdog } from "./watchdog.ts";

/** A resolved promise; `queueMicrotask` costs more on Node, which keeps its context. */
const SOON: Promise<void> = Promise.resolve();
const MUCH = 65_536;
/** Milliseconds between two sweeps of a full queue for settled commands. */
const SWEEP_INTERVAL = 100;

/** Commands and replies over one socket. */
export class Link implements OutputOwner {
  /** The commands that wait for replies. */
  readonly dispatcher: ReplyDispatcher;
  /** The number of commands that were dropped before they were sent. */
  droppedCommands = 0;
  readonly #owner: LinkOwner;
  readonly #output: Output;
  readonly #socket: Socket;
  readonly #parser: RespParser;
  readonly #watchdog: Watchdog;
  readonly #clock: Clock;
  readonly #limits: QueueLimits;
  #stall: StallDetector | undefined = undefined;
  #sweptAt = -Infinity;
  #scheduled = false;
  #ended = false;
  #observers: readonly ((pending: Pending) => void)[] | undefined = undefined;

  /** Uses an open socket. `openLink` opens it. */
  constructor(socket: Socket, dispatcher: ReplyDispatcher, options: LinkOptions, owner: LinkOwner) {
    this.#socket = socket;
    this.dispatcher = dispatcher;
    this.#owner = owner;
    this.#clock = options.clock;
    this.#limits = options.sendQueue;
    this.#output = new Output(socket, dispatcher.queue, this);
    this.#parser = options.parser?.(dispatcher, options.limits) ?? new Decoder(dispatcher, options.limits);
    this.#watchdog = new Watchdog(options, owner, this, this.#output, socket.noticesDeadPeer ?? false);
  }

  /** The time since when the server has been silent while a reply was due. */
  get silentSince(): number {
    return this.#watchdog.silentSince;
  }

  /** The time of the last received bytes. */
  get receivedAt(): number {
    return this.#watchdog.receivedAt;
  }

  /** Whether the link has ended, by `lost`, `destroy` or `close`. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether reading is paused. */
  get paused(): boolean {
    return this.#watchdog.paused;
  }

  /** Stops reading. */
  pause(): void {
    if (this.#ended || this.paused) return;
    this.#watchdog.paused = true;
    this.#socket.pause();
  }

  /** Resumes reading. */
  resume(): void {
    if (this.#ended || !this.paused) return;
    this.#watchdog.paused = false;
    this.#watchdog.received();
    this.#socket.resume();
  }

  /** Sets whether the socket, and the timer of an idle link, keep the process alive. */
  keepProcess(alive: boolean): void {
    if (alive) return this.#socket.ref();
    this.#socket.unref();
    if (this.pending === 0) this.#watchdog.deadlines.clear();
  }

  /** Sets the least limit of usual commands in milliseconds, while the server is maintained; 0: the usual one. */
  relax(limit: number): void {
    this.#watchdog.relax(limit);
  }

  /** The number of commands that wait for their reply, including unsent ones. */
  get pending(): number {
    return this.dispatcher.queue.length + this.#output.unsent.commands;
  }

  /** Whether a blocking command is among them. */
  get blocks(): boolean {
    const { queue } = this.dispatcher;
    for (let index = 0; index < queue.length; index++) {
      if (queue.at(index)!.cold?.blocks) return true;
    }
    let blocks = false;
    this.#output.unsent.forEach((pending) => blocks ||= (pending.cold?.blocks ?? 0) > 0);
    return blocks;
  }

  /** Calls `visit` for each waiting command, oldest first; those of sources are all made for that. */
  forEachPending(visit: (pending: Pending) => void): void {
    const { queue } = this.dispatcher;
    for (let index = 0; index < queue.length; index++) visit(queue.at(index)!);
    this.forEachUnsent(visit);
  }

  /** Calls `visit` for each command that has not been encoded, oldest first; those of sources are all made for that. */
  forEachUnsent(visit: (pending: Pending) => void): void {
    const { unsent } = this.#output;
    if (unsent.commands === 0) return;
    unsent.expand();
    unsent.forEach(visit);
  }

  /** Whether the parser has read part of a reply. */
  get partial(): boolean {
    return this.#parser.partial;
  }

  /** Whether the peer has stalled and too much waits for it: no more commands are queued. A burst is not refused. */
  get full(): boolean {
    if (!this.#output.busy || !this.#isFull || !this.#isStalled) return false;
    // Settled commands keep their places until a sweep, which visits all of them.
    const now = this.#clock.now();
    if (now - this.#sweptAt < SWEEP_INTERVAL) return true;
    this.#sweptAt = now;
    this.#output.unsent.sweep();
    return this.#isFull;
  }

  /** Whether the peer is so slow that a sender of many commands should wait for replies first. */
  get congested(): boolean {
    return this.#output.busy && (this.#output.waiting >= MUCH || this.#isFull);
  }

  /** The number of commands that have not been written to the socket. */
  get unsent(): number {
    return this.#output.unsentCommands;
  }

  /** The approximate number of bytes that have not been written to the socket. */
  get unsentBytes(): number {
    return this.#output.waiting;
  }

  /** Calls back once, when the socket has accepted bytes or the link has ended. */
  onProgress(listener: () => void): void {
    if (this.#ended) listener();
    else this.#output.onProgress(listener);
  }

  get #isStalled(): boolean {
    if (this.#ended) return false;
    const progress = (): number => this.#output.taken + this.dispatcher.taken + this.#watchdog.receivedAt;
    return (this.#stall ??= new StallDetector(this.#clock, progress)).stalled;
  }

  get #isFull(): boolean {
    const output = this.#output;
    const { maxBytes, maxCommands } = this.#limits;
    return output.waiting >= maxBytes || output.unsentCommands >= maxCommands;
  }

  /**
   * Queues a command for the next write.
   *
   * @throws {TypeError} for an argument that cannot be sent; the command is then not queued.
   */
  enqueue(pending: Pending): void {
    if (!this.#scheduled) this.#schedule();
    const output = this.#output;
    if (output.busy) {
      output.defer(pending);
      return this.queued(pending);
    }
    const { spec, args } = pending.command;
    const { encoder } = output;
    encoder.command(spec.head, spec.words, args);
    output.encoded++;
    if (encoder.copied) output.keepArguments(pending);
    this.dispatcher.queue.push(pending);
    this.queued(pending);
    if (encoder.length >= output.early) output.flushEarly();
  }

  /**
   * Queues commands that are sent as a unit.
   *
   * @throws {TypeError} when they cannot be sent; nothing is queued then.
   */
  enqueueBatch(batch: AtomicBatch): void {
    if (!this.#scheduled) this.#schedule();
    this.#output.enqueueBatch(batch);
    for (const pending of batch.members) this.queued(pending);
  }

  /** Whether new commands wait until the socket takes bytes again, or behind the commands of a source. */
  get busy(): boolean {
    return this.#output.busy;
  }

  /** Queues the commands of a source. They are sent in this place, and what is queued later behind them. */
  enqueueSource(source: CommandSource): void {
    if (!this.#scheduled) this.#schedule();
    this.#output.enqueueSource(source);
  }

  /** A source may send more: it was full, or has ended. */
  proceed(): void {
    this.#output.proceed();
  }

  /** Rejects the commands of `sink` that have not been sent with `reason`, and drops them. */
  withdraw(sink: BatchSink, reason: unknown): void {
    this.#output.withdraw(sink, reason);
  }

  /** Closes the socket when all bytes are sent. No reply may be due. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#stall?.stop();
    this.#watchdog.deadlines.clear();
    this.#output.flush();
    await this.#socket.close();
    this.#output.encoder.leave();
  }

  /**
   * Ends the sending half when all that is queued has been sent: replies still come until the server closes. Where the
   * transport cannot do that, the socket is closed.
   */
  closeWrite(): void {
    if (this.#ended) return;
    if (!this.#output.busy) this.#output.flush();
    if (this.#output.busy) return this.onProgress(() => this.closeWrite());
    if (this.#socket.closeWrite === undefined) void this.#socket.close();
    else this.#socket.closeWrite();
  }

  /** Ends at once: every waiting command fails, with `cause` as the reason. */
  destroy(cause: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watchdog.deadlines.clear();
    try {
      this.#socket.destroy();
    } catch {
      // The commands must settle even if the transport throws.
    }
    const { dispatcher } = this;
    const output = this.#output;
    this.#stall?.stop();
    const unsent = output.end();
    const sent = dispatcher.refused ? 0 : output.sent;
    // Counted before the first command fails, as that may run other code.
    const fail = (pending: Pending, executed: Executed): void => {
      if (pending.done) return;
      pending.fail(lossError(pending.command.spec.name, executed, this.#owner.address, cause));
    };
    const { taken } = dispatcher;
    dispatcher.queue.drain().forEach((one, index) => fail(one, taken + index < sent ? "unknown" : "no"));
    for (const item of unsent) {
      if (!("advance" in item)) fail(item, "no");
      else item.fail(lossError(item.head?.command.spec.name ?? "", "no", this.#owner.address, cause));
    }
  }

  /** Calls an observer with each queued command; returns a function that stops that. */
  onCommand(observer: (pending: Pending) => void): () => void {
    this.#observers = [...this.#observers ?? [], observer];
    return () => {
      const left = this.#observers?.filter((other) => other !== observer) ?? [];
      this.#observers = left.length === 0 ? undefined : left;
    };
  }

  /** @inheritdoc */
  get encoded(): LinkOwner["encoded"] {
    return this.#owner.encoded;
  }

  /** @inheritdoc */
  failed(cause: unknown): void {
    this.lost(asError(cause));
  }

  /** @inheritdoc */
  dropped(item: Unsent): void {
    this.droppedCommands += "members" in item ? item.members.length : 1;
    this.#owner.dropped?.(item);
  }

  /** @inheritdoc */
  queued(pending: Pending): void {
    if (this.#observers !== undefined) { for (const observer of this.#observers) observer(pending); }
    this.#watchdog.watch(pending);
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#watchdog.tick(this.pending === 0);
    SOON.then(this.#flush);
  }

  #flush = (): void => {
    this.#scheduled = false;
    if (!this.#ended) this.#output.flushTick();
  };

  /** Memory to read the next bytes into, if the parser offers it. */
  get destination(): Uint8Array | undefined {
    return this.#ended ? undefined : this.#parser.destination?.();
  }

  /** Receives bytes. */
  data(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#watchdog.received();
    const { dispatcher } = this;
    const { taken } = dispatcher;
    try {
      this.#parser.write(chunk);
    } catch (error) {
      this.lost(asError(error));
      return;
    }
    if (dispatcher.taken !== taken) dispatcher.unfinished = 0;
    else if ((dispatcher.unfinished += chunk.length) >= LARGE) dispatcher.reportLarge(this.#parser.partial);
    if (this.pending === 0) this.#owner.idle();
  }

  /** Called when the socket has ended or a peer is dead: rejects all commands with `cause`. */
  lost(cause: Error): void {
    if (this.#ended) return;
    // The owner first: a failed command that is sent again must not use this link.
    this.#owner.lost(cause);
    this.destroy(cause);
  }
}
