/**
 * What all clients have in common, whatever is behind them: one server, sentinels, or a cluster.
 *
 * @module
 */
import { Command } from "../commands/command.ts";
import { lookupCommand } from "../commands/table.ts";
import type { Out, Wrap } from "../commands/wrap.ts";
import { modeOf } from "../connection/connection.ts";
import type { ConnectionEvents, TypedListener } from "../events.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import { type CallOptions, refineCall } from "./call.ts";
import type { ClientCore } from "./core.ts";
import type { Call } from "./executor.ts";
import { PubSub } from "./pubsub/pubsub.ts";
import { SubscribingClient } from "./subscribing.ts";

export type { ClientCore };

/** The call that a client with these options makes where nothing else is said. */
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
export abstract class Client<W extends Wrap> extends SubscribingClient<W> {
  /**
   * What it is made of.
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
    const { spec, args: rest } = lookupCommand([name, ...args]);
    return this.core.executor.execute(new Command(spec, rest), this.core.call) as Promise<T>;
  }

  /**
   * The same client with other limits for what is called on it; cheap enough to do for each call.
   *
   * @throws {TypeError | RangeError} for an option that is unknown or wrong.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * await redis.with({ timeout: 200, signal: AbortSignal.timeout(150) }).get("greeting");
   * ```
   */
  with(options: CallOptions): this {
    return this.view(refineCall(this.core.call, options)) as unknown as this;
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
   * Connects now instead of on first use.
   *
   * @throws {ConnectionError | TimeoutError | AuthenticationError} the last error, when as many tries as `retry`
   * grants have failed.
   */
  connect(): Promise<void> {
    return this.core.executor.connect(this.core.call);
  }

  /**
   * Ends the client: what is on its way comes back, what comes later is refused. Closes its pool, if the client
   * made it. Never rejects.
   */
  close(): Promise<void> {
    PubSub.close(this.core.executor);
    return this.core.executor.close();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Listens to `connecting`, `ready`, `reconnecting`, `closed`, `gap` or `refused` of its shared connections. */
  addEventListener<K extends keyof ConnectionEvents & string>(
    type: K,
    listener: TypedListener<ConnectionEvents[K]>,
    options?: boolean | AddEventListenerOptions,
  ): void {
    this.core.executor.events.addEventListener(type, listener, options);
  }

  /** Listens no more. */
  removeEventListener<K extends keyof ConnectionEvents & string>(
    type: K,
    listener: TypedListener<ConnectionEvents[K]>,
    options?: boolean | EventListenerOptions,
  ): void {
    this.core.executor.events.removeEventListener(type, listener, options);
  }

  /**
   * A client of the same class over the same core; without its constructor, which may ask for anything.
   *
   * @internal
   */
  protected view(call: Call): Client<never> {
    const core = { ...this.core, call };
    return Reflect.construct(Client, [core], this.constructor as new () => Client<never>);
  }

  #modeView(mode: number): Client<never> {
    const { call } = this.core;
    return this.view({ ...call, mode: mode | call.mode & DecodeMode.attributes });
  }
}
