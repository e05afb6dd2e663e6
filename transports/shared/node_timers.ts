/**
 * Timers by `node:timers`, which Deno, Bun and Node have.
 *
 * @module
 */

import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { SocketTimers } from "./socket_timers.ts";

/** Timers that let the process end. */
export const nodeTimers: SocketTimers = {
  outliveTasks: true,
  background(run, milliseconds) {
    const timer = setTimeout(run, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
  nextTurn: (run) => void setImmediate(run),
};
