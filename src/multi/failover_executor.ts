/**
 * Runs commands on one of several databases, and on another one when that fails.
 *
 * @module
 */
import type { Call, Executor } from "../client/executor.ts";
import type { SubscriptionRouter } from "../client/pubsub/subscription_router.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Command } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import type { Prefix } from "../client/commands/prefix.ts";
import { BackgroundTimers } from "../connection/background_timers.ts";
import { ConnectionError, type RedisError } from "../errors.ts";
import { type ConnectionEvents, emit, TypedEventTarget } from "../events.ts";
import { notify, targetOf } from "../observe/target.ts";
import type { CloseOptions } from "../pool/stats.ts";
import type { Arg } from "../resp/types.ts";
import { FailoverCall, RETRY_PAUSE, type Work } from "./failover_call.ts";
import { FollowingConnection } from "./following_connection.ts";
import { type IteratedDatabases, pin, shardsOf } from "./iterations.ts";
import { isUnavailable, type MonitoredDatabase } from "./monitored_database.ts";
import type { MultiPolicy } from "./options.ts";
import { RetryQueue } from "./retry_queue.ts";

/** The events that databases and the client of all have in common. */
const FORWARDED = ["connecting", "ready", "reconnecting", "closed", "maintenance"] as const;

/** The executor of several databases. */
export class FailoverExecutor implements Executor, IteratedDatabases {
  /** @inheritdoc */
  readonly events: TypedEventTarget<ConnectionEvents> = new TypedEventTarget();
  /** @inheritdoc */
  readonly subscriptionRouter: SubscriptionRouter;
  /** All databases, the one with the greatest weight first. */
  readonly databases: readonly MonitoredDatabase[];
  /** The timers of health checks. */
  readonly background: BackgroundTimers;
  /** @inheritdoc */
  readonly clock: Clock;
  /** @inheritdoc */
  readonly queue: RetryQueue;
  readonly #policy: MultiPolicy;
  readonly #timers: Map<MonitoredDatabase, Timer> = new Map();
  readonly #moved: Set<() => void> = new Set();
  #current: MonitoredDatabase;
  #calls = 0;
  #checking = false;
  #closed = false;

  /** Checks nothing before the first command. */
  constructor(databases: readonly MonitoredDatabase[], policy: MultiPolicy, clock: Clock) {
    this.databases = [...databases].sort((a, b) => b.parts.weight - a.parts.weight);
    this.#current = this.databases[0]!;
    this.#policy = policy;
    this.clock = clock;
    this.queue = new RetryQueue(clock);
    this.background = new BackgroundTimers(clock);
    this.subscriptionRouter = this.#router();
    for (const { parts: { executor } } of this.databases) {
      for (const type of FORWARDED) {
        executor.events.addEventListener(type, ({ detail }) => void emit(this.events, type, detail as never));
      }
    }
  }

  /** The database in use. */
  get current(): MonitoredDatabase {
    return this.#current;
  }

  /** @inheritdoc */
  get hasSlots(): boolean | undefined {
    return this.#current.parts.executor.hasSlots;
  }

  /** @inheritdoc */
  shards(call: Call): Promise<readonly Pick<Executor, "execute">[]> {
    return shardsOf(this, call);
  }

  /** @inheritdoc */
  pin(): Pick<Executor, "execute"> {
    return pin(this);
  }

  /** @inheritdoc */
  get trace(): Executor["trace"] {
    const { executor } = this.#current.parts;
    return executor.trace?.bind(executor);
  }

  /** @inheritdoc */
  get waitAt(): Executor["waitAt"] {
    const { executor } = this.#current.parts;
    return executor.waitAt?.bind(executor);
  }

  /** @inheritdoc */
  get redirected(): Executor["redirected"] {
    const { executor } = this.#current.parts;
    return executor.redirected?.bind(executor);
  }

  /** @inheritdoc */
  get keyPrefix(): Prefix | undefined {
    return this.#current.parts.executor.keyPrefix;
  }

  /** @inheritdoc */
  get channelPrefix(): Prefix | undefined {
    return this.#current.parts.executor.channelPrefix;
  }

  /** @inheritdoc */
  prepare(command: Command): Command {
    return this.#current.parts.executor.prepare?.(command) ?? command;
  }

  /** @inheritdoc */
  prepareKey(key: Arg): Arg {
    return this.#current.parts.executor.prepareKey?.(key) ?? key;
  }

  /** @inheritdoc */
  get closed(): boolean {
    return this.#closed;
  }

  /** @inheritdoc */
  execute(command: Command, call: Call): Promise<unknown> {
    return this.run(call, { commands: [command], run: (executor, rest) => executor.execute(command, rest) });
  }

  /** @inheritdoc */
  executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]> {
    return this.run(call, {
      commands,
      run: (executor, rest) => executor.executeAll(commands, rest, atomic),
      outcomesOf: (outcomes) => outcomes,
    });
  }

  /** @inheritdoc */
  lease(call: Call, keys?: readonly Arg[]): Promise<Connection> {
    return this.run(call, { commands: [], run: (executor, rest) => executor.lease(rest, keys) });
  }

  /** Connects to all databases; resolves when the best one that can be reached is known. */
  async connect(call: Pick<Call, "signal">): Promise<void> {
    this.#begin();
    let first: unknown;
    for (const attempt of this.databases.map((database) => this.#reach(database, call))) {
      const error = await attempt;
      if (error === undefined) return this.choose();
      first ??= error;
    }
    throw first;
  }

  /** Connects to a database; resolves with the error if that fails. */
  async #reach(database: MonitoredDatabase, call: Pick<Call, "signal">): Promise<unknown> {
    try {
      await database.parts.executor.connect(call);
      if (this.#noneAvailable) database.recover();
      return undefined;
    } catch (error) {
      if (!call.signal?.aborted && isUnavailable(error)) database.lose(error);
      return error;
    }
  }

  /** Closes all databases. */
  async close(options?: CloseOptions): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) this.background.clear(timer);
    this.queue.start();
    await Promise.all(this.databases.map(({ parts }) => parts.executor.close(options)));
  }

  get #noneAvailable(): boolean {
    return !this.databases.some(({ available }) => available);
  }

  /** Runs a call; it waits behind those that wait for another try. */
  run<T>(call: Call, work: Work<T>): Promise<T> {
    this.#begin();
    const one = new FailoverCall(++this.#calls, this, call, work);
    if (this.queue.busy && !this.#closed) this.queue.add(one, RETRY_PAUSE);
    else one.start();
    return one.value;
  }

  /** @inheritdoc */
  failed(database: MonitoredDatabase, error: RedisError): void {
    database.failed(error);
    this.choose();
  }

  /** @inheritdoc */
  noDatabase(): RedisError {
    const reasons = this.databases.map(({ parts, reason }) =>
      `${parts.name}: ${reason?.message ?? "available"}`
    );
    return new ConnectionError(`No database is available (${reasons.join("; ")})`, {
      code: "NO_DATABASE",
      executed: "no",
      cause: this.#current.reason,
    });
  }

  /** Starts the health checks. */
  #begin(): void {
    if (this.#checking || this.#closed) return;
    this.#checking = true;
    for (const database of this.databases) this.#schedule(database);
  }

  /** Each database has a timer of its own: one that does not reply must not delay the checks of the others. */
  #schedule(database: MonitoredDatabase): void {
    // Spread, so that many clients do not ask at the same moment.
    const delay = this.#policy.healthCheckInterval * (0.9 + this.clock.random() * 0.2);
    this.#timers.set(database, this.background.set(() => void this.#check(database), delay));
  }

  async #check(database: MonitoredDatabase): Promise<void> {
    await database.check(() => this.#noneAvailable);
    if (this.#closed) return;
    this.choose();
    this.#schedule(database);
  }

  /** Uses the available database with the greatest weight; without failback only if the present one is unavailable. */
  choose(): void {
    if (this.#current.available && !this.#policy.failback) return;
    const best = this.databases.find(({ available }) => available);
    if (best === undefined || best.parts.weight === this.#current.parts.weight && this.#current.available) {
      return;
    }
    this.#use(best, this.#current.reason);
  }

  #use(next: MonitoredDatabase, cause: Error | undefined): void {
    const before = this.#current;
    if (next === before) return;
    this.#current = next;
    // What waits for a reply of a database that is gone would wait for its time limit.
    if (!before.available) {
      const message = `${before.parts.name} is unavailable: ${cause?.message}`;
      if (before.running > 0) this.queue.hold(RETRY_PAUSE);
      before.parts.disconnect(new ConnectionError(message, { code: "LOST", executed: "no", cause }));
    }
    for (const listener of [...this.#moved]) listener();
    const from = targetOf(before.parts.options);
    notify(next.parts.options, (observer, to) => observer.failedOver?.({ from, to, error: cause }, to));
    emit(this.events, "failover", { from: before.parts.name, to: next.parts.name, cause });
  }

  /** Subscriptions are moved to the database in use. */
  #router(): SubscriptionRouter {
    const at = (): SubscriptionRouter => this.#current.parts.executor.subscriptionRouter!;
    return {
      get options() {
        return at().options;
      },
      events: this.events,
      connectionFor: (kind, channel) => at().connectionFor(kind, channel),
      dedicatedConnectionFor: (kind, channel) =>
        new FollowingConnection(() => at().dedicatedConnectionFor(kind, channel), (listener) => {
          this.#moved.add(listener);
          return () => this.#moved.delete(listener);
        }),
      groupOf: (kind, channel) => at().groupOf?.(kind, channel) ?? 0,
      misplaced: (channel, error) => at().misplaced?.(channel, error),
      onMoved: (listener) => {
        this.#moved.add(listener);
        const stops = this.databases.map(({ parts }) =>
          parts.executor.subscriptionRouter?.onMoved?.(listener)
        );
        return () => {
          this.#moved.delete(listener);
          for (const stop of stops) stop?.();
        };
      },
    };
  }
}
