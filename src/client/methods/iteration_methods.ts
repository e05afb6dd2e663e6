/**
 * The methods of clients that iterate: over keys, fields and members, and over the messages of streams.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { hscan, sscan, zscan } from "../../commands/functions.ts";
import type { HscanOptions, SscanOptions, ZscanOptions } from "../../commands/functions.ts";
import type { Value, Wrap } from "../../commands/wrap.ts";
import type { Arg } from "../../resp/types.ts";
import { CachingClient } from "./cache_methods.ts";
import type { ScanIteratorOptions, ScanStep, UniqueOptions } from "../commands/iterate.ts";
import type { StreamMessages } from "../streams/consume.ts";
import type { StreamLag } from "../streams/lag.ts";
import type { StreamMessage } from "../streams/message.ts";
import type { ConsumeOptions, HandlerOptions, StreamFields, StreamHandler } from "../streams/options.ts";

/** A client as far as it iterates. */
export abstract class IteratingClient<W extends Wrap> extends CachingClient<W> {
  /** Iterates over all keys, one by one; see {@linkcode scanKeys}. */
  async *scanIterator(
    options?: ScanIteratorOptions,
  ): AsyncGenerator<Value<W, string, Uint8Array>, void, undefined> {
    const { scanKeys } = await import("../lazy_modules.ts");
    yield* scanKeys(this.core.executor, this.core.call, options) as AsyncGenerator<never, void, undefined>;
  }

  /** Iterates over the fields and values of a hash, one by one: `[field, value]`. */
  hscanIterator(
    key: Arg,
    options?: HscanOptions & UniqueOptions & { noValues?: false },
  ): AsyncGenerator<Value<W, [string, string], [Uint8Array, Uint8Array]>, void, undefined>;
  /** Iterates over the fields of a hash, one by one. */
  hscanIterator(
    key: Arg,
    options: HscanOptions & UniqueOptions & { noValues: true },
  ): AsyncGenerator<Value<W, string, Uint8Array>, void, undefined>;
  hscanIterator(key: Arg, options: HscanOptions & UniqueOptions = {}): unknown {
    const { unique, ...rest } = options;
    return this.#scan((cursor) => hscan(key, cursor, rest as HscanOptions & { noValues?: false }), unique);
  }

  /** Iterates over the members of a set, one by one. */
  sscanIterator(
    key: Arg,
    options: SscanOptions & UniqueOptions = {},
  ): AsyncGenerator<Value<W, string, Uint8Array>, void, undefined> {
    const { unique, ...rest } = options;
    return this.#scan((cursor) => sscan(key, cursor, rest), unique) as AsyncGenerator<never, void, undefined>;
  }

  /** Iterates over the members and scores of a sorted set, one by one: `[member, score]`. */
  zscanIterator(
    key: Arg,
    options?: ZscanOptions & UniqueOptions & { noScores?: false },
  ): AsyncGenerator<Value<W, [string, number], [Uint8Array, number]>, void, undefined>;
  /** Iterates over the members of a sorted set, one by one. */
  zscanIterator(
    key: Arg,
    options: ZscanOptions & UniqueOptions & { noScores: true },
  ): AsyncGenerator<Value<W, string, Uint8Array>, void, undefined>;
  zscanIterator(key: Arg, options: ZscanOptions & UniqueOptions = {}): unknown {
    const { unique, ...rest } = options;
    return this.#scan((cursor) => zscan(key, cursor, rest as ZscanOptions & { noScores?: false }), unique);
  }

  /**
   * Consumes streams as a consumer of a group: iterates over messages, or calls a handler for each message. First it
   * delivers messages that this consumer received earlier and did not acknowledge, then, with `claim`, messages that
   * other consumers did not acknowledge in time, then new messages. It survives lost connections and restarts of the
   * server.
   *
   * To stop, leave the loop or abort `signal`. Unacknowledged messages stay pending.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option, when the iteration starts; at once for a `handler`
   * among the options.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * await redis.xadd("jobs", "*", { task: "mail" });
   * for await (const message of redis.consume({ stream: "jobs", group: "workers", consumer: "one" })) {
   *   console.log(message.fields);
   *   await message.ack();
   *   break;
   * }
   * ```
   */
  consume(options: ConsumeOptions): StreamMessages<StreamFields<W>>;
  /**
   * Calls a handler with each message, up to `concurrency` at once. When the handler returns, the message is
   * acknowledged; when it throws, the message is delivered again after `retryDelay`. Resolves when `signal` is aborted
   * and the running handlers have finished; rejects when the messages cannot be fetched any more.
   */
  consume<F = StreamFields<W>>(options: HandlerOptions<F>, handler: StreamHandler<F>): Promise<void>;
  consume(options: HandlerOptions<never>, handler?: StreamHandler<never>): unknown {
    if (handler !== undefined) return this.#handle(options, handler);
    if ((options as { readonly handler?: unknown } | undefined)?.handler !== undefined) {
      throw new TypeError("Cannot consume: the handler is the second argument of consume()");
    }
    const ack = async (messages: Iterable<StreamMessage<unknown>>): Promise<number> =>
      (await import("../lazy_modules.ts")).ackMessages(messages);
    return Object.assign(this.#consume(options as ConsumeOptions), { ack });
  }

  /**
   * Returns the lag of a group behind its stream.
   *
   * @throws {ReplyError} with code `NOGROUP` if the group does not exist.
   */
  async streamLag(stream: string, group: string): Promise<StreamLag> {
    return await (await import("../lazy_modules.ts")).streamLag(this.core, stream, group);
  }

  async *#scan(
    step: (cursor: string) => Command,
    unique: boolean | undefined,
  ): AsyncGenerator<unknown, void, undefined> {
    const { executor, call } = this.core;
    const { iterate } = await import("../lazy_modules.ts");
    const steps = executor.pin?.() ?? executor;
    yield* iterate((cursor) => steps.execute(step(cursor), call) as Promise<ScanStep>, unique);
  }

  async *#consume(options: ConsumeOptions): AsyncGenerator<StreamMessage<unknown>, void, undefined> {
    yield* (await import("../lazy_modules.ts")).consume(this.core, options);
  }

  async #handle(options: HandlerOptions<never>, handler: StreamHandler<never>): Promise<void> {
    await (await import("../lazy_modules.ts")).handle(this.core, options, handler);
  }
}
