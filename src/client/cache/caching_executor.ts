/**
 * An executor with a cache in front of another one.
 *
 * @module
 */
import { type Command, Command as CommandValue, CommandFlag, defineCommand } from "../../commands/command.ts";
import { DelegatingExecutor } from "../delegating_executor.ts";
import type { Call, Executor } from "../executor.ts";
import type { ClientCache } from "./cache.ts";
import { CacheClass, classOf } from "./cacheable.ts";
import type { Fetch } from "./expiry.ts";
import { changedKeys } from "./own_writes.ts";

const CACHING = new CommandValue(defineCommand("CLIENT CACHING", CommandFlag.readonly), ["YES"]);

/** Answers reads from the cache, and evicts the keys of writes. */
export class CachingExecutor extends DelegatingExecutor {
  /** The cache. */
  readonly cache: ClientCache;
  readonly #optIn: boolean;
  readonly #fetch: Fetch;
  readonly #ask: Fetch;

  /** Wraps `inner`. The cache must be attached to its connections. */
  constructor(inner: Executor, cache: ClientCache) {
    super(inner);
    this.cache = cache;
    const { optIn, mode } = cache.options;
    this.#optIn = optIn;
    this.#ask = (command, call) => inner.execute(command, call);
    this.#fetch = optIn && mode === "tracking"
      ? (command, call) => this.#announced(command, call)
      : this.#ask;
  }

  /** @inheritdoc */
  override execute(command: Command, call: Call): Promise<unknown> {
    switch (classOf(command)) {
      case CacheClass.read:
        if (call.cache ?? !this.#optIn) return this.cache.read(command, call, this.#fetch, this.#ask);
        break;
      case CacheClass.pass:
        break;
      default:
        this.cache.forget(changedKeys(command));
    }
    return this.inner.execute(command, call);
  }

  /** @inheritdoc */
  override executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]> {
    // Connections evict the keys of queued writes, too, but a call may first wait for a connection.
    for (const command of commands) this.cache.forget(changedKeys(command));
    return this.inner.executeAll(commands, call, atomic);
  }

  /** Sends CLIENT CACHING before the command. With OPTIN the server tracks only such reads. */
  async #announced(command: Command, call: Call): Promise<unknown> {
    const [, reply] = await this.inner.executeAll([CACHING, command], call);
    if (reply instanceof Error) throw reply;
    return reply;
  }
}
