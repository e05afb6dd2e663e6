/**
 * Writes that count when enough replicas have them: `redis.with({ replicas: 1 })`.
 *
 * @module
 */
import { type Command, CommandFlag } from "../../commands/command.ts";
import { DelegatingExecutor } from "../delegating_executor.ts";
import type { Call, Executor, Traced } from "../executor.ts";
import type { SharedWaits } from "./acknowledgement.ts";

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
  readonly #shared: SharedWaits = new Map();

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

  async #acknowledged(name: string, call: Call, places: Iterable<object>): Promise<void> {
    const { acknowledge } = await import("../lazy_modules.ts");
    await acknowledge(this.inner, this.#shared, this.#replicas, name, call, places);
  }
}
