/**
 * The parts that clients consist of.
 *
 * @module
 */
import type { ConnectionEvents, TypedEventTarget } from "../events.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import type { Call, Executor } from "./executor.ts";

/** The parts of a client, which its views share (`with()`, `bytes()`, `text()`). */
export interface ClientCore {
  /** The options of its connections. */
  readonly options: ResolvedConnectionOptions;
  /** Runs its commands. */
  readonly executor: Executor;
  /** The options of its calls. */
  readonly call: Call;
  /** Emits the events of its connections, where the executor does not emit them all. */
  readonly events?: TypedEventTarget<ConnectionEvents>;
  /** Makes the core of a view, where that is more than a copy; without `executor` it runs commands as this one does. */
  view?(call: Call, executor: Executor | undefined): ClientCore;
}
