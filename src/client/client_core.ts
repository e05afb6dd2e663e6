/**
 * What clients are made of.
 *
 * @module
 */
import type { ResolvedConnectionOptions } from "../options.ts";
import type { Call, Executor } from "./executor.ts";

/** What a client is made of, and what its views (`with()`, `bytes()`, `text()`) share. */
export interface ClientCore {
  /** The options of its connections. */
  readonly options: ResolvedConnectionOptions;
  /** Runs its commands. */
  readonly executor: Executor;
  /** What holds for what is called on it. */
  readonly call: Call;
}
