/**
 * Exit codes of the command line.
 *
 * @module
 */

/** Success, an error, wrong arguments, and a signal before the end: 128 and the number of SIGINT. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;
