/**
 * The options of a test server.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** Options of a test server. */
export interface TestServerOptions {
  /** Time and chance. Default: the runtime's. */
  readonly clock?: Clock;
  /** The server's time at its start, in milliseconds since 1970. Default: now; with a `clock` 1,700,000,000,000. */
  readonly epoch?: number;
  /** The number of databases. Default 16. */
  readonly databases?: number;
  /** The password of the default user. Default: none. */
  readonly password?: string;
  /** Parameters as CONFIG SET takes them. */
  readonly config?: Readonly<Record<string, string>>;
  /**
   * Loads the package `wasmoon-lua5.1`, which runs scripts and functions. The server calls it for the first command that
   * needs it. Default: imports the package.
   */
  readonly lua?: () => Promise<unknown>;
  /** The number of executed commands to keep in `executed`. Default 10,000; 0 for none. */
  readonly logLimit?: number;
}
