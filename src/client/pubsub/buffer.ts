/**
 * A bounded buffer of unread messages.
 *
 * @module
 */
import { type Clock, dateOf } from "../../clock.ts";
import { Ring } from "../../connection/ring.ts";
import { type Gap, join } from "./gap.ts";

/** The behavior when messages arrive faster than they are read. */
export type BufferPolicy = "pause" | "dropOldest" | "dropNewest" | "error";

/** Messages and gaps in order. Messages that do not fit are dropped and replaced by a gap. */
export class MessageBuffer<M extends { readonly kind: string }> {
  /** The number of dropped messages. */
  dropped = 0;
  readonly #limit: number;
  readonly #policy: BufferPolicy;
  readonly #items: Ring<M | Gap> = new Ring();
  /** The gap for messages dropped at the front. */
  readonly #clock: Clock;
  #front: Gap | undefined = undefined;
  /** The gap for messages dropped at the end, before the next message that fits. */
  #end: Gap | undefined = undefined;

  /** Holds `limit` messages; more with the policy `"pause"`, which is to stop them before they come. */
  constructor(limit: number, policy: BufferPolicy, clock: Clock) {
    this.#clock = clock;
    this.#limit = limit;
    this.#policy = policy;
  }

  /** The number of messages and gaps. */
  get length(): number {
    return this.#items.length + (this.#front === undefined ? 0 : 1) + (this.#end === undefined ? 0 : 1);
  }

  /** Returns the next item. */
  peek(): M | Gap | undefined {
    return this.#front ?? this.#items.peek() ?? this.#end;
  }

  /** Adds a message; `false`: it does not fit, and the policy is `"error"`. */
  add(message: M): boolean {
    if (this.#items.length >= this.#limit && this.#policy !== "pause" && !this.#makeRoom()) {
      return this.#policy !== "error";
    }
    if (this.#end !== undefined) {
      this.#items.push(this.#end);
      this.#end = undefined;
    }
    this.#items.push(message);
    return true;
  }

  /** Adds a gap. */
  addGap(gap: Gap): void {
    if (this.#end !== undefined) this.#end = join(this.#end, gap);
    else this.#items.push(gap);
  }

  /** Removes and returns the next item. */
  take(): M | Gap | undefined {
    const front = this.#front;
    if (front !== undefined) {
      this.#front = undefined;
      return front;
    }
    const item = this.#items.shift();
    if (item !== undefined) return item;
    const end = this.#end;
    this.#end = undefined;
    return end;
  }

  /** Forgets all. */
  clear(): void {
    this.#items.drain();
    this.#front = this.#end = undefined;
  }

  #makeRoom(): boolean {
    if (this.#policy === "error") return false;
    const gap: Gap = { kind: "gap", since: dateOf(this.#clock), reason: "overflow" };
    if (this.#policy === "dropNewest") {
      this.dropped++;
      this.#end ??= gap;
      return false;
    }
    const oldest = this.#items.shift()!;
    if (oldest.kind === "gap") this.#front = join(this.#front, oldest as Gap);
    else {
      this.dropped++;
      this.#front ??= gap;
    }
    return true;
  }
}
