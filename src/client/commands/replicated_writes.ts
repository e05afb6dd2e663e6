/**
 * Writes that count when enough replicas have them: `redis.with({ replicas: 1 })`.
 *
 * @module
 */
import { Command, CommandFlag } from "../../commands/command.ts";
import { WAIT } from "../../commands/function_specs.ts";
import { RedisError, TimeoutError } from "../../errors.ts";
import { DelegatingExecutor } from "../delegating_executor.ts";
import type { Call, Executor, Traced } from "../executor.ts";

const isWrite = ({ spec }: Command): boolean => (spec.flags & CommandFlag.readonly) === 0;

/** Returns an executor that waits for replicas after each write; with `undefined` the same executor. */
export function withReplicas(executor: Executor, replicas: number | undefined): Executor {
  if (replicas === undefined) return executor;
  const inner = executor instanceof ReplicatedExecutor ? executor.inner : executor;
  return replicas === 0 ? inner : new ReplicatedExecutor(inner, replicas);
}

/** Waits after each write until replicas have acknowledged it. */
export class ReplicatedExecutor extends DelegatingExecutor {
  readonly #replicas: number;
  /** Writes whose replies came in one tick wait together, at each place. */
  readonly #shared: Map<object, Promise<unknown>> = new Map();

  /** Asks for `replicas` acknowledgements of what `inner` has written. */
  constructor(inner: Executor, replicas: number) {
    super(inner);
    this.#replicas = replicas;
  }

  /** @inheritdoc */
  override async execute(command: Command, call: Call): Promise<unknown> {
    if (!isWrite(command)) return await this.inner.execute(command, call);
    const { value, places } = await this.#trace((traced) => this.inner.execute(command, traced), call);
    await this.#acknowledged(command.spec.name, call, places);
    return value;
  }

  /** @inheritdoc */
  override async executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]> {
    const { value: outcomes, places } = await this.#trace(
      (traced) => this.inner.executeAll(commands, traced, atomic),
      call,
    );
    const wrote = (at: number): boolean => isWrite(commands[at]!) && !(outcomes[at] instanceof Error);
    if (!outcomes.some((_, at) => wrote(at))) return outcomes;
    try {
      await this.#acknowledged(atomic ? "The transaction" : "The pipeline", call, places);
      return outcomes;
    } catch (error) {
      call.signal?.throwIfAborted();
      return outcomes.map((outcome, at) => wrote(at) ? error : outcome);
    }
  }

  async #trace<T>(run: (call: Call) => Promise<T>, call: Call): Promise<Traced<T>> {
    const { inner } = this;
    return inner.trace === undefined
      ? { value: await run(call), places: [inner] }
      : await inner.trace(run, call);
  }

  /** Runs WAIT at each place: the servers that replied to the writes, and no others. */
  async #acknowledged(name: string, call: Call, places: Iterable<object>): Promise<void> {
    const replicas = this.#replicas;
    const missed = (have: string, cause?: unknown): TimeoutError =>
      new TimeoutError(`${name} ran, but ${have} of the ${replicas} replicas asked for`, {
        code: "NOT_REPLICATED",
        executed: "yes",
        cause,
      });
    let counts: unknown[];
    try {
      counts = await Promise.all([...places].map((place) => this.#waitAt(place, call)));
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      throw missed(`nothing is known (${error.message})`, error);
    }
    const count = Math.min(...counts.map(Number));
    if (count < replicas) throw missed(`within ${call.timeout} ms only ${count} acknowledged it`);
  }

  #waitAt(place: object, call: Call): Promise<unknown> {
    let shared = this.#shared.get(place);
    if (shared === undefined) {
      const wait = new Command(WAIT, [this.#replicas, Math.ceil(call.timeout)]);
      const { inner } = this;
      shared = inner.waitAt === undefined ? inner.execute(wait, call) : inner.waitAt(place, wait, call);
      this.#shared.set(place, shared);
      queueMicrotask(() => this.#shared.delete(place));
    }
    return shared;
  }
}
