/**
 * The consumer of a group as an iterator over messages.
 *
 * Nothing is lost: a message is pending at the server from its delivery until it is acknowledged. After a cut,
 * what the server gave out and nobody here has seen is fetched from what is pending, before anything new.
 *
 * @module
 */
import { type Backoff, delayOf } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { xack, xautoclaim, xgroupCreate, xreadgroup } from "../commands/stream.ts";
import type { Autoclaimed, StreamEntry } from "../commands/reply_types.ts";
import { text } from "../commands/replies.ts";
import type { Command } from "../commands/command.ts";
import { abortable } from "../connection/limit.ts";
import { ConnectionError, MaxConnectionsError, ReplyError, TimeoutError } from "../errors.ts";
import type { Call, Executor } from "./executor.ts";

/** What to consume, and how. */
export interface ConsumeOptions {
  /** The stream, or several (in a cluster all in one slot). */
  readonly stream: string | readonly string[];
  /** The group. */
  readonly group: string;
  /** Who one is in the group. Take the same name after a restart, to get back what was pending. */
  readonly consumer: string;
  /**
   * Make the group, and the stream, where there is none: `true` begins with the first message of the stream, an id
   * behind that (`"$"`: with what comes from now on). Default `true`.
   */
  readonly create?: boolean | string;
  /**
   * Take over what nobody has acknowledged for `minIdle` milliseconds, looked for every `every` milliseconds (default:
   * `minIdle`). That can be one's own, too. Default: nothing is taken over.
   */
  readonly claim?: { readonly minIdle: number; readonly every?: number };
  /** Messages fetched at once. Default 10. */
  readonly count?: number;
  /** Milliseconds that the server waits for new messages in one go. Default 5,000. */
  readonly block?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/** What a consumer stands on. */
export interface ConsumeTarget {
  /** Runs the commands. */
  readonly executor: Executor;
  /** Limits. */
  readonly call: Call;
  /** Measures time. */
  readonly clock: Clock;
  /** How often and how soon it goes on after a loss. */
  readonly reconnect: { readonly attempts: number; readonly backoff: Backoff };
}

/** A message of a stream. */
export class StreamMessage<F = Record<string, string>> {
  /** The stream that it comes from. */
  readonly stream: string;
  /** Its id. */
  readonly id: string;
  /** What it says. */
  readonly fields: F;
  /** All fields and values, where `fields` cannot hold them: see {@linkcode StreamEntry.pairs}. */
  readonly pairs: StreamEntry<F>["pairs"];
  /** New; pending from an earlier life of this consumer; or claimed, as nobody acknowledged it in time. */
  readonly origin: "new" | "pending" | "claimed";
  readonly #ack: () => Promise<boolean>;

  /** `redis.consume()` makes them. */
  constructor(
    stream: string,
    entry: StreamEntry<F>,
    origin: "new" | "pending" | "claimed",
    ack: () => Promise<boolean>,
  ) {
    this.stream = stream;
    this.id = entry.id;
    this.fields = entry.fields;
    this.pairs = entry.pairs;
    this.origin = origin;
    this.#ack = ack;
  }

  /**
   * Tells the server that it has been dealt with. Resolves with `false` when it was not pending any more. Doing it
   * twice does no harm, so it is repeated by itself over a lost connection.
   */
  ack(): Promise<boolean> {
    return this.#ack();
  }
}

type Entry = StreamEntry<unknown>;
/** Replies after which it is worth to ask again. */
const PASSING: ReadonlySet<string> = new Set([
  "LOADING",
  "BUSY",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "MASTERDOWN",
  "READONLY",
  "UNBLOCKED",
]);

/** Iterates over the messages of a consumer. */
export async function* consume(
  target: ConsumeTarget,
  options: ConsumeOptions,
): AsyncGenerator<StreamMessage<unknown>, void, undefined> {
  const consumer = new Consumer(target, options);
  while (!consumer.stopped) {
    let messages: StreamMessage<unknown>[];
    try {
      messages = await consumer.fetch();
    } catch (error) {
      if (consumer.stopped) return;
      await consumer.recover(error);
      continue;
    }
    for (const message of messages) {
      if (consumer.stopped) return;
      consumer.handed(message);
      yield message;
    }
  }
}

class Consumer {
  readonly #target: ConsumeTarget;
  readonly #options: ConsumeOptions;
  readonly #streams: readonly string[];
  readonly #call: Call;
  readonly #signal: AbortSignal | undefined;
  /** What has been handed over and not acknowledged, by stream. */
  readonly #held: Map<string, Set<string>> = new Map();
  #makeGroups: boolean;
  /** Streams whose pending messages are still to be fetched, and behind which id. */
  #history: [stream: string, behind: string][] = [];
  /** Streams where stale messages are still to be looked for in this pass, and from which id. */
  #stale: [stream: string, from: string][] = [];
  #claimAt: number;
  #failures = 0;
  #delay = 0;

  constructor(target: ConsumeTarget, options: ConsumeOptions) {
    this.#target = target;
    this.#options = options;
    this.#streams = typeof options.stream === "string" ? [options.stream] : [...options.stream];
    if (this.#streams.length === 0) throw new TypeError("Cannot consume: `stream` names no stream");
    for (const name of ["group", "consumer"] as const) {
      if (typeof options[name] !== "string" || options[name] === "") {
        throw new TypeError(`Cannot consume: \`${name}\` must be a text that is not empty`);
      }
    }
    const { call } = target;
    const signals = [options.signal, call.signal].filter((signal) => signal !== undefined);
    this.#signal = signals.length < 2 ? signals[0] : AbortSignal.any(signals);
    this.#call = { ...call, signal: this.#signal };
    this.#makeGroups = options.create !== false;
    this.#claimAt = options.claim === undefined ? Infinity : 0;
    this.#startOver();
  }

  /** Whether its signal says that it is over. */
  get stopped(): boolean {
    return this.#signal?.aborted === true;
  }

  /** The next messages; none when there were none in this step. */
  async fetch(): Promise<StreamMessage<unknown>[]> {
    if (this.#makeGroups) await this.#createGroups();
    const messages = this.#history.length > 0
      ? await this.#fetchPending()
      : this.#target.clock.now() >= this.#claimAt
      ? await this.#claim()
      : await this.#fetchNew();
    this.#failures = this.#delay = 0;
    return messages;
  }

  /** Notes that a message is in the caller's hands. */
  handed(message: StreamMessage<unknown>): void {
    let held = this.#held.get(message.stream);
    if (held === undefined) this.#held.set(message.stream, held = new Set());
    held.add(message.id);
  }

  /** Gets ready to go on after an error, or throws it. */
  async recover(error: unknown): Promise<void> {
    const { executor, clock, reconnect } = this.#target;
    const lost = (error instanceof ConnectionError && !(error instanceof MaxConnectionsError)) ||
      error instanceof TimeoutError;
    const gone = error instanceof ReplyError && error.code === "NOGROUP" && this.#options.create !== false;
    const passing = error instanceof ReplyError && PASSING.has(error.code);
    if (executor.closed || !(lost || gone || passing) || ++this.#failures > reconnect.attempts) throw error;
    if (gone) {
      this.#makeGroups = true;
      this.#held.clear();
    }
    this.#startOver();
    this.#delay = delayOf(reconnect.backoff, this.#failures, clock, this.#delay);
    let timer: unknown;
    const slept = new Promise<void>((resolve) => timer = clock.setTimeout(resolve, this.#delay));
    await (this.#signal === undefined ? slept : abortable(slept, this.#signal).catch(() => {}));
    clock.clearTimeout(timer);
  }

  /** All that is pending is looked through anew. */
  #startOver(): void {
    this.#history = this.#streams.map((stream) => [stream, "0"]);
    this.#stale = [];
  }

  #run(command: Command): Promise<unknown> {
    return this.#target.executor.execute(command, this.#call);
  }

  async #createGroups(): Promise<void> {
    const { create = true, group } = this.#options;
    const from = typeof create === "string" ? create : "0";
    for (const stream of this.#streams) {
      try {
        await this.#run(xgroupCreate(stream, group, from, { mkStream: true }));
      } catch (error) {
        if (!(error instanceof ReplyError) || error.code !== "BUSYGROUP") throw error;
      }
    }
    this.#makeGroups = false;
  }

  async #fetchPending(): Promise<StreamMessage<unknown>[]> {
    const { group, consumer, count = 10 } = this.#options;
    const [stream, behind] = this.#history[0]!;
    const reply = await this.#run(xreadgroup(group, consumer, { [stream]: behind }, { count }));
    const entries = [...entriesOf(reply)][0]?.[1] ?? [];
    if (entries.length === 0) this.#history.shift();
    else this.#history[0]![1] = entries.at(-1)!.id;
    const messages: StreamMessage<unknown>[] = [];
    for (const entry of entries) {
      // One that was deleted from the stream while it was pending can only be struck off.
      if (isEmpty(entry.fields)) await this.#ack(stream, entry.id);
      else if (!this.#held.get(stream)?.has(entry.id)) messages.push(this.#message(stream, entry, "pending"));
    }
    return messages;
  }

  async #claim(): Promise<StreamMessage<unknown>[]> {
    const { group, consumer, count = 10 } = this.#options;
    const { minIdle, every = minIdle } = this.#options.claim!;
    if (this.#stale.length === 0) this.#stale = this.#streams.map((stream) => [stream, "0-0"]);
    const [stream, from] = this.#stale[0]!;
    const reply = await this.#run(xautoclaim(stream, group, consumer, minIdle, from, { count }));
    const { next, entries } = reply as Autoclaimed<Entry>;
    if (next === "0-0") this.#stale.shift();
    else this.#stale[0]![1] = next;
    if (this.#stale.length === 0) this.#claimAt = this.#target.clock.now() + every;
    return entries.map((entry) => this.#message(stream, entry, "claimed"));
  }

  async #fetchNew(): Promise<StreamMessage<unknown>[]> {
    const { group, consumer, count = 10, block = 5_000 } = this.#options;
    const wait = Math.max(1, Math.ceil(Math.min(block, this.#claimAt - this.#target.clock.now())));
    const streams = this.#streams.map((stream) => [stream, ">"] as const);
    const reply = await this.#run(xreadgroup(group, consumer, streams, { count, block: wait }));
    const messages: StreamMessage<unknown>[] = [];
    for (const [stream, entries] of entriesOf(reply)) {
      for (const entry of entries) messages.push(this.#message(stream, entry, "new"));
    }
    return messages;
  }

  #message(stream: string, entry: Entry, origin: "new" | "pending" | "claimed"): StreamMessage<unknown> {
    return new StreamMessage(stream, entry, origin, () => this.#ack(stream, entry.id));
  }

  async #ack(stream: string, id: string): Promise<boolean> {
    const { executor, call } = this.#target;
    // What is in hand when the iteration ends may still be acknowledged.
    const lasting: Call = { ...call, signal: undefined, retry: { ...call.retry, unsafe: true } };
    const acknowledged = await executor.execute(xack(stream, this.#options.group, id), lasting);
    this.#held.get(stream)?.delete(id);
    return acknowledged === 1;
  }
}

function* entriesOf(reply: unknown): Generator<[stream: string, entries: Entry[]]> {
  const streams = reply instanceof Map ? reply : Object.entries((reply ?? {}) as Record<string, Entry[]>);
  for (const [stream, entries] of streams) yield [text(stream), entries as Entry[]];
}

function isEmpty(fields: unknown): boolean {
  return fields instanceof Map ? fields.size === 0 : Object.keys(fields as object).length === 0;
}
