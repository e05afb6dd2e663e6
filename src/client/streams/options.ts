/**
 * The options of `consume()`.
 *
 * @module
 */
import { delayOf } from "../../backoff.ts";
import type { Value, Wrap } from "../../commands/wrap.ts";
import { outOfRange, wrongType } from "../../options/option_errors.ts";
import { callable, duration, integer, type Kind, text } from "../../options/value_kinds.ts";
import { isPlain, unknownField } from "../../options/nested_options.ts";
import type { StreamMessage } from "./message.ts";

/** The fields of a stream's message: text, or bytes for a client of bytes. */
export type StreamFields<W extends Wrap> = Value<W, Record<string, string>, Map<Uint8Array, Uint8Array>>;

/** The conditions for claiming messages that were not acknowledged. */
export interface ClaimOptions {
  /** The time in milliseconds since the last delivery or heartbeat after which a message is claimed. */
  readonly minIdle: number;
  /** Milliseconds between searches for such messages. Default: `minIdle`. */
  readonly every?: number;
}

/** The options of `redis.consume()`: a consumer of a group. */
export interface ConsumeOptions {
  /** The stream, or several (in a cluster all in one slot). */
  readonly stream: string | readonly string[];
  /** The group. */
  readonly group: string;
  /** The name of this consumer, unique in the group. A restart under the same name gets its pending messages first. */
  readonly consumer: string;
  /**
   * Creates the group, and the stream, if missing: `true` starts at the first message of the stream, an id behind that
   * id (`"$"`: with messages that are added later). Default `true`.
   */
  readonly create?: boolean | string;
  /**
   * Claims messages that were not acknowledged in time, including those of this consumer. Default: none; with a
   * handler `{ minIdle: 60_000 }`.
   */
  readonly claim?: ClaimOptions;
  /**
   * Milliseconds between heartbeats: they reset the idle time of fetched messages until the loop's body or the handler
   * is done with them, so that no other consumer takes them over. 0 is none. Default: a third of `claim.minIdle`.
   */
  readonly heartbeat?: number;
  /** Messages to fetch at once. Default 10; with a handler as many as `concurrency` leaves room for. */
  readonly count?: number;
  /** Milliseconds that one XREADGROUP waits for new messages; 0 is no limit. Default 5,000. */
  readonly block?: number;
  /** Deliveries after which a message moves to `deadLetter` instead of being delivered again. Default: no limit. */
  readonly maxDeliveries?: number;
  /** The stream for messages that exceed `maxDeliveries`. Default: the name of their stream and `":dead"`. */
  readonly deadLetter?: string;
  /**
   * Milliseconds between removals of entries that every group of the stream has acknowledged. Default: entries are
   * never removed. Redis 6.2.
   */
  readonly trimEvery?: number;
  /**
   * Removes consumers that have no pending messages and have been idle for this many milliseconds (1,000 at least).
   * Default: consumers are never removed.
   */
  readonly removeIdleAfter?: number;
  /** Ends the iteration; with a handler, when running handlers have finished. */
  readonly signal?: AbortSignal;
}

/** The outcome of a message whose handler failed: another delivery, or the dead-letter stream. */
export type FailureOutcome = "retry" | "dead";

/** The options of `redis.consume()` with a handler. */
export interface HandlerOptions<F = Record<string, string>> extends ConsumeOptions {
  /** Handlers that run at the same time. Default 1. */
  readonly concurrency?: number;
  /**
   * Milliseconds until a message whose handler failed is delivered again, or a function of the number of deliveries so
   * far. Default: 1 s, doubled with each delivery, up to 60 s.
   */
  readonly retryDelay?: number | ((deliveries: number) => number);
  /** Called when a handler failed, or its acknowledgement. An error that it throws ends the consumer. */
  readonly onFailure?: (error: unknown, message: StreamMessage<F>, outcome: FailureOutcome) => void;
}

/** The context of one call of a handler. */
export interface HandlerContext {
  /** Aborted when another consumer has taken the message over. */
  readonly signal: AbortSignal;
}

/** Handles a message. When it returns, the message is acknowledged; when it throws, the message is delivered again. */
export type StreamHandler<F = Record<string, string>> = (
  message: StreamMessage<F>,
  context: HandlerContext,
) => unknown;

/** Checked options, with all defaults. */
export interface ResolvedConsumeOptions {
  readonly streams: readonly string[];
  readonly group: string;
  readonly consumer: string;
  /** The id to create groups at; `undefined`: none are created. */
  readonly create: string | undefined;
  readonly claim: Required<ClaimOptions> | undefined;
  /** 0 is none. */
  readonly heartbeat: number;
  readonly count: number;
  /** 0 is no limit. */
  readonly block: number;
  readonly maxDeliveries: number;
  deadLetter(stream: string): string;
  /** 0 is never. */
  readonly trimEvery: number;
  /** 0 is never. */
  readonly removeIdleAfter: number;
  readonly concurrency: number;
  /** Milliseconds until a message that failed after this many deliveries is delivered again. */
  retryDelay(deliveries: number): number;
  readonly signal: AbortSignal | undefined;
}

const POSITIVE = integer(1, 2_147_483_647);
const NAME = text("text of at least one character", /^[^]+$/);
const LONG = integer(1_000, 2_147_483_647);

const KINDS: Readonly<Record<string, Kind>> = {
  group: NAME,
  consumer: NAME,
  heartbeat: duration("no heartbeat"),
  count: POSITIVE,
  block: duration("no limit"),
  maxDeliveries: POSITIVE,
  deadLetter: NAME,
  trimEvery: POSITIVE,
  removeIdleAfter: LONG,
};
const HANDLER_KINDS: Readonly<Record<string, Kind>> = {
  concurrency: integer(1, 100_000),
  onFailure: callable("a function"),
};
const OTHERS = ["stream", "create", "claim", "signal"];

function exponentialDelay(deliveries: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.min(deliveries - 1, 16));
}

function checkStreams(given: unknown): readonly string[] {
  const streams = Array.isArray(given) ? given : [given];
  if (streams.length === 0) throw new TypeError("Cannot consume: `stream` names no stream");
  streams.forEach((stream) => NAME.check(stream, "stream"));
  return [...new Set(streams as string[])];
}

function checkClaim(given: unknown): Required<ClaimOptions> | undefined {
  if (given === undefined) return undefined;
  if (!isPlain(given)) throw wrongType("claim", "{ minIdle, every? }", given);
  for (const field of Object.keys(given)) {
    if (field !== "minIdle" && field !== "every") throw unknownField("claim", field, ["minIdle", "every"]);
  }
  const minIdle = POSITIVE.check(given.minIdle, "claim.minIdle") as number;
  return { minIdle, every: POSITIVE.check(given.every ?? minIdle, "claim.every") as number };
}

function checkDelay(given: unknown): (deliveries: number) => number {
  if (given === undefined) return exponentialDelay;
  if (typeof given === "number") duration("at once").check(given, "retryDelay");
  else if (typeof given !== "function") throw wrongType("retryDelay", "milliseconds, or a function", given);
  const delay = typeof given === "number" ? () => given : given as (deliveries: number) => number;
  return (deliveries) => delayOf({ delay }, deliveries, { random: () => 0 });
}

/**
 * Checks the options of `consume()`.
 *
 * @throws {TypeError | RangeError} for an unknown or invalid option.
 */
export function resolveConsume(given: HandlerOptions<never>, withHandler: boolean): ResolvedConsumeOptions {
  if (!isPlain(given)) throw new TypeError("Cannot consume: wanted { stream, group, consumer, ... }");
  const kinds = withHandler ? { ...KINDS, ...HANDLER_KINDS } : KINDS;
  for (const [name, value] of Object.entries(given)) {
    if (Object.hasOwn(kinds, name)) {
      if (value !== undefined || name in { group: 1, consumer: 1 }) kinds[name]!.check(value, name);
    } else if (!OTHERS.includes(name) && !(withHandler && name === "retryDelay")) {
      if (name === "retryDelay" || Object.hasOwn(HANDLER_KINDS, name)) {
        throw new TypeError(`Cannot use the option \`${name}\` of consume() without a handler`);
      }
      throw unknownField("consume", name, [...Object.keys(kinds), ...OTHERS]);
    }
  }
  for (const name of ["group", "consumer"] as const) NAME.check(given[name], name);
  const { create = true, signal, deadLetter, concurrency = 1 } = given;
  if (typeof create !== "boolean" && typeof create !== "string") {
    throw wrongType("create", "true, false or an id", create);
  }
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw wrongType("signal", "an AbortSignal", signal);
  }
  const claim = checkClaim(given.claim ?? (withHandler ? { minIdle: 60_000 } : undefined));
  const { heartbeat = claim === undefined ? 0 : Math.floor(claim.minIdle / 3) } = given;
  if (claim !== undefined && heartbeat >= claim.minIdle) {
    throw outOfRange("heartbeat", `less than \`claim.minIdle\` (${claim.minIdle})`, heartbeat);
  }
  return {
    streams: checkStreams(given.stream),
    group: given.group,
    consumer: given.consumer,
    create: create === false ? undefined : create === true ? "0" : create,
    claim,
    heartbeat,
    count: given.count ?? (withHandler ? concurrency : 10),
    block: given.block ?? 5_000,
    maxDeliveries: given.maxDeliveries ?? Infinity,
    deadLetter: (stream) => deadLetter ?? `${stream}:dead`,
    trimEvery: given.trimEvery ?? 0,
    removeIdleAfter: given.removeIdleAfter ?? 0,
    concurrency,
    retryDelay: withHandler ? checkDelay(given.retryDelay) : () => 0,
    signal,
  };
}
