/**
 * The lag of a group behind its stream.
 *
 * @module
 */
import { text } from "../../commands/replies.ts";
import type { GroupInfo, StreamEntry } from "../../commands/reply_types.ts";
import { time, xinfoGroups, xrange } from "../../commands/functions.ts";
import { ReplyError } from "../../errors.ts";
import { DecodeMode } from "../../resp/types.ts";
import { masterOf } from "../commands/at_master.ts";
import type { Call, Executor } from "../executor.ts";
import { nextId } from "./entry_id.ts";

/** The lag of a group behind its stream. */
export interface StreamLag {
  /**
   * The number of undelivered entries; `null` if the server does not know it (before Redis 7.0, and after deletions
   * in the middle of the stream).
   */
  readonly lag: number | null;
  /** The number of messages that were delivered and not acknowledged. */
  readonly pending: number;
  /** The age of the oldest undelivered entry in milliseconds; 0 if there is none. */
  readonly age: number;
  /** The number of consumers. */
  readonly consumers: number;
}

/** Returns the lag of a group, as the master knows it. */
export async function streamLag(
  { executor: any, call }: { readonly executor: Executor; readonly call: Call },
  stream: string,
  group: string,
): Promise<StreamLag> {
  const executor = masterOf(any);
  const bytes: Call = { ...call, mode: DecodeMode.bytes };
  const groups = await executor.execute(xinfoGroups(stream), bytes) as GroupInfo<Uint8Array>[];
  const found = groups.find(({ name }) => text(name) === group);
  if (found === undefined) {
    throw new ReplyError(`NOGROUP No such consumer group "${group}" of the stream "${stream}"`);
  }
  const { lag = null, pending, consumers, "last-delivered-id": last } = found;
  const from = nextId(text(last));
  const [oldest] = await executor.execute(xrange(stream, from, "+", { count: 1 }), bytes) as StreamEntry<
    unknown
  >[];
  if (oldest === undefined) return { lag: lag ?? 0, pending, age: 0, consumers };
  const [seconds, microseconds] = await executor.execute(time(), bytes) as [number, number];
  const now = seconds * 1_000 + Math.floor(microseconds / 1_000);
  return { lag, pending, age: Math.max(0, now - Number(oldest.id.split("-")[0])), consumers };
}
