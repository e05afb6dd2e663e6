/**
 * Aborts all commands of one `AbortSignal` by one listener.
 *
 * Adding and removing a listener costs as much as the signal has listeners, so that a signal that is shared by many
 * commands may have one only.
 *
 * @module
 */

/** A command that can be aborted. */
export interface Abortable {
  /** Rejects the command with the signal's reason. */
  reject(reason: unknown): void;
}

/** A command with the places where its group is noted. */
export interface AbortableCommand extends Abortable {
  readonly done: boolean;
  readonly coldFields: { aborts?: AbortGroup; aborted?: Abortable };
}

const groups: WeakMap<AbortSignal, AbortGroup> = new WeakMap();

/** The commands of one signal. The group listens while it has members. */
export class AbortGroup {
  readonly #signal: AbortSignal;
  readonly #members: Set<Abortable> = new Set();

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Adds a command, which is rejected with the signal's reason when it is aborted. Returns the group to leave. */
  static join(signal: AbortSignal, member: Abortable): AbortGroup {
    let group = groups.get(signal);
    if (group === undefined) groups.set(signal, group = new AbortGroup(signal));
    if (group.#members.size === 0) signal.addEventListener("abort", group.#abort);
    group.#members.add(member);
    return group;
  }

  /** Removes a command that has settled. */
  leave(member: Abortable): void {
    if (this.#members.delete(member) && this.#members.size === 0) {
      this.#signal.removeEventListener("abort", this.#abort);
    }
  }

  readonly #abort = (): void => {
    const { reason } = this.#signal;
    for (const member of [...this.#members]) member.reject(reason);
  };
}

/**
 * Rejects a command with the signal's reason when the signal is aborted before the command has settled; then calls
 * `aborted`.
 */
export function abortBy(pending: AbortableCommand, signal: AbortSignal, aborted?: () => void): void {
  const { coldFields } = pending;
  if (aborted !== undefined) {
    coldFields.aborted = {
      reject: (reason) => {
        if (pending.done) return;
        pending.reject(reason);
        aborted();
      },
    };
  }
  coldFields.aborts = AbortGroup.join(signal, coldFields.aborted ?? pending);
}
