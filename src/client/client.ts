/**
 * The base class of all clients: one server, sentinels, or a cluster.
 *
 * @module
 */
import { connectWithin } from "./connections/connect_within.ts";
import type { Command } from "../commands/command.ts";
import { command } from "../commands/raw.ts";
import type { OneOrMany } from "../commands/arguments.ts";
import { script, type ScriptOptions } from "../commands/script.ts";
import type { Out, Wrap } from "../commands/wrap.ts";
import { modeOf } from "../connection/connection.ts";
import type { ConnectionEvents, ListenOptions, TypedEventTarget, TypedListener } from "../events.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import type { CloseOptions } from "../pool/stats.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import { type CallOptions, refineCall } from "./call_options.ts";
import type { ClientCore } from "./client_core.ts";
import type { Call, Executor } from "./executor.ts";
import { OnceClient } from "./once/once_client.ts";
import type { OnceOptions } from "./once/once_record.ts";
import type { Outcome, OutcomeOptions } from "./once/outcome.ts";
import { loadedPubSub } from "./pubsub/load_pubsub.ts";
import { withReplicas } from "./commands/replicated_writes.ts";
import { IteratingClient } from "./methods/iteration_methods.ts";
import { NamedPipeline, Pipeline, type Results } from "./pipeline/pipeline.ts";
import type { Watched, WatchingClient, WatchOptions } from "./pipeline/watch.ts";

export type { ClientCore };

/** Returns the call options that a client uses by default. */
export function callOf(options: ResolvedConnectionOptions): Call {
  return {
    mode: modeOf(options),
    timeout: options.commandTimeout,
    signal: undefined,
    retry: options.retry,
    cache: undefined,
  };
}

/** The base of all clients: commands as methods, and views with other limits or other replies. */
export abstract class Client<W extends Wrap> extends IteratingClient<W> {
  /**
   * The parts of the client.
   *
   * @internal
   */
  protected override readonly core: ClientCore;

  /**
   * Subclasses keep all they have in the core, as views are made without their constructors.
   *
   * @internal
   */
  constructor(core: ClientCore) {
    super();
    this.core = core;
  }

  /** The options of its connections: complete, frozen, and without secrets when printed. */
  get options(): ResolvedConnectionOptions {
    return this.core.options;
  }

  /** Executes a command that was made as a value: `execute(get("k"))` is `get("k")`. */
  override execute<T, B>(command: Command<T, B>): Out<W, T, B> {
    return this.core.executor.execute(command, this.core.call);
  }

  /**
   * Executes any command there is, or will be: its words, one by one. Replies are not typed.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * await redis.command("OBJECT", "ENCODING", "greeting");
   * ```
   */
  command<T = Reply>(name: string, ...args: Arg[]): Promise<T> {
    return this.core.executor.execute(command(name, ...args), this.core.call) as Promise<T>;
  }

  /**
   * Commands that are sent together: chained, as a list, or by name. Nothing is sent before `exec()`.
   *
   * @throws {RedisError} for a command that blocks, or changes the state of its connection.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   * import { get, incr } from "@keywire/redis/commands";
   *
   * await using redis = new Redis();
   * const [, n] = await redis.pipeline().set("n", 1).incr("n").exec();
   * const [a, b] = await redis.pipeline([get("a"), get("b")]).exec();
   * const { visits } = await redis.pipeline({ visits: incr("visits") }).exec();
   * ```
   */
  pipeline(): Pipeline<W>;
  /** Sends a list of commands. The results are a tuple. */
  pipeline<const C extends readonly Command[]>(commands: C): Pipeline<W, Results<W, C>>;
  /** Commands by name; so are their results. */
  pipeline<const C extends Readonly<Record<string, Command>>>(commands: C): NamedPipeline<Results<W, C>>;
  pipeline(commands?: readonly Command[] | Readonly<Record<string, Command>>): unknown {
    return this.#batch(commands, false);
  }

  /**
   * Starts a transaction (MULTI, EXEC). No command of another client runs between its commands. It is sent in one
   * round trip.
   *
   * If the server refuses to queue a command, no command runs and `exec()` rejects with the code `EXECABORT`. A
   * command that fails when it runs does not undo the others.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * const [n, list] = await redis.multi().incr("n").lrange("list", 0, -1).exec();
   * ```
   */
  multi(): Pipeline<W>;
  /** Sends a list of commands. The results are a tuple. */
  multi<const C extends readonly Command[]>(commands: C): Pipeline<W, Results<W, C>>;
  /** Commands by name; so are their results. */
  multi<const C extends Readonly<Record<string, Command>>>(commands: C): NamedPipeline<Results<W, C>>;
  multi(commands?: readonly Command[] | Readonly<Record<string, Command>>): unknown {
    return this.#batch(commands, true);
  }

  /**
   * Runs `body` while the keys are watched, on a dedicated connection. The transaction that `body` returns runs only
   * if no key has changed. Otherwise `body` is called again, so it must be repeatable. Any other result is returned
   * unchanged. If `body` throws, the keys are unwatched.
   *
   * `with({ timeout })` limits acquiring the connection and watching the keys, each command of `tx`, and the
   * transaction. After `body` has ended, `tx` rejects all commands.
   *
   * @throws {PipelineError} with code `WATCH_CONFLICT`, if a key changed in each of `attempts` attempts.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * const [ok] = await redis.watch("balance", async (tx) => {
   *   const balance = Number(await tx.get("balance"));
   *   return tx.multi().set("balance", balance - 10).incr("payments");
   * });
   * ```
   */
  async watch<R>(
    keys: OneOrMany,
    body: (tx: WatchingClient<W>) => R | Promise<R>,
    options?: WatchOptions,
  ): Promise<Watched<R>> {
    const list = Array.isArray(keys) ? keys as readonly Arg[] : [keys as Arg];
    const { watch } = await import("./lazy_modules.ts");
    const { executor, call, options: { clock } } = this.core;
    return await watch<W, R>({ executor, call, clock }, list, body, options);
  }

  /**
   * Runs a Lua script: by its SHA-1, and whole where the server does not know it. See also `createScript()`.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * await redis.script<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])", { keys: ["n"], args: [2] });
   * ```
   */
  script<T = Reply>(source: string, options?: ScriptOptions): Promise<T> {
    return this.core.executor.execute(script(source, options), this.core.call) as Promise<T>;
  }

  /**
   * Returns the same commands, each of which runs at most once for its id. The server keeps the reply with the data,
   * and a repeated write gets the first reply. So the client retries it until its time limit, even after a lost
   * connection, a failover or a redirection. Without an id, each call has its own.
   *
   * The record is kept for `ttl` milliseconds in the slot of the first key; all keys must be in that slot. Eviction,
   * or a failover that loses the write itself, removes it: see `with({ replicas })`.
   *
   * @param id the identity of the write; an id that is reused with another command is refused (`ONCE_MISMATCH`)
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * const visits = await redis.once().incr("visits");
   * await redis.once("payment:4711").rpush("payments:today", "4711");
   * ```
   */
  once(id?: string, options: OnceOptions = {}): OnceClient<W> {
    return new OnceClient(this.core, id, options);
  }

  /**
   * Asks the server whether the write with this id has run, and for its reply. Works within the write's `ttl`, from
   * any process.
   *
   * @throws {TypeError} for an option that is unknown or wrong, or in a cluster without `key`.
   */
  async outcome(id: string, options: OutcomeOptions = {}): Promise<Outcome> {
    const { outcomeOf } = await import("./lazy_modules.ts");
    return await outcomeOf(this.core, id, options);
  }

  /**
   * Returns the same client with other options for its calls. Cheap enough to call for each command.
   *
   * @throws {TypeError | RangeError} for an unknown or invalid option.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * await redis.with({ timeout: 2_000, signal: AbortSignal.timeout(5_000) }).get("greeting");
   * ```
   */
  with(options: CallOptions = {}): this {
    const { core } = this;
    const { replicas } = options;
    const executor = replicas === undefined ? undefined : withReplicas(core.executor, replicas);
    return this.view(refineCall(core.call, options), executor) as unknown as this;
  }

  /**
   * The same client, with `Uint8Array` for every bulk string.
   *
   * @internal
   */
  protected get bytesView(): Client<never> {
    return this.#modeView(DecodeMode.bytes);
  }

  /**
   * The same client, with text for every bulk string.
   *
   * @internal
   */
  protected get textView(): Client<never> {
    const { encoding, encodingErrors } = this.options;
    return this.#modeView(modeOf({ encoding: encoding === "bytes" ? "utf8" : encoding, encodingErrors }));
  }

  /**
   * Connects now instead of on first use, within the `timeout` of `with()`, if there is one.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} the error of the last attempt that `retry` allows.
   */
  connect(): Promise<void> {
    const { executor, call, options: { clock } } = this.core;
    return call.connectTimeout ? connectWithin(executor, call, clock) : executor.connect(call);
  }

  /**
   * Closes the client: later calls reject, blocking commands end (they reject with the code `CLOSED`, and have taken
   * nothing), and pending calls may finish within the pool's `closeGrace`. With `force`, pending calls reject now,
   * with `executed: "unknown"` if they were sent. Closes the pool if the client created it. Never rejects.
   */
  close(options?: CloseOptions): Promise<void> {
    loadedPubSub()?.PubSub.close(this.core.executor);
    return this.core.executor.close(options);
  }

  /** Closes the client without waiting for replies: `close({ force: true })`. */
  destroy(): void {
    void this.close({ force: true });
  }

  /** Returns the text that `console.log` prints on all runtimes. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `${this.constructor.name} { ${this.options} }`;
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Listens to `connecting`, `ready`, `reconnecting`, `closed`, `gap` or `refused` of its shared connections. */
  addEventListener<K extends keyof ConnectionEvents & string>(
    type: K,
    listener: TypedListener<ConnectionEvents[K]>,
    options?: boolean | ListenOptions,
  ): void {
    this.#events.addEventListener(type, listener, options);
  }

  /** Listens no more. */
  removeEventListener<K extends keyof ConnectionEvents & string>(
    type: K,
    listener: TypedListener<ConnectionEvents[K]>,
    options?: boolean | ListenOptions,
  ): void {
    this.#events.removeEventListener(type, listener, options);
  }

  /**
   * Returns a client of the same class over the same core, without calling its constructor.
   *
   * @internal
   */
  protected view(call: Call, executor?: Executor): Client<never> {
    const { core: own } = this;
    const core = own.view === undefined
      ? { ...own, call, executor: executor ?? own.executor }
      : own.view(call, executor);
    return Reflect.construct(Client, [core], this.constructor as new () => Client<never>);
  }

  get #events(): TypedEventTarget<ConnectionEvents> {
    return this.core.events ?? this.core.executor.events;
  }

  #batch(
    commands: readonly Command[] | Readonly<Record<string, Command>> | undefined,
    atomic: boolean,
  ): unknown {
    if (commands === undefined || Array.isArray(commands)) return new Pipeline(this.core, atomic, commands);
    if (typeof commands !== "object" || commands === null) {
      throw new TypeError("Cannot batch that: chain commands, as in multi().incr(key).exec()");
    }
    return new NamedPipeline(this.core, atomic, commands as Readonly<Record<string, Command>>);
  }

  #modeView(mode: number): Client<never> {
    const { call } = this.core;
    return this.view({ ...call, mode: mode | call.mode & DecodeMode.attributes });
  }
}
