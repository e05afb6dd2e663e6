/**
 * The reading end of an async iterator.
 *
 * @module
 */
import type { MessageBuffer } from "./buffer.ts";
import type { Gap } from "./gap.ts";

interface Reader<I> {
  resolve(result: IteratorResult<I, undefined>): void;
  reject(error: unknown): void;
}

/** Passes items to readers in order. Without a waiting reader they stay in the buffer. */
export class AsyncQueue<M extends { readonly kind: string }> {
  /** Messages that have been handed over. */
  delivered = 0;
  /** Gaps that have been handed over. */
  gaps = 0;
  /** Whether nothing more will come. */
  ended = false;
  readonly #buffer: MessageBuffer<M>;
  readonly #held: () => boolean;
  readonly #taken: () => void;
  readonly #readers: Reader<M | Gap>[] = [];
  #failure: { readonly error: unknown } | undefined = undefined;

  /** While `held()` returns `true`, items stay in the buffer. `taken()` is called after an item was removed. */
  constructor(buffer: MessageBuffer<M>, held: () => boolean, taken: () => void) {
    this.#buffer = buffer;
    this.#held = held;
    this.#taken = taken;
  }

  /** The next item, when there is one. */
  next(): Promise<IteratorResult<M | Gap, undefined>> {
    if (this.#ready) return Promise.resolve({ value: this.#take(), done: false });
    if (!this.ended) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined
      ? Promise.resolve({ value: undefined, done: true })
      : Promise.reject(failure.error);
  }

  /** Hands a message over, or keeps it; `false`: there is no room, and the policy is `"error"`. */
  offer(message: M): boolean {
    if (this.#readers.length === 0 || this.#buffer.length > 0) return this.#buffer.add(message);
    this.delivered++;
    this.#readers.shift()!.resolve({ value: message, done: false });
    return true;
  }

  /** Passes buffered items to waiting readers. */
  serve(): void {
    while (this.#readers.length > 0 && this.#ready) {
      this.#readers.shift()!.resolve({ value: this.#take(), done: false });
    }
  }

  /** Ends the queue. A failure is thrown once, after the buffered items. */
  end(failure: { readonly error: unknown } | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.#failure = failure;
    this.serve();
    for (const reader of this.#readers.splice(0)) this.next().then(reader.resolve, reader.reject);
  }

  /** Drops unread items. */
  clear(): void {
    this.#buffer.clear();
    this.#failure = undefined;
  }

  get #ready(): boolean {
    return this.#buffer.length > 0 && (this.ended || !this.#held());
  }

  #take(): M | Gap {
    const item = this.#buffer.take()!;
    if (item.kind === "gap") this.gaps++;
    else this.delivered++;
    this.#taken();
    return item;
  }
}
