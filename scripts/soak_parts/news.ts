/**
 * Numbered messages from a publisher past the proxy to a subscriber behind it: what is missing must lie in a gap that
 * was told of, and nothing comes twice.
 *
 * @module
 */
import type { Redis } from "../../mod.ts";
import { type RawClient, rawClient, type RawClientAddress } from "../../tests/harness/raw_client.ts";

const CHANNEL = "soak:news";

/** Publishes, subscribes, and compares. */
export class News {
  /** Messages that came. */
  received = 0;
  /** Gaps that were told. */
  gaps = 0;
  /** Messages that are missing, and in no gap. */
  missed = 0;
  /** Messages that came twice, or behind later ones. */
  doubled = 0;
  readonly #server: RawClientAddress;
  /** Numbers of which the publisher cannot tell whether they were published. */
  readonly #doubtful: Set<number> = new Set();
  #next = 0;
  #last = -1;
  #publisher: RawClient | undefined;

  /** Publishes to this server. */
  constructor(server: RawClientAddress) {
    this.#server = server;
  }

  /** Publishes one message; a failure is no fault of the subscriber's. */
  async publish(): Promise<void> {
    const number = this.#next++;
    try {
      this.#publisher ??= await rawClient(this.#server);
      await this.#publisher.call("PUBLISH", CHANNEL, number);
    } catch {
      this.#doubtful.add(number);
      await this.#publisher?.close();
      this.#publisher = undefined;
    }
  }

  /** Reads until the subscription is closed; gives it back when it stands. */
  async follow(redis: Redis): Promise<{ close(): Promise<unknown> }> {
    const subscription = redis.subscription(CHANNEL);
    await subscription.ready;
    this.#read(subscription);
    return subscription;
  }

  /** Publishes until the subscriber has heard the newest; `false` when it does not within these milliseconds. */
  async heard(limit: number): Promise<boolean> {
    const before = this.received;
    for (let waited = 0; this.received === before; waited += 100) {
      if (waited > limit) return false;
      await this.publish();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return true;
  }

  /** Ends the publisher. */
  async stop(): Promise<void> {
    await this.#publisher?.close();
  }

  async #read(items: AsyncIterable<{ kind: "message"; message: unknown } | { kind: "gap" }>): Promise<void> {
    let gap = true; // what was published before is nobody's
    for await (const item of items) {
      if (item.kind === "gap") {
        this.gaps++;
        gap = true;
        continue;
      }
      const number = Number(item.message);
      this.received++;
      if (number <= this.#last) this.doubled++;
      for (let missing = this.#last + 1; !gap && missing < number; missing++) {
        if (!this.#doubtful.has(missing)) this.missed++;
      }
      this.#last = Math.max(this.#last, number);
      gap = false;
    }
  }
}
