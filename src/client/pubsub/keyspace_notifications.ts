/**
 * Keyspace notifications: events of keys, received over channels.
 *
 * @module
 */
import type { Prefix } from "../commands/prefix.ts";
import type { Message } from "./subscription.ts";

/** The events to receive. */
export interface KeyspaceOptions {
  /** The database. Default: the client's. */
  readonly db?: number;
  /** A pattern of keys (`user:*`). Default `"*"`. */
  readonly keys?: string;
  /** One event (`"expired"`) of all keys, instead of all events of some keys. */
  readonly event?: string;
}

/**
 * An event of a key.
 *
 * @typeParam T text, or bytes on a view of bytes
 */
export interface KeyspaceEvent<T = string> {
  /** Distinguishes an event from a gap. */
  readonly kind: "event";
  /** The event: the name of the command in lower case, `expired`, `evicted`, ... */
  readonly event: string;
  /** The key. */
  readonly key: T;
  /** The database. */
  readonly db: number;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const NAME = /^__key(space|event)@(\d+)__:/;

/**
 * Returns the pattern of channels for keyspace notifications. The server option `notify-keyspace-events` must enable
 * them (`"KA"` for keys, `"EA"` for single events).
 *
 * @throws {TypeError} if both `keys` and `event` are given.
 */
export function keyspacePattern(options: KeyspaceOptions, db: number, prefix?: Prefix): string {
  const { keys, event } = options;
  const at = options.db ?? db;
  if (event === undefined) return `__keyspace@${at}__:${prefix?.addToPattern(keys ?? "*") ?? keys ?? "*"}`;
  if (keys !== undefined) {
    throw new TypeError(
      "Cannot listen to keyspace events: give either `keys` or `event`; each has channels of its own",
    );
  }
  // The name of an event is no pattern.
  return `__keyevent@${at}__:${event.replaceAll(/[*?[\]\\]/g, "\\$&")}`;
}

/** Parses a message of such a channel; `undefined` for another channel, and for a key without the prefix. */
export function readKeyspace<T>(
  { channel, message }: Message<T>,
  prefix?: Prefix,
): KeyspaceEvent<T> | undefined {
  const bytes = channel instanceof Uint8Array;
  const text = bytes ? decoder.decode(channel) : channel as string;
  const match = NAME.exec(text);
  if (match === null) return undefined;
  const [start, how, db] = match;
  const rest = bytes ? (channel as Uint8Array).slice(encoder.encode(start).length) : text.slice(start.length);
  const word = (value: unknown): string =>
    value instanceof Uint8Array ? decoder.decode(value) : String(value);
  const [event, key] = how === "space" ? [message, rest as T] : [rest, message];
  if (prefix && !prefix.begins(key as string | Uint8Array)) return undefined;
  return { kind: "event", event: word(event), key: prefix?.strip(key) ?? key, db: Number(db) };
}
