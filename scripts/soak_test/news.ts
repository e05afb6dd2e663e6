/**
 * Numbered messages from a publisher without proxy to a subscriber behind proxies: a missing message must lie in a
 * reported gap, and none may be repeated.
 *
 * @module
 */
import { type RawClient, rawClient, type RawClientAddress } from "../../tests/harness/raw_client.ts";
import { sleep } from "./dice.ts";
import type { Stage } from "./stage.ts";
import { stalledSince } from "./stalls.ts";

/** Milliseconds within which a subscription is at the master again, once that can be reached. */
const PATIENCE = 10_000;

/** Publishes, subscribes, and compares. */
export class News {
  /** Messages that came. */
  received = 0;
  /** The number of reported gaps. */
  gaps = 0;
  /** Messages that are missing, and in no gap. */
  missed = 0;
  /** Messages that came twice, or behind later ones. */
  doubled = 0;
  /**
   * The number of times that the channel's master had no subscriber and nothing was received for longer than
   * {@linkcode PATIENCE}. A replica serves shard channels, too, and its subscribers are not counted by the master.
   */
  deaf = 0;
  readonly #sole: boolean;
  readonly #where: () => Promise<RawClientAddress>;
  readonly #words: Stage["publish"];
  /** Numbers that may not have been sent: the publisher cannot know, or the server had no subscriber. */
  readonly #unknown: Set<number> = new Set();
  #next = 0;
  #last = -1;
  #deafSince: number | undefined;
  /** The number of messages received by that time. */
  #heardBefore = 0;
  #publisher: RawClient | undefined;

  /** Publishes to the master of the channel. */
  constructor({ publish, master, sole }: Stage) {
    this.#sole = sole;
    this.#words = publish;
    this.#where = () => master(publish[1]);
  }

  /** Publishes one message; a failure is no fault of the subscriber's. */
  async publish(): Promise<void> {
    const number = this.#next++;
    try {
      this.#publisher ??= await rawClient(await this.#where());
      if (await this.#publisher.call(...this.#words, number) !== 0 || this.#sole) {
        this.#deafSince = undefined;
        return;
      }
      // This node may no longer be the master without knowing it.
      if (this.#deafSince === undefined || this.received > this.#heardBefore) {
        this.#deafSince = performance.now();
        this.#heardBefore = this.received;
      }
      if (stalledSince(this.#deafSince)) this.#deafSince = performance.now();
      if (performance.now() - this.#deafSince > PATIENCE) {
        this.deaf++;
        this.#deafSince = undefined;
      }
    } catch {
      this.#deafSince = undefined; // no subscriber was possible
    }
    this.#unknown.add(number);
    await this.stop();
    await sleep(20);
  }

  /** Reads until the subscription is closed; gives it back when it stands. */
  async follow({ subscriber, publish: [command, channel] }: Stage): Promise<{ close(): Promise<unknown> }> {
    const subscription = subscriber.subscription(channel, { sharded: command === "SPUBLISH" });
    await subscription.ready;
    this.#read(subscription);
    return subscription;
  }

  /** Publishes until the subscriber receives it. Returns `false` after a timeout. */
  async heard(): Promise<boolean> {
    const before = this.received;
    for (let waited = 0; this.received === before; waited += 100) {
      if (waited > PATIENCE) return false;
      await this.publish();
      await sleep(100);
    }
    return true;
  }

  /** Ends the publisher's connection. */
  async stop(): Promise<void> {
    await this.#publisher?.close();
    this.#publisher = undefined;
  }

  async #read(items: AsyncIterable<{ kind: "message"; message: unknown } | { kind: "gap" }>): Promise<void> {
    let gap = true; // earlier messages are lost
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
        if (!this.#unknown.has(missing)) this.missed++;
      }
      this.#last = Math.max(this.#last, number);
      gap = false;
    }
  }
}
