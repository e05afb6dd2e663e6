/**
 * Timers of Workers, which end with their request.
 *
 * @module
 */

import type { SocketTimers } from "./socket_timers.ts";

/** Timers by the global functions. */
export const workerdTimers: SocketTimers = {
  outliveTasks: false,
  background(run, milliseconds) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
  nextTurn: (run) => void setTimeout(run, 0),
};
