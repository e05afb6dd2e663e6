/**
 * A time in which messages may have been missed.
 *
 * @module
 */

/** Messages may have been missed from `since` until now. */
export interface Gap {
  /** Tells it from a message. */
  readonly kind: "gap";
  /** When the server was last heard before it (or the first message was dropped), in milliseconds since 1970. */
  readonly since: number;
  /** The connection was lost, the channel went to another server, or a buffer was full. */
  readonly reason: "lost" | "moved" | "overflow";
  /** What ended the connection, where something did. */
  readonly cause?: Error;
}

/** The two as one: since the earlier, for the reason of the later. */
export function join(earlier: Gap | undefined, later: Gap): Gap {
  return earlier === undefined ? later : { ...later, since: Math.min(earlier.since, later.since) };
}
