/**
 * Signals that know how many listeners they have.
 *
 * @module
 */

/** The signals of a world. */
export class Signals {
  /** Listeners on signals that are not aborted. */
  listeners = 0;

  /** Makes a signal; `later` gets the function that aborts it. */
  make(later: (abort: () => void) => void): AbortSignal {
    const controller = new AbortController();
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    const held: Set<unknown> = new Set();
    signal.addEventListener = (type: string, listener: never, options?: never) => {
      if (!held.has(listener)) {
        held.add(listener);
        this.listeners++;
      }
      add(type, listener, options);
    };
    signal.removeEventListener = (type: string, listener: never, options?: never) => {
      if (held.delete(listener)) this.listeners--;
      remove(type, listener, options);
    };
    later(() => {
      controller.abort(new Error("given up"));
      // What is called once is gone.
      this.listeners -= held.size;
      held.clear();
    });
    return signal;
  }
}
