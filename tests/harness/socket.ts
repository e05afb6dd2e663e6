/**
 * A transport's socket for tests: methods that the test does not define do nothing.
 *
 * @module
 */
import type { Socket } from "../../src/transport.ts";

/** A socket with these parts of its own. */
export function socketOf(own: Partial<Socket>): Socket {
  return {
    write() {},
    pause() {},
    resume() {},
    ref() {},
    unref() {},
    close: () => Promise.resolve(),
    destroy() {},
    ...own,
  };
}
