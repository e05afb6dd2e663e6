/**
 * The progress of a call to subscribe: whether SUBSCRIBE may have been sent, and if not, why.
 *
 * @module
 */
import { TimeoutError } from "../../errors.ts";
import type { ChannelSubscription } from "./channel_subscription.ts";
import type { SubscriptionRouter } from "./subscription_router.ts";

/** Knows why a channel has no connection. */
interface Troubled {
  trouble(subscription: ChannelSubscription): Error | undefined;
}

/** The channels of one call that are to be confirmed. */
export class SubscribeProgress {
  readonly #source: Troubled;
  readonly #router: SubscriptionRouter;
  /** The number of requests sent for each channel before the call. */
  readonly #marks: Map<ChannelSubscription, number> = new Map();

  /** No channels yet; the source is asked when the time is up. */
  constructor(source: Troubled, router: SubscriptionRouter) {
    this.#source = source;
    this.#router = router;
  }

  /** One of the channels. */
  add(subscription: ChannelSubscription): void {
    this.#marks.set(subscription, subscription.mark);
  }

  /** Whether the server may have been asked for one of them. */
  get sent(): boolean {
    return [...this.#marks].some(([subscription, mark]) =>
      subscription.state === "on" || subscription.askedSince(mark)
    );
  }

  /** The error of the call when its time is up. */
  timeoutError(name: string, timeout: number): TimeoutError {
    const code = "COMMAND_TIMEOUT";
    if (this.sent) {
      const message =
        `${name} took longer than ${timeout} ms on ${this.#router.options}: it was not confirmed`;
      return new TimeoutError(message, { code, executed: "unknown" });
    }
    const [first] = this.#marks.keys();
    const cause = first === undefined ? undefined : this.#source.trouble(first);
    const why = cause?.message ?? "there was no connection yet";
    const message = `${name} waited ${timeout} ms for a connection to ${this.#router.options}: ${why}`;
    return new TimeoutError(message, { code, executed: "no", cause });
  }
}
