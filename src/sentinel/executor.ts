/**
 * Commands of a client that reads from replicas: what only reads goes to one of them, everything else stays at home.
 *
 * @module
 */
import type { CloseOptions } from "../pool/stats.ts";
import { type Command, CommandFlag, mayReadReplica } from "../commands/command.ts";
import type { Call } from "../client/executor.ts";
import { StandaloneExecutor } from "../client/standalone_executor.ts";
import { RedisError } from "../errors.ts";
import type { LazySentinelClient } from "./lazy_sentinel_client.ts";
import type { Readable } from "./replica.ts";
import type { ReadingOptions } from "./reading_options.ts";
import type { ReplicaReader } from "./replica_reader.ts";

const APART = CommandFlag.blocking | CommandFlag.stateful;

/** Runs reads on replicas. */
export class ReadingExecutor extends StandaloneExecutor {
  readonly #options: ReadingOptions;
  readonly #sentinels: LazySentinelClient;
  readonly #home: Readable["executor"];
  /** Loaded by the first read. */
  #reader: ReplicaReader | undefined = undefined;
  #loading: Promise<ReplicaReader> | undefined = undefined;

  /** Queries no sentinel before the first read. */
  constructor(options: ReadingOptions, sentinels: LazySentinelClient) {
    super(options.home, { multiplex: options.multiplex, owner: true });
    this.#options = options;
    this.#sentinels = sentinels;
    // Not by our own methods, which would ask for a replica again.
    this.#home = {
      execute: (command, call) => super.execute(command, call),
      executeAll: (commands, call) => super.executeAll(commands, call),
      shared: this.shared,
    };
  }

  /** @inheritdoc */
  override execute(command: Command, call: Call): Promise<unknown> {
    if (this.#reads(command)) return this.#read((executor, rest) => executor.execute(command, rest), call);
    const refusal = this.#refusal(command);
    return refusal === undefined ? super.execute(command, call) : Promise.reject(refusal);
  }

  /** @inheritdoc */
  override executeAll(commands: readonly Command[], call: Call, atomic = false): Promise<unknown[]> {
    if (!atomic && commands.every((command) => this.#reads(command))) {
      return this.#read((executor, rest) => executor.executeAll(commands, rest), call) as Promise<unknown[]>;
    }
    for (const command of commands) {
      const refusal = this.#refusal(command);
      if (refusal !== undefined) return Promise.reject(refusal);
    }
    return super.executeAll(commands, call, atomic);
  }

  /** @inheritdoc */
  override async close(options?: CloseOptions): Promise<void> {
    const reader = this.#reader?.close(options) ??
      this.#loading?.then((loaded) => loaded.close(options), () => {});
    await Promise.all([super.close(options), reader]);
  }

  #reads(command: Command): boolean {
    return mayReadReplica(command) && (command.spec.flags & APART) === 0;
  }

  #refusal({ spec: { name, flags } }: Command): RedisError | undefined {
    if (!this.#options.readonly || (flags & CommandFlag.write) === 0) return undefined;
    const message =
      `Cannot run ${name} on a replica, which only reads: use sentinel.masterFor("${this.#options.service}")`;
    return new RedisError(message, { code: "READONLY", executed: "no" });
  }

  async #read(run: Parameters<ReplicaReader["read"]>[0], call: Call): Promise<unknown> {
    if (this.#reader === undefined) {
      if (this.closed) return await run(this.#home, call);
      this.#reader = await (this.#loading ??= this.#load());
    }
    return await this.#reader.read(run, call);
  }

  async #load(): Promise<ReplicaReader> {
    try {
      const { ReplicaReader } = await import("./lazy_modules.ts");
      return new ReplicaReader(this.#options, await this.#sentinels.load(), this.#home);
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }
}
