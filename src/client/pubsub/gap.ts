/**
 * A time in which messages may have been missed.
 *
 * @module
 */

/** Messages may have been missed from `since` until now. */
export interface Gap {
  /** Distinguishes a gap from a message. */
  readonly kind: "gap";
  /**
   * The time when the server last sent data before the gap (or the first message was dropped), in milliseconds since
   * 1970.
   */
  readonly since: number;
  /** The connection was lost, the channel went to another server, or a buffer was full. */
  readonly reason: "lost" | "moved" | "overflow";
  /** The error that ended the connection, if any. */
  readonly cause?: Error;
}

/** The two as one: since the earlier, for the reason of the later. */
export function join(earlier: Gap | undefined, later: Gap): Gap {
  return earlier === undefined ? later : { ...later, since: Math.min(earlier.since, later.since) };
}
