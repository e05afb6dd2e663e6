/**
 * Commands that go out together: chained, as a list, or by name.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { CommandMethods } from "../../commands/methods.ts";
import { script, type ScriptOptions } from "../../commands/script.ts";
import { command } from "../../commands/raw.ts";
import type { Out, Value, Wrap } from "../../commands/wrap.ts";
import type { Arg, Reply } from "../../resp/types.ts";
import type { Call, Executor } from "../executor.ts";
import { checkBatched } from "../commands/unsupported_commands.ts";
import { firstFailure } from "./outcomes.ts";

/** The executor of a pipeline and its options. */
export interface PipelineTarget {
  /** Runs its commands. */
  readonly executor: Pick<Executor, "executeAll">;
  /** Limits; one deadline holds for all commands together. */
  readonly call: Call;
}

/** The return type of a pipeline's methods: the pipeline with one more result. */
export interface PipelineWrap<W extends Wrap, T extends readonly unknown[]> extends Wrap {
  /** The same value as in the client. */
  readonly value: Value<W, this["text"], this["bytes"]>;
  /** The pipeline. */
  readonly out: Pipeline<W, [...T, Value<W, this["text"], this["bytes"]>]>;
}

/** Results with errors in their places. */
export type Settled<T> = { -readonly [K in keyof T]: T[K] | Error };

/** The results of a list of commands, or of commands by name. */
export type Results<W extends Wrap, C> = {
  -readonly [K in keyof C]: C[K] extends Command<infer T, infer B> ? Value<W, T, B> : never;
};

/**
 * Commands that are sent together and settle as one promise. Every method adds a command and returns the pipeline
 * with the type of its result, so chain the calls.
 *
 * `exec()` sends the commands. A pipeline is not a transaction: commands of other clients can run in between.
 * `redis.multi()` starts a transaction. Calling `exec()` again runs all commands again.
 *
 * @typeParam W the return type of the client's methods: text or bytes
 * @typeParam T the results so far
 *
 * @example
 * ```ts
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis();
 * const [, n] = await redis.pipeline().set("n", 1).incr("n").exec(); // ["OK", 2]
 * const settled = await redis.pipeline().set("a", "x").incr("a").exec({ settle: true }); // ["OK", ReplyError]
 * ```
 */
export class Pipeline<W extends Wrap, T extends readonly unknown[] = []>
  extends CommandMethods<PipelineWrap<W, T>> {
  readonly #target: PipelineTarget;
  readonly #atomic: boolean;
  readonly #commands: Command[] = [];

  /** Clients make them: `redis.pipeline()`, `redis.multi()`. */
  constructor(target: PipelineTarget, atomic = false, commands: readonly Command[] = []) {
    super();
    this.#target = target;
    this.#atomic = atomic;
    for (const command of commands) this.execute(command);
  }

  /** The number of commands. */
  get length(): number {
    return this.#commands.length;
  }

  /**
   * Adds a command that was made as a value.
   *
   * @throws {RedisError} for a command that blocks (code `BLOCKING`) or changes the state of its connection (`STATEFUL`).
   */
  override execute<A, B>(command: Command<A, B>): Out<PipelineWrap<W, T>, A, B> {
    checkBatched(command);
    this.#commands.push(command);
    return this as unknown as Out<PipelineWrap<W, T>, A, B>;
  }

  /** Adds any command there is, or will be: its words, one by one. Its reply is not typed. */
  command<R = Reply>(name: string, ...args: Arg[]): Pipeline<W, [...T, R]> {
    return this.execute(command(name, ...args)) as unknown as Pipeline<W, [...T, R]>;
  }

  /** Adds a Lua script. The first call of each script contains its source, so the server always knows it. */
  script<R = Reply>(source: string, options?: ScriptOptions): Pipeline<W, [...T, R]> {
    return this.execute(script(source, options)) as unknown as Pipeline<W, [...T, R]>;
  }

  /**
   * Sends all commands and resolves with their results.
   *
   * @throws {PipelineError} when a command failed: for the first by its place, with the results of all.
   * @throws the reason of the client's `signal`.
   */
  exec(options?: { readonly settle?: false }): Promise<T>;
  /** Sends all commands and resolves with their results in order. Failed commands have an error as their result. */
  exec(options: { readonly settle: true }): Promise<Settled<T>>;
  async exec(options: { readonly settle?: boolean } = {}): Promise<unknown> {
    const commands = this.#commands.slice();
    const { executor, call } = this.#target;
    const outcomes = await executor.executeAll(commands, call, this.#atomic);
    if (options.settle === true) return outcomes;
    const failure = firstFailure(commands, outcomes, this.#atomic);
    if (failure !== undefined) throw failure;
    return outcomes;
  }
}

/** Commands by name that are sent together; made by `redis.pipeline({ a: get("a") })`. */
export class NamedPipeline<R extends Readonly<Record<string, unknown>>> {
  readonly #names: readonly string[];
  readonly #pipeline: Pipeline<Wrap, readonly unknown[]>;

  /** Clients make them. */
  constructor(target: PipelineTarget, atomic: boolean, commands: Readonly<Record<string, Command>>) {
    this.#names = Object.keys(commands);
    this.#pipeline = new Pipeline(target, atomic, Object.values(commands));
  }

  /**
   * Sends all commands and resolves with their results by name.
   *
   * @throws {PipelineError} when a command failed: for the first by its place, with the results of all.
   */
  exec(options?: { readonly settle?: false }): Promise<R>;
  /** Sends all commands and resolves with their results by name. Failed commands have an error as their result. */
  exec(options: { readonly settle: true }): Promise<Settled<R>>;
  async exec(options: { readonly settle?: boolean } = {}): Promise<unknown> {
    const results = await this.#pipeline.exec(options as { settle: true });
    return Object.fromEntries(this.#names.map((name, at) => [name, results[at]]));
  }
}
