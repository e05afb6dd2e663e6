/**
 * Aborts all commands of one `AbortSignal` by one listener.
 *
 * Adding and removing a listener costs as much as the signal has listeners, so a signal that many commands share gets
 * one only. A command that settles stays in the list until more than half of the list has settled: to look for it would
 * cost more than to send it.
 *
 * @module
 */

/** A command that can be aborted. */
export interface Abortable {
  /** Whether it has settled. */
  readonly done: boolean;
  /** Rejects the command with the signal's reason. */
  reject(reason: unknown): void;
}

/** A command with the place where its group is noted. */
export interface AbortableCommand extends Abortable {
  aborts: AbortGroup | undefined;
}

/** A list up to this length is not searched for settled commands. */
const SHORT = 64;

const groups: WeakMap<AbortSignal, AbortGroup> = new WeakMap();
/** The last signal that got a command, while it has commands. A burst of calls shares it. */
let lastSignal: AbortSignal | undefined = undefined;
let lastGroup: AbortGroup | undefined = undefined;

/** The commands of one signal. The group listens while it has members. */
export class AbortGroup {
  readonly #signal: AbortSignal;
  #members: Abortable[] = [];
  /** The number of members that have not settled. */
  #waiting = 0;

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Returns the group of a signal. */
  static of(signal: AbortSignal): AbortGroup {
    if (signal === lastSignal) return lastGroup!;
    let group = groups.get(signal);
    if (group === undefined) groups.set(signal, group = new AbortGroup(signal));
    lastSignal = signal;
    lastGroup = group;
    return group;
  }

  /** Adds a command, which is rejected with the signal's reason when the signal is aborted. It calls `leave()` when it settles. */
  add(member: Abortable): void {
    if (this.#waiting++ === 0) this.#signal.addEventListener("abort", this.#abort);
    this.#members.push(member);
  }

  /** Removes a command that has just settled. */
  leave(): void {
    if (--this.#waiting === 0) {
      this.#members = [];
      this.#signal.removeEventListener("abort", this.#abort);
      lastSignal = undefined;
    } else if (this.#members.length > SHORT && this.#members.length > 2 * this.#waiting) {
      this.#members = this.#members.filter(({ done }) => !done);
    }
  }

  readonly #abort = (): void => {
    const { reason } = this.#signal;
    for (const member of this.#members) if (!member.done) member.reject(reason);
  };
}

/**
 * Rejects a command with the signal's reason when the signal is aborted before the command has settled; then calls
 * `aborted`.
 */
export function abortBy(pending: AbortableCommand, signal: AbortSignal, aborted?: () => void): void {
  const group = pending.aborts = AbortGroup.of(signal);
  if (aborted === undefined) return group.add(pending);
  group.add({
    get done() {
      return pending.done;
    },
    reject: (reason) => {
      pending.reject(reason);
      aborted();
    },
  });
}
