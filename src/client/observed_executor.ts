/**
 * An executor that reports operations to an observer.
 *
 * @module
 */
import type { Command } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionEvents, TypedEventTarget } from "../events.ts";
import type { Observer, Target } from "../observer.ts";
import { Route } from "../observe/route.ts";
import { guard, observe } from "../observe/shield.ts";
import { targetOf } from "../observe/target.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import type { Call, Executor } from "./executor.ts";
import type { SubscriptionRouter } from "./pubsub/subscription_router.ts";

/** Commands whose first argument is the name of a script or function, not a key or value. */
const PROCEDURES: ReadonlySet<string> = new Set(["EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO"]);

/** `queueMicrotask` costs more on Node, which keeps its context for it. */
const SOON: Promise<void> = Promise.resolve();

/** Wraps an executor. Operations that are not observed pass through. */
class ObservedExecutor implements Executor {
  /** @inheritdoc */
  readonly events: TypedEventTarget<ConnectionEvents>;
  readonly #inner: Executor;
  readonly #observer: Observer;
  readonly #target: Target;
  readonly #routed: boolean;
  /** Whether the observer was asked in this tick, and its answer: asking for each command has a measurable cost. */
  #looked = false;
  #heard = false;
  readonly #ask = (): boolean => this.#observer.listens("command");
  readonly #forget = (): void => void (this.#looked = false);

  constructor(inner: Executor, observer: Observer, target: Target, routed: boolean) {
    this.events = inner.events;
    this.#inner = inner;
    this.#observer = observer;
    this.#target = target;
    this.#routed = routed;
  }

  /** @inheritdoc */
  get subscriptionRouter(): SubscriptionRouter | undefined {
    return this.#inner.subscriptionRouter;
  }

  /** @inheritdoc */
  get onPush(): Executor["onPush"] {
    return this.#inner.onPush?.bind(this.#inner);
  }

  /** @inheritdoc */
  execute(command: Command, call: Call): Promise<unknown> {
    if (!this.#looked) this.#look();
    if (!this.#heard) return this.#inner.execute(command, call);
    const { name } = command.spec;
    const procedure = PROCEDURES.has(name) ? String(command.args[0]) : undefined;
    const operation = { kind: "command", name, procedure, target: this.#target } as const;
    if (!this.#routed) return observe(this.#observer, operation, () => this.#inner.execute(command, call));
    const route = new Route();
    return observe(
      this.#observer,
      { ...operation, route },
      () => this.#inner.execute(command, { ...call, route }),
    );
  }

  #look(): void {
    this.#looked = true;
    this.#heard = !!guard(this.#observer, this.#ask);
    SOON.then(this.#forget);
  }

  /** @inheritdoc */
  executeAll(commands: readonly Command[], call: Call, atomic = false): Promise<unknown[]> {
    if (!guard(this.#observer, () => this.#observer.listens("batch"))) {
      return this.#inner.executeAll(commands, call, atomic);
    }
    const names = commands.map(({ spec }) => spec.name);
    const route = this.#routed ? new Route() : undefined;
    return observe(
      this.#observer,
      { kind: "batch", names, atomic, target: this.#target, ...route && { route } },
      () => this.#inner.executeAll(commands, route === undefined ? call : { ...call, route }, atomic),
    );
  }

  /** @inheritdoc */
  lease(call: Call, key?: string | Uint8Array): Promise<Connection> {
    return this.#inner.lease(call, key);
  }

  /** @inheritdoc */
  get redirected(): Executor["redirected"] {
    return this.#inner.redirected?.bind(this.#inner);
  }

  /** @inheritdoc */
  get closed(): boolean {
    return this.#inner.closed;
  }

  /** @inheritdoc */
  get trace(): Executor["trace"] {
    return this.#inner.trace?.bind(this.#inner);
  }

  /** @inheritdoc */
  get waitAt(): Executor["waitAt"] {
    return this.#inner.waitAt?.bind(this.#inner);
  }

  /** @inheritdoc */
  get shards(): Executor["shards"] {
    return this.#inner.shards?.bind(this.#inner);
  }

  /** @inheritdoc */
  connect(call: Pick<Call, "signal">): Promise<void> {
    return this.#inner.connect(call);
  }

  /** @inheritdoc */
  close(): Promise<void> {
    return this.#inner.close();
  }
}

/**
 * Returns the executor, watched by the observer of these options, if there is one. `routed`: it is a cluster's, which
 * records where commands go.
 */
export function observed(executor: Executor, options: ResolvedConnectionOptions, routed = false): Executor {
  const { observer } = options;
  return observer === undefined
    ? executor
    : new ObservedExecutor(executor, observer, targetOf(options), routed);
}
