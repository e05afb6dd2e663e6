/**
 * The commands of one consumer of a group.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import type { PendingEntry, StreamEntry } from "../../commands/reply_types.ts";
import { text } from "../../commands/replies.ts";
import {
  xack,
  xadd,
  xclaim,
  xgroupCreate,
  xpending,
  type XpendingOptions,
  xrange,
  xreadgroup,
} from "../../commands/functions.ts";
import { EncodingError, ReplyError } from "../../errors.ts";
import { DecodeMode } from "../../resp/types.ts";
import { masterOf } from "../commands/at_master.ts";
import type { Call, Executor } from "../executor.ts";

/** An entry that was delivered to this consumer. */
export interface Delivery {
  /** Its id. */
  readonly id: string;
  /** Its fields, or the error that decoding them gave. */
  readonly fields: unknown;
  /** All fields and values, where an object cannot hold them. */
  readonly pairs?: StreamEntry<unknown>["pairs"];
  /** The number of deliveries, including this one. */
  readonly deliveries: number;
}

type Pending = PendingEntry<unknown>;

/** Milliseconds that the clock of the server may go back between two commands. */
const CLOCK_MARGIN = 10;

/** One consumer of a group. */
export class StreamGroup {
  /** A replica that lags behind knows no group yet, or lacks entries, which would be acknowledged as deleted. */
  readonly #executor: Pick<Executor, "execute" | "executeAll">;
  readonly #group: string;
  readonly #consumer: string;
  /**
   * The options of commands that deliver. They are never retried if they may have run, whatever `retry.unsafe` says,
   * because the second reply would hide the messages of the first.
   */
  readonly #fetching: Call;
  /** The same options with replies as bytes, so that decoding cannot fail. */
  readonly #asking: Call;
  /** Commands that settle messages: they outlive the consumer's signal, and running twice has no effect. */
  readonly #settling: Call;

  /** `call` applies to acknowledgements, `signal` ends fetching. */
  constructor(
    executor: Executor,
    call: Call,
    group: string,
    consumer: string,
    signal: AbortSignal | undefined,
  ) {
    this.#executor = masterOf(executor);
    this.#group = group;
    this.#consumer = consumer;
    const mode = call.mode & ~DecodeMode.attributes;
    this.#fetching = { ...call, mode, signal, retry: { ...call.retry, unsafe: false } };
    this.#asking = { ...this.#fetching, mode: DecodeMode.bytes };
    const retry = { ...call.retry, unsafe: true };
    this.#settling = { ...call, mode: DecodeMode.bytes, signal: undefined, retry };
  }

  /** Creates the group of each stream that has none, and missing streams. */
  async create(streams: readonly string[], from: string): Promise<void> {
    for (const stream of streams) {
      try {
        await this.ask(xgroupCreate(stream, this.#group, from, { mkStream: true }));
      } catch (error) {
        if (!(error instanceof ReplyError) || error.code !== "BUSYGROUP") throw error;
      }
    }
  }

  /** Fetches new messages. */
  async read(streams: readonly string[], count: number, block: number): Promise<[string, Delivery[]][]> {
    const from = streams.map((stream) => [stream, ">"] as const);
    const command = xreadgroup(this.#group, this.#consumer, from, { count, block });
    const reply = await this.#executor.execute(command, this.#fetching) as object | null;
    const found = reply instanceof Map ? [...reply] : Object.entries(reply ?? {});
    return found.map(([stream, entries]) => [
      text(stream),
      (entries as StreamEntry<unknown>[]).map((entry) => ({ ...entry, deliveries: 1 })),
    ]);
  }

  /**
   * Lists pending messages from an id on: those of this consumer, or with `minIdle` all that were idle for that time.
   */
  async pending(stream: string, from: string, count: number, minIdle?: number): Promise<Pending[]> {
    const command = minIdle === undefined
      ? xpending(stream, this.#group, from, "+", count, this.#consumer)
      : xpending(stream, this.#group, from, "+", count, { idle: minIdle } as XpendingOptions);
    return await this.ask(command) as Pending[];
  }

  /**
   * Delivers pending messages to this consumer, except those that were delivered elsewhere since they were listed.
   * Deleted messages are removed from the pending list.
   */
  async claim(stream: string, listed: readonly Pending[]): Promise<Delivery[]> {
    if (listed.length === 0) return [];
    // The idle time only falls by another delivery: nothing is taken from a consumer that has just got it.
    const idle = Math.min(...listed.map((one) => one.idle));
    const counts = new Map(listed.map(({ id, deliveries }) => [id, deliveries + 1]));
    const command = xclaim(stream, this.#group, this.#consumer, idle, [...counts.keys()]);
    let entries: StreamEntry<unknown>[];
    try {
      entries = await this.#executor.execute(command, this.#fetching) as StreamEntry<unknown>[];
    } catch (error) {
      if (!(error instanceof EncodingError)) throw error;
      const { id } = listed[0]!;
      if (listed.length === 1) return [{ id, fields: error, deliveries: counts.get(id)! }];
      // One message cannot be decoded: fetch each by its own command, so that the others are delivered.
      const each: Delivery[] = [];
      for (const one of listed) each.push(...await this.claim(stream, [{ ...one, idle: 0 }]));
      return each;
    }
    const claimed = entries.map((entry) => ({ ...entry, deliveries: counts.get(entry.id)! }));
    for (const { id } of claimed) counts.delete(id);
    for (const id of counts.keys()) if (await this.#isDeleted(stream, id)) await this.ack(stream, [id]);
    return claimed;
  }

  /** Acknowledges; returns how many were pending. */
  ack(stream: string, ids: readonly string[]): Promise<number> {
    return this.#settle(xack(stream, this.#group, ids)) as Promise<number>;
  }

  /**
   * Sets the idle time of messages, without counting a delivery. Messages that are no longer pending for this consumer
   * are left alone; returns the others.
   */
  async setIdle(stream: string, ids: readonly string[], idle: number): Promise<string[]> {
    const commands = ids.map((id) => xpending(stream, this.#group, id, id, 1, this.#consumer));
    const replies = await this.#executor.executeAll(commands, this.#settling);
    const claims: Command[] = [];
    const listed = ids.filter((id, index) => {
      const reply = replies[index];
      if (reply instanceof Error) throw reply;
      const [entry] = reply as Pending[];
      if (entry === undefined) return false;
      // A message that another consumer has just got has a shorter idle time, and is left alone.
      const least = Math.max(0, entry.idle - CLOCK_MARGIN);
      claims.push(xclaim(stream, this.#group, this.#consumer, least, [id], { idle, justId: true }));
      return true;
    });
    if (claims.length === 0) return [];
    const claimed = await this.#executor.executeAll(claims, this.#settling);
    return listed.filter((_, index) => {
      const reply = claimed[index];
      if (reply instanceof Error) throw reply;
      return (reply as unknown[]).length > 0;
    });
  }

  /** Moves a message to the dead-letter stream, with where it comes from; as bytes, so that any data goes over. */
  async bury(
    stream: string,
    id: string,
    deadLetter: string,
    deliveries: number,
    error?: unknown,
  ): Promise<void> {
    const [entry] = await this.#settle(xrange(stream, id, id)) as StreamEntry<Iterable<[never, never]>>[];
    if (entry !== undefined) {
      const origin = { stream, id, group: this.#group, consumer: this.#consumer, deliveries };
      const fields: [string, string | number][] = Object.entries(origin).map(([name, value]) => [
        `dead:${name}`,
        value,
      ]);
      if (error !== undefined) fields.push(["dead:error", String(error)]);
      await this.#executor.execute(xadd(deadLetter, "*", [...entry.fields, ...fields]), {
        ...this.#settling,
        retry: this.#fetching.retry,
      });
    }
    await this.ack(stream, [id]);
  }

  /** Runs a query, whose reply is bytes. */
  ask(command: Command): Promise<unknown> {
    return this.#executor.execute(command, this.#asking);
  }

  #settle(command: Command): Promise<unknown> {
    return this.#executor.execute(command, this.#settling);
  }

  async #isDeleted(stream: string, id: string): Promise<boolean> {
    return (await this.ask(xrange(stream, id, id)) as unknown[]).length === 0;
  }
}
