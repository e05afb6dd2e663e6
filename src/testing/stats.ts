/**
 * Counters for INFO.
 *
 * @module
 */

/** Counters for INFO. */
export interface Stats {
  /** Connections so far. */
  connections: number;
  /** Commands so far. */
  commands: number;
  /** Keys that expired. */
  expired: number;
  /** Keys that were evicted. */
  evicted: number;
  /** Reads that found a key. */
  hits: number;
  /** Reads that did not. */
  misses: number;
  /** Errors by their code. */
  errors: Map<string, number>;
  /** Error replies. */
  failed: number;
  /** Bytes in. */
  input: number;
  /** Bytes out. */
  output: number;
}

/** Returns counters that begin at 0. */
export function emptyStats(): Stats {
  return {
    connections: 0,
    commands: 0,
    expired: 0,
    evicted: 0,
    hits: 0,
    misses: 0,
    errors: new Map(),
    failed: 0,
    input: 0,
    output: 0,
  };
}
