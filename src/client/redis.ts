/**
 * The client.
 *
 * @module
 */
import { Command } from "../commands/command.ts";
import { CommandMethods } from "../commands/methods.ts";
import { lookupCommand } from "../commands/table.ts";
import type { BytesPromise, Out, TextPromise, Wrap } from "../commands/wrap.ts";
import { modeOf } from "../connection/connection.ts";
import type { ConnectionEvents, TypedListener } from "../events.ts";
import {
  type RedisOptions,
  type ResolvedConnectionOptions,
  resolveRedisOptions,
} from "../options.ts";
import { ConnectionPool } from "../pool/pool.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import type { Transport } from "../transport.ts";
import { type CallOptions, refineCall } from "./call.ts";
import type { Call, Executor } from "./executor.ts";
import { StandaloneExecutor } from "./standalone.ts";

/** What a view of a client shares with it; made by `with()`, `bytes()` and `text()` only. */
class View {
  readonly pool: ConnectionPool;
  readonly options: ResolvedConnectionOptions;
  readonly executor: Executor;
  readonly call: Call;

  constructor(pool: ConnectionPool, options: ResolvedConnectionOptions, executor: Executor, call: Call) {
    this.pool = pool;
    this.options = options;
    this.executor = executor;
    this.call = call;
  }
}

/**
 * A client of a Redis or Valkey server. It connects on first use, and sends what is called in one tick together.
 *
 * @typeParam W what methods return: promises of text (default), or of bytes (`redis.bytes()`)
 *
 * @example
 * ```ts
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis("redis://localhost:6379/0");
 * await redis.set("greeting", "hello", { ex: 60 });
 * await redis.get("greeting"); // "hello"
 * ```
 */
export class Redis<W extends Wrap = TextPromise> extends CommandMethods<W> {
  /** The transport for options that name none; the package's entry point sets it in its own class. */
  static readonly transport: Transport | undefined = undefined;

  /** The pool behind the client. */
  readonly pool: ConnectionPool;
  /** The options of its connections: complete, frozen, and without secrets when printed. */
  readonly options: ResolvedConnectionOptions;
  readonly #executor: Executor;
  readonly #call: Call;

  /**
   * Makes a client. Options are a URL, an object, or both: the object goes over the URL.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  constructor(options: string | URL | RedisOptions<ConnectionPool> = {}, over?: RedisOptions<ConnectionPool>) {
    super();
    const view = (options as unknown) instanceof View ? options as unknown as View : undefined;
    const { pool, options: resolved, executor, call } = view ?? open(options, over, new.target.transport);
    this.pool = pool;
    this.options = resolved;
    this.#executor = executor;
    this.#call = call;
  }

  /** Executes a command that was made as a value: `execute(get("k"))` is `get("k")`. */
  override execute<T, B>(command: Command<T, B>): Out<W, T, B> {
    return this.#executor.execute(command, this.#call);
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
    const { spec, args: rest } = lookupCommand([name, ...args]);
    return this.#executor.execute(new Command(spec, rest), this.#call) as Promise<T>;
  }

  /**
   * The same client with other limits for what is called on it; cheap enough to do for each call.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   */
  with(options: CallOptions): Redis<W> {
    return this.#view(refineCall(this.#call, options));
  }

  /** The same client, with `Uint8Array` for every bulk string. */
  bytes(): Redis<BytesPromise> {
    const kept = this.#call.mode & DecodeMode.attributes;
    return this.#view({ ...this.#call, mode: DecodeMode.bytes | kept }) as unknown as Redis<BytesPromise>;
  }

  /** The same client, with text for every bulk string. */
  text(): Redis<TextPromise> {
    const kept = this.#call.mode & DecodeMode.attributes;
    const mode = modeOf({ ...this.options, encoding: this.options.encoding === "bytes" ? "utf8" : this.options.encoding });
    return this.#view({ ...this.#call, mode: mode | kept }) as unknown as Redis<TextPromise>;
  }

  /**
   * Connects now instead of on first use.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} the last error, when as many tries as `retry` grants have failed.
   */
  connect(): Promise<void> {
    return this.#executor.connect(this.#call);
  }

  /**
   * Ends the client: what is on its way comes back, what comes later is refused. Closes its pool, if the client
   * made it. Never rejects.
   */
  close(): Promise<void> {
    return this.#executor.close();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Listens to `connecting`, `ready`, `reconnecting` or `closed` of the shared connection. */
  addEventListener<K extends keyof ConnectionEvents & string>(
    type: K,
    listener: TypedListener<ConnectionEvents[K]>,
    options?: boolean | AddEventListenerOptions,
  ): void {
    this.#executor.events.addEventListener(type, listener, options);
  }

  /** Listens no more. */
  removeEventListener<K extends keyof ConnectionEvents & string>(
    type: K,
    listener: TypedListener<ConnectionEvents[K]>,
    options?: boolean | EventListenerOptions,
  ): void {
    this.#executor.events.removeEventListener(type, listener, options);
  }

  #view(call: Call): Redis<W> {
    return new Redis(new View(this.pool, this.options, this.#executor, call) as never);
  }
}

function open(
  source: string | URL | RedisOptions<ConnectionPool>,
  over: RedisOptions<ConnectionPool> | undefined,
  transport: Transport | undefined,
): View {
  const { multiplex, pool: given, poolOptions, connection } = resolveRedisOptions<ConnectionPool>(source, over);
  const ground = connection.transport ?? transport;
  const pool = given ?? new ConnectionPool(poolOptions, ground === undefined ? undefined : { transport: ground });
  const executor = new StandaloneExecutor(pool, { multiplex, owner: given === undefined });
  const { commandTimeout: timeout, retry } = connection;
  return new View(pool, connection, executor, { mode: modeOf(connection), timeout, signal: undefined, retry });
}
