/**
 * MONITOR: every command that a server runs, as it runs it.
 *
 * @module
 */
import { dateOf, systemClock } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import { RedisError } from "../../errors.ts";
import type { Reply } from "../../resp/types.ts";
import type { ReconnectingConnection, ReconnectingListener } from "../connections/reconnecting_connection.ts";
import { MessageBuffer } from "../pubsub/buffer.ts";
import { type Gap, join } from "../pubsub/gap.ts";
import { AsyncQueue } from "../pubsub/async_queue.ts";
import type { MonitoredCommand, readMonitorLine } from "./monitor_line.ts";
import { checkMonitor, type MonitorOptions } from "./monitor_options.ts";

export type { MonitoredCommand, MonitorOptions };

/**
 * An iterator over the commands that a server runs, on a dedicated connection that reconnects.
 *
 * @example
 * ```ts ignore
 * import { Redis } from "@keywire/redis";
 *
 * await using redis = new Redis();
 * for await (const item of redis.monitor()) {
 *   if (item.kind === "command") console.log(item.words.join(" "));
 * }
 * ```
 */
export class Monitor implements AsyncIterableIterator<MonitoredCommand | Gap> {
  /** Resolves when the server has started; rejects if it refuses or is unreachable. */
  readonly ready: Promise<void>;
  readonly #reconnecting: ReconnectingConnection;
  readonly #buffer: MessageBuffer<MonitoredCommand>;
  readonly #queue: AsyncQueue<MonitoredCommand>;
  readonly #left: () => void;
  readonly #listener: ReconnectingListener = {
    ready: (connection) => this.#ready(connection),
    lost: (cause) => this.#lost(cause),
    push: (values) => this.#push(values),
    failed: (error) => this.#end({ error }),
    closed: () => this.#end(undefined),
  };
  #became!: () => void;
  #failed!: (error: unknown) => void;
  #unlisten: () => void = () => {};
  #began = false;
  #read: typeof readMonitorLine | undefined = undefined;
  #gap: Gap | undefined = undefined;

  /**
   * Clients make it.
   *
   * @internal
   */
  constructor(reconnecting: ReconnectingConnection, options: MonitorOptions, left: () => void) {
    const { buffer, policy = "dropOldest", signal } = checkMonitor(options);
    this.#reconnecting = reconnecting;
    this.#left = left;
    this.#buffer = new MessageBuffer(buffer, policy, systemClock);
    this.#queue = new AsyncQueue(this.#buffer, () => false, () => {});
    this.ready = new Promise((resolve, reject) => {
      this.#became = resolve;
      this.#failed = reject;
    });
    this.ready.catch(() => {});
    if (signal !== undefined) {
      const abort = (): void => this.#end({ error: signal.reason });
      signal.addEventListener("abort", abort, { once: true });
      this.#unlisten = () => signal.removeEventListener("abort", abort);
    }
    reconnecting.listen(this.#listener);
    reconnecting.ensureConnected();
  }

  /** Returns the next command or gap. */
  next(): Promise<IteratorResult<MonitoredCommand | Gap, undefined>> {
    return this.#queue.next();
  }

  /** Ends the monitor. */
  return(): Promise<IteratorResult<MonitoredCommand | Gap, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Ends the monitor; its connection is closed. */
  close(): void {
    this.#queue.clear();
    this.#end(undefined);
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** Iterates over itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #ready(connection: Connection): void {
    import("../lazy_modules.ts").then(({ readMonitorLine }) => {
      this.#read = readMonitorLine;
      return connection.send(["MONITOR"]);
    }).then(() => {
      this.#began = true;
      this.#became();
      if (this.#gap === undefined) return;
      this.#buffer.addGap(this.#gap);
      this.#gap = undefined;
      this.#queue.serve();
    }, (error) => {
      if (connection.state === "ready") this.#end({ error });
    });
  }

  #lost(cause: Error | undefined): void {
    if (!this.#began) return;
    this.#gap = join(this.#gap, {
      kind: "gap",
      since: dateOf(systemClock),
      reason: "lost",
      ...cause && { cause },
    });
  }

  #push(values: Reply[]): void {
    const item = values[0] === "monitor" ? this.#read?.(String(values[1])) : undefined;
    if (item === undefined || this.#queue.offer(item)) return;
    const message = "Cannot keep up with MONITOR: too many commands wait to be read";
    this.#end({ error: new RedisError(message, { code: "BUFFER_FULL", executed: "yes" }) });
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    if (this.#queue.ended) return;
    this.#unlisten();
    this.#reconnecting.unlisten(this.#listener);
    if (failure === undefined) this.#became();
    else this.#failed(failure.error);
    this.#queue.end(failure);
    this.#left();
    this.#reconnecting.releaseIfUnused?.();
  }
}
