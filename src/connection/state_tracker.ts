/**
 * Tracks the commands that change a connection's transaction, database and subscriptions.
 *
 * @module
 */
import type { RedisError } from "../errors.ts";
import { AtomicBatch } from "./atomic_batch.ts";
import type { Pending } from "./pending.ts";
import { type SessionState, stateName } from "./session.ts";
import type { SubscriberDispatcher } from "./subscriber_dispatcher.ts";
import type { Unsent } from "./unsent_queue.ts";

/** The flags of commands that need a look before they are sent; `CommandFlag.stateful`. */
const STATEFUL = 8;

/** Returns the name by which a command that may change a connection's state is known; `""` for any other. */
export function statefulName({ command: { spec, args } }: Pending): string {
  // A command given as words is known by its first one or two.
  if (spec.words === 0) return stateName(args);
  return (spec.flags & STATEFUL) === 0 ? "" : spec.name;
}

/** Follows the commands of one connection. */
export class StateTracker {
  readonly #session: SessionState;
  readonly #dispatcher: SubscriberDispatcher;

  /** Notes changes in `session` and `dispatcher`. */
  constructor(session: SessionState, dispatcher: SubscriberDispatcher) {
    this.#session = session;
    this.#dispatcher = dispatcher;
  }

  /** Returns why the stateful command `name` cannot be sent now; `undefined` if it can. */
  refusal(name: string, pending: Pending): RedisError | undefined {
    return this.#session.refusal(name, pending.command.args);
  }

  /** Notes a stateful command that was queued; `resp2`: its confirmation has the form of a reply. */
  queued(name: string, pending: Pending, resp2: boolean): void {
    const { spec, args } = pending.command;
    const rest = spec.words === 0 ? args.slice(1) : args;
    this.#session.note(name, rest);
    this.#dispatcher.note(pending, name, rest, resp2);
  }

  /** Reverts the notes of commands that were dropped before they were sent. */
  dropped(item: Unsent): void {
    if (item instanceof AtomicBatch) {
      if (item.bytes !== undefined) this.#session.taint();
      // EXEC would have ended the watch.
      else this.#session.watching = true;
      return;
    }
    this.#session.unnote(statefulName(item));
    this.#dispatcher.unnote(item);
  }
}
