/**
 * The timers that sockets need. Runtimes without `node:timers` have their own.
 *
 * @module
 */

/** Timers, as values. */
export interface SocketTimers {
  /** Whether timers run even if the task that set them is over. In Workers they end with their request. */
  readonly outliveTasks: boolean;
  /**
   * Calls `run` after the given milliseconds, without keeping the process alive. Returns a function that cancels it.
   */
  background(run: () => void, milliseconds: number): () => void;
  /** Calls `run` in a later turn of the event loop. */
  nextTurn(run: () => void): void;
}
