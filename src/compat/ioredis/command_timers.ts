/**
 * The time limits of a command: one for all commands, and one for those that block.
 *
 * @module
 */

/** The part of a command that its limits use. */
export interface LimitedCommand {
  /** Whether it has settled. */
  readonly isSettled: boolean;
  /** Resolves it. */
  resolve(reply: unknown): void;
  /** Rejects it. */
  reject(error: Error): void;
}

/** The timers of a command. */
export class CommandTimers {
  readonly #command: LimitedCommand;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #blockingTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #blockingDeadline: number | undefined = undefined;

  /** Serves a command. */
  constructor(command: LimitedCommand) {
    this.#command = command;
  }

  /** Rejects the command after `ms` milliseconds. The first call counts. */
  limit(ms: number): void {
    this.#timer ??= setTimeout(() => {
      if (!this.#command.isSettled) this.#command.reject(new Error("Command timed out"));
    }, ms);
  }

  /** Resolves the command with null after `ms` milliseconds from the first call. */
  limitBlocking(ms: number): void {
    if (ms <= 0) return;
    clearTimeout(this.#blockingTimer);
    const now = Date.now();
    this.#blockingDeadline ??= now + ms;
    const left = this.#blockingDeadline - now;
    if (left <= 0) return this.#command.resolve(null);
    this.#blockingTimer = setTimeout(() => {
      if (!this.#command.isSettled) this.#command.resolve(null);
    }, left);
  }

  /** Stops the timers. A command that is sent again gets new ones, and keeps its blocking deadline. */
  clear(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#blockingTimer);
    this.#timer = this.#blockingTimer = undefined;
  }
}
