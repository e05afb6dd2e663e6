/**
 * Fetches the messages of a consumer of a group: pending ones first, then claimed and new ones.
 *
 * A message is pending at the server from its delivery until it is acknowledged. After an error, the pending messages
 * that this consumer has not seen (of a lost reply) are fetched first.
 *
 * @module
 */
import { type Backoff, delayOf } from "../../backoff.ts";
import type { Clock } from "../../clock.ts";
import type { PendingEntry } from "../../commands/reply_types.ts";
import { sleep } from "../../connection/sleep.ts";
import {
  ConnectionError,
  EncodingError,
  MaxConnectionsError,
  ReplyError,
  TimeoutError,
} from "../../errors.ts";
import { closedError } from "../commands/unsupported_commands.ts";
import type { Call, Executor } from "../executor.ts";
import { nextId } from "./entry_id.ts";
import { maintain } from "./maintenance.ts";
import { type MessageParts, type Settlement, StreamMessage } from "./message.ts";
import type { ResolvedConsumeOptions } from "./options.ts";
import { type Delivery, StreamGroup } from "./stream_group.ts";

/** The parts of a client that a consumer uses. */
export interface ConsumeTarget {
  /** Runs the commands. */
  readonly executor: Executor;
  /** Limits. */
  readonly call: Call;
  /** Time, and how often and how soon it reconnects after an error. */
  readonly options: {
    readonly clock: Clock;
    readonly reconnect: { readonly attempts: number; readonly backoff: Backoff };
  };
}

type Message = StreamMessage<unknown>;
type Origin = Message["origin"];
type Pending = PendingEntry<unknown>;

/** Pending messages to list at once. */
const PAGE = 100;
/** Messages that may be in hand before the list of them is compared with the server's for the first time. */
const MANY = 1_000;
/** The longest single wait with `block: 0`, so that a connection that is silently lost is noticed. */
const LONGEST_BLOCK = 60_000;
/** Milliseconds from one pass over its own pending messages to the next: doubled each time, up to the last. */
const FIRST_PASS = 1_000;
const LAST_PASS = 60_000;
/** Milliseconds that the server's clock may be behind by rounding. */
const CLOCK_MARGIN = 10;
/** Errors after which fetching is retried. */
const TRANSIENT: ReadonlySet<string> = new Set([
  "LOADING",
  "BUSY",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "MASTERDOWN",
  "READONLY",
  "UNBLOCKED",
]);

/** A position in one stream, from which on pending messages are still to be listed. */
interface Cursor {
  readonly stream: string;
  from: string;
  /** Messages in hand when the pass began that it has not come across: they are no longer pending. */
  readonly missing: Set<string>;
}

/** Fetches messages. */
export class GroupReader implements Settlement {
  /** Messages that were fetched and are waiting or being handled, by stream and id. */
  readonly active: Map<string, Map<string, Message>> = new Map();
  /** The commands of the group. */
  readonly group: StreamGroup;
  readonly #target: ConsumeTarget;
  readonly #options: ResolvedConsumeOptions;
  readonly #signal: AbortSignal | undefined;
  /** Messages that this consumer has got and not settled, by stream: an error must not deliver them again. */
  readonly #held: Map<string, Set<string>> = new Map();
  #many = MANY;
  #createGroups: boolean;
  /** A server without the group has replied since the last successful step. */
  #createsAgain = false;
  /** Streams whose own pending messages are to be fetched first. */
  #ownPending: Cursor[] = [];
  /** Streams where the current search for idle messages has not come to the end. */
  #idlePending: Cursor[] = [];
  /**
   * The time of the next pass over its own pending messages: an abandoned command (aborted, timed out, disconnected)
   * may reach the server late and deliver messages after the first pass.
   */
  #passAt = Infinity;
  #passDelay = FIRST_PASS;
  #claimAt: number;
  /** The times when returned messages are due, in addition to the regular searches. */
  #dueTimes: number[] = [];
  #maintainAt: number;
  #failures = 0;
  #delay = 0;

  /** Uses checked options. */
  constructor(target: ConsumeTarget, options: ResolvedConsumeOptions) {
    this.#target = target;
    this.#options = options;
    const { call, executor } = target;
    const signals = [options.signal, call.signal].filter((signal) => signal !== undefined);
    this.#signal = signals.length < 2 ? signals[0] : AbortSignal.any(signals);
    this.group = new StreamGroup(executor, call, options.group, options.consumer, this.#signal);
    this.#createGroups = options.create !== undefined;
    this.#claimAt = options.claim === undefined ? Infinity : 0;
    this.#maintainAt = options.trimEvery + options.removeIdleAfter === 0 ? Infinity : 0;
    for (const stream of options.streams) {
      this.#held.set(stream, new Set());
      this.active.set(stream, new Map());
    }
    this.#startOver();
  }

  /** Whether its signal was aborted. */
  get stopped(): boolean {
    return this.#signal?.aborted === true;
  }

  /** The number of messages that were delivered and, as far as is known, are not acknowledged. */
  get size(): number {
    return [...this.#held.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Fetches up to `count` messages of each stream; none when this step found none. `longest` bounds its wait. */
  async fetch(count: number, longest: number = Infinity): Promise<Message[]> {
    const { clock } = this.#target.options;
    if (this.#createGroups) {
      await this.group.create(this.#options.streams, this.#options.create!);
      this.#createGroups = false;
    }
    if (this.size > this.#many || clock.now() >= this.#passAt) this.#beginPass();
    let messages: Message[];
    if (this.#ownPending.length > 0) messages = await this.#fetchOwn(count);
    else if (clock.now() >= this.#claimAt) messages = await this.#fetchIdle(count);
    else if (clock.now() >= this.#maintainAt) messages = await this.#maintain();
    else messages = await this.#fetchNew(count, longest);
    this.#failures = this.#delay = 0;
    this.#createsAgain = false;
    return messages;
  }

  /** Prepares to continue after an error of `fetch`, or throws it. */
  async recover(error: unknown): Promise<void> {
    const { executor, options: { clock, reconnect } } = this.#target;
    // The messages were delivered, and are fetched again one by one.
    if (error instanceof EncodingError && !executor.closed) return this.#startOver();
    const lost = (error instanceof ConnectionError && !(error instanceof MaxConnectionsError)) ||
      error instanceof TimeoutError;
    const reply = error instanceof ReplyError ? error.code : "";
    const gone = reply === "NOGROUP" && this.#options.create !== undefined;
    const transient = lost || gone || TRANSIENT.has(reply);
    // The server replies again, without the data that it had: the attempts to reach it are over.
    if (gone && !this.#createsAgain) this.#failures = 0;
    this.#createsAgain ||= gone;
    // It would have continued.
    if (executor.closed && transient && !lost) throw closedError("XREADGROUP");
    if (executor.closed || !transient || ++this.#failures > reconnect.attempts) throw error;
    if (gone) {
      this.#createGroups = true;
      for (const held of this.#held.values()) held.clear();
    }
    this.#startOver();
    this.#delay = delayOf(reconnect.backoff, this.#failures, clock, this.#delay);
    await sleep(clock, this.#delay, this.#signal).catch(() => {});
  }

  /** Notes that the loop's body or the handler is done with a message: nothing keeps it from being claimed. */
  release({ stream, id }: Message): void {
    this.active.get(stream)!.delete(id);
  }

  /** @inheritdoc */
  async ack(stream: string, ids: readonly string[]): Promise<number> {
    const count = await this.group.ack(stream, ids);
    for (const id of ids) {
      this.#held.get(stream)!.delete(id);
      this.active.get(stream)!.delete(id);
    }
    return count;
  }

  /** @inheritdoc */
  async nack(message: Message, delay: number): Promise<boolean> {
    const { stream, id, deliveries } = message;
    this.release(message);
    const threshold = this.#threshold(deliveries);
    const idle = Math.max(0, threshold === Infinity ? 0 : threshold - delay);
    const owned = (await this.group.setIdle(stream, [id], idle)).length === 1;
    const held = this.#held.get(stream)!;
    if (!owned) held.delete(id);
    else if (threshold < Infinity) this.#claimSoon(delay);
    else if (held.delete(id)) this.#startOver();
    return owned;
  }

  /** Moves a message that is pending for this consumer to the dead-letter stream. */
  async bury(message: Pick<Message, "stream" | "id" | "deliveries">, error?: unknown): Promise<void> {
    const { stream, id, deliveries } = message;
    if ((await this.group.setIdle(stream, [id], 0)).length > 0) {
      await this.group.bury(stream, id, this.#options.deadLetter(stream), deliveries, error);
    }
    this.#held.get(stream)!.delete(id);
    this.active.get(stream)!.delete(id);
  }

  #claimSoon(delay: number): void {
    const due = this.#target.options.clock.now() + (delay > 0 ? delay + CLOCK_MARGIN : 0);
    this.#dueTimes.push(due);
    this.#claimAt = Math.min(this.#claimAt, due);
  }

  /** The idle time from which on a message that was delivered so often is claimed. */
  #threshold(deliveries: number): number {
    const { claim, retryDelay } = this.#options;
    return claim === undefined ? Infinity : Math.max(claim.minIdle, retryDelay(deliveries));
  }

  /** Starts passes over everything that is pending. */
  #startOver(): void {
    this.#ownPending = [];
    this.#idlePending = [];
    this.#passDelay = FIRST_PASS;
    this.#beginPass();
  }

  /** Starts a pass over its own pending messages, unless there is one. */
  #beginPass(): void {
    if (this.#ownPending.length === 0) this.#ownPending = this.#cursors();
    this.#passAt = Infinity;
  }

  #cursors(): Cursor[] {
    return this.#options.streams.map((stream) => ({
      stream,
      from: "-",
      missing: new Set(this.#held.get(stream)),
    }));
  }

  /** Delivers messages that are pending for this consumer and were not seen. */
  async #fetchOwn(count: number): Promise<Message[]> {
    const cursor = this.#ownPending[0]!;
    const held = this.#held.get(cursor.stream)!;
    const messages = await this.#scan(this.#ownPending, "pending", count, undefined, ({ id }) => {
      cursor.missing.delete(id);
      return !held.has(id);
    });
    if (this.#ownPending[0] !== cursor) { for (const id of cursor.missing) held.delete(id); }
    if (this.#ownPending.length === 0) {
      this.#many = Math.max(MANY, 2 * this.size);
      this.#passAt = this.#target.options.clock.now() + this.#passDelay;
      this.#passDelay = Math.min(2 * this.#passDelay, LAST_PASS);
    }
    return messages;
  }

  /** Claims messages that have been idle for too long. */
  async #fetchIdle(count: number): Promise<Message[]> {
    const { minIdle, every } = this.#options.claim!;
    const { clock } = this.#target.options;
    if (this.#idlePending.length === 0) {
      this.#idlePending = this.#cursors();
      const now = clock.now();
      this.#dueTimes = this.#dueTimes.filter((due) => due > now);
    }
    const active = this.active.get(this.#idlePending[0]!.stream)!;
    const wanted = ({ id, idle, deliveries }: Pending): boolean =>
      !active.has(id) && idle >= this.#threshold(deliveries);
    const messages = await this.#scan(this.#idlePending, "claimed", count, minIdle, wanted);
    if (this.#idlePending.length === 0) {
      this.#claimAt = this.#dueTimes.reduce((first, due) => Math.min(first, due), clock.now() + every);
    }
    return messages;
  }

  /** Lists a page of pending messages from a cursor on, and delivers the selected ones. */
  async #scan(
    cursors: Cursor[],
    origin: Origin,
    count: number,
    minIdle: number | undefined,
    wanted: (entry: Pending) => boolean,
  ): Promise<Message[]> {
    const cursor = cursors[0]!;
    const page = await this.group.pending(cursor.stream, cursor.from, PAGE, minIdle);
    const chosen: Pending[] = [];
    let end = page.length < PAGE;
    for (const entry of page) {
      if (chosen.length === count) {
        end = false;
        break;
      }
      if (wanted(entry)) chosen.push(entry);
      cursor.from = nextId(entry.id);
    }
    // If the reply is lost, these messages have been delivered without being seen.
    for (const { id } of chosen) this.#held.get(cursor.stream)!.delete(id);
    const delivered = await this.group.claim(cursor.stream, chosen);
    if (end) cursors.shift();
    return await this.#take(cursor.stream, delivered, origin);
  }

  async #fetchNew(count: number, longest: number): Promise<Message[]> {
    const { streams, block } = this.#options;
    const next = Math.min(this.#passAt, this.#claimAt, this.#maintainAt) - this.#target.options.clock.now();
    const wait = Math.max(1, Math.ceil(Math.min(block || LONGEST_BLOCK, longest, next)));
    const found = await this.group.read(streams, count, wait);
    const messages = await Promise.all(
      found.map(([stream, delivered]) => this.#take(stream, delivered, "new")),
    );
    return messages.flat();
  }

  async #maintain(): Promise<Message[]> {
    const { trimEvery, removeIdleAfter } = this.#options;
    await maintain(this.group, this.#options);
    this.#maintainAt = this.#target.options.clock.now() + (trimEvery || removeIdleAfter);
    return [];
  }

  /** Converts deliveries to messages. Messages with too many deliveries move to the dead-letter stream. */
  async #take(stream: string, delivered: readonly Delivery[], origin: Origin): Promise<Message[]> {
    const { maxDeliveries } = this.#options;
    const messages = delivered.filter(({ deliveries }) => deliveries <= maxDeliveries).map((entry) => {
      const message = new StreamMessage({ ...entry, stream, origin } as MessageParts<unknown>, this);
      this.#held.get(stream)!.add(entry.id);
      this.active.get(stream)!.set(entry.id, message);
      return message;
    });
    try {
      for (const { id, deliveries } of delivered) {
        if (deliveries > maxDeliveries) await this.bury({ stream, id, deliveries: deliveries - 1 });
      }
    } catch (error) {
      // The messages that can be handled are returned. The next pass moves the others to the dead-letter stream.
      if (messages.length === 0) throw error;
      this.#passDelay = FIRST_PASS;
      this.#passAt = this.#target.options.clock.now() + FIRST_PASS;
    }
    return messages;
  }
}
