/**
 * A message of a stream, as a consumer of a group gets it.
 *
 * @module
 */

import type { StreamEntry } from "../../commands/reply_types.ts";

/** The ways in which a message is settled, by the consumer that it was delivered to. */
export interface Settlement {
  /** Acknowledges messages of one stream; returns how many were pending. */
  ack(stream: string, ids: readonly string[]): Promise<number>;
  /** Gives a message back, for another delivery after `delay` milliseconds. */
  nack(message: StreamMessage<unknown>, delay: number): Promise<boolean>;
}

/** The parts of a message. */
export interface MessageParts<F> {
  /** The stream. */
  readonly stream: string;
  /** The id. */
  readonly id: string;
  /** The fields, or the error that decoding them gave. */
  readonly fields: F | Error;
  /** All fields and values, where an object cannot hold them. */
  readonly pairs?: StreamEntry<F>["pairs"];
  /** The origin of the message: new, pending for this consumer, or claimed. */
  readonly origin: "new" | "pending" | "claimed";
  /** The number of deliveries. */
  readonly deliveries: number;
}

let settle: (message: StreamMessage<unknown>) => Settlement;

/** A message of a stream. */
export class StreamMessage<F = Record<string, string>> {
  /** The stream of the message. */
  readonly stream: string;
  /** Its id. */
  readonly id: string;
  /**
   * The origin: `"new"`; `"pending"`: delivered to this consumer earlier; `"claimed"`: not acknowledged in time by
   * another consumer.
   */
  readonly origin: "new" | "pending" | "claimed";
  /** The number of deliveries to consumers of the group, including this one. */
  readonly deliveries: number;
  /** All fields and values, where `fields` cannot hold them: see {@linkcode StreamEntry.pairs}. */
  readonly pairs: StreamEntry<F>["pairs"];
  readonly #fields: F | Error;
  readonly #settlement: Settlement;
  #settled = false;

  static {
    settle = (message) => {
      message.#settled = true;
      return message.#settlement;
    };
  }

  /**
   * Makes a message; `redis.consume()` does.
   *
   * @internal
   */
  constructor(parts: MessageParts<F>, settlement: Settlement) {
    this.stream = parts.stream;
    this.id = parts.id;
    this.origin = parts.origin;
    this.deliveries = parts.deliveries;
    this.pairs = parts.pairs;
    this.#fields = parts.fields;
    this.#settlement = settlement;
  }

  /**
   * The fields and values.
   *
   * @throws {EncodingError} when they are not valid in the client's encoding; use `redis.bytes().consume()` for such data.
   */
  get fields(): F {
    if (this.#fields instanceof Error) throw this.#fields;
    return this.#fields;
  }

  /** Whether `ack()` or `nack()` has been called. */
  get settled(): boolean {
    return this.#settled;
  }

  /**
   * Acknowledges the message. Resolves with `false` when it was no longer pending. Acknowledging twice has no effect,
   * so it is retried over a lost connection.
   */
  async ack(): Promise<boolean> {
    return await settle(this).ack(this.stream, [this.id]) === 1;
  }

  /**
   * Gives the message back unacknowledged: it is delivered again, to any consumer of the group that claims. Resolves
   * with `false` when another consumer has taken it over already.
   *
   * @param delay milliseconds until then at least. Default 0
   */
  nack(delay: number = 0): Promise<boolean> {
    return settle(this).nack(this, delay);
  }
}

/** Acknowledges messages, with one command for each stream; resolves with how many were still pending. */
export async function ackMessages(messages: Iterable<StreamMessage<unknown>>): Promise<number> {
  const groups: Map<Settlement, Map<string, string[]>> = new Map();
  for (const message of messages) {
    const settlement = settle(message);
    const streams = groups.get(settlement) ?? new Map<string, string[]>();
    groups.set(settlement, streams);
    const ids = streams.get(message.stream) ?? [];
    streams.set(message.stream, ids);
    ids.push(message.id);
  }
  const counts = [...groups].flatMap(([settlement, streams]) =>
    [...streams].map(([stream, ids]) => settlement.ack(stream, ids))
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
