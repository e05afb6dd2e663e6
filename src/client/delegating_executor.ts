/**
 * The base of executors that wrap another one and change some of its calls.
 *
 * @module
 */
import type { Command } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionEvents, TypedEventTarget } from "../events.ts";
import type { CloseOptions } from "../pool/stats.ts";
import type { Arg } from "../resp/types.ts";
import type { Call, Executor } from "./executor.ts";
import type { SubscriptionRouter } from "./pubsub/subscription_router.ts";

/** Passes all calls to another executor. */
export class DelegatingExecutor implements Executor {
  /** The wrapped executor. */
  readonly inner: Executor;

  /** Wraps `inner`. */
  constructor(inner: Executor) {
    this.inner = inner;
  }

  /** @inheritdoc */
  get events(): TypedEventTarget<ConnectionEvents> {
    return this.inner.events;
  }

  /** @inheritdoc */
  get subscriptionRouter(): SubscriptionRouter | undefined {
    return this.inner.subscriptionRouter;
  }

  /** @inheritdoc */
  get onPush(): Executor["onPush"] {
    return this.inner.onPush?.bind(this.inner);
  }

  /** @inheritdoc */
  get redirected(): Executor["redirected"] {
    return this.inner.redirected?.bind(this.inner);
  }

  /** @inheritdoc */
  get trace(): Executor["trace"] {
    return this.inner.trace?.bind(this.inner);
  }

  /** @inheritdoc */
  get waitAt(): Executor["waitAt"] {
    return this.inner.waitAt?.bind(this.inner);
  }

  /** @inheritdoc */
  get hasSlots(): boolean | undefined {
    return this.inner.hasSlots;
  }

  /** @inheritdoc */
  get shards(): Executor["shards"] {
    return this.inner.shards?.bind(this.inner);
  }

  /** @inheritdoc */
  prepare(command: Command): Command {
    return this.inner.prepare?.(command) ?? command;
  }

  /** @inheritdoc */
  prepareKey(key: Arg): Arg {
    return this.inner.prepareKey?.(key) ?? key;
  }

  /** @inheritdoc */
  get closed(): boolean {
    return this.inner.closed;
  }

  /** @inheritdoc */
  execute(command: Command, call: Call): Promise<unknown> {
    return this.inner.execute(command, call);
  }

  /** @inheritdoc */
  executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]> {
    return this.inner.executeAll(commands, call, atomic);
  }

  /** @inheritdoc */
  lease(call: Call, keys?: readonly Arg[]): Promise<Connection> {
    return this.inner.lease(call, keys);
  }

  /** @inheritdoc */
  connect(call: Pick<Call, "signal">): Promise<void> {
    return this.inner.connect(call);
  }

  /** @inheritdoc */
  close(options?: CloseOptions): Promise<void> {
    return this.inner.close(options);
  }
}
