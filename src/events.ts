/**
 * The events of connections, pools and clients: a typed `EventTarget` that isolates errors of listeners.
 *
 * @module
 */
import { LazySet } from "./lazy_set.ts";

/** A connection is being opened. */
export interface ConnectingDetail {
  /** The number of the attempt since the last connection, from 1. */
  readonly attempt: number;
}

/** A connection has been opened, and its handshake is done. */
export interface ReadyDetail {
  /** The RESP version that is spoken. */
  readonly protocol: 2 | 3;
}

/** A lost connection will be reopened. */
export interface ReconnectingDetail {
  /** The number of the next attempt, from 1. */
  readonly attempt: number;
  /** Milliseconds until then. */
  readonly delay: number;
  /** The reason for the loss, or the error of the last attempt. */
  readonly cause: unknown;
}

/** A connection has ended and is not reconnected. */
export interface ClosedDetail {
  /** The error; `undefined` after a regular close. */
  readonly cause: unknown;
}

/** A pool is at its limit and a caller needs a connection. */
export interface ExhaustedDetail {
  /** The number of waiting callers; 0 in a pool that does not wait. */
  readonly waiting: number;
  /** The maximum number of connections. */
  readonly max: number;
}

/** A listener threw, or returned a promise that was rejected. */
export interface ListenerErrorDetail {
  /** The name of the event that it listened to. */
  readonly event: string;
  /** The error that the listener threw. */
  readonly error: unknown;
}

/** The events of all targets. */
export interface BaseEvents {
  /** A listener failed. Without a listener for this event, the error goes to the console. */
  readonly listenererror: ListenerErrorDetail;
}

/** Subscribers may have missed messages, and are subscribed again. */
export interface GapDetail {
  /** The time when the server last sent data, in milliseconds since 1970. */
  readonly since: number;
  /** The connection was lost, or a channel went to another server. */
  readonly reason: string;
  /** The error that ended the connection, if any. */
  readonly cause?: unknown;
}

/** A subscription has ended, as the server refuses it. */
export interface RefusedDetail {
  /** The channel or pattern. */
  readonly channel: string;
  /** The error reply of the server. */
  readonly error: unknown;
}

/** The events of a connection or a client. */
export interface ConnectionEvents extends BaseEvents {
  /** Messages may have been missed; listeners and iterators are subscribed again. */
  readonly gap: GapDetail;
  /** A subscription that was confirmed once is refused now, and has ended. */
  readonly refused: RefusedDetail;
  /** A connection is being opened. */
  readonly connecting: ConnectingDetail;
  /** A connection can be used. */
  readonly ready: ReadyDetail;
  /** A lost connection will be reopened. */
  readonly reconnecting: ReconnectingDetail;
  /** A connection has ended. */
  readonly closed: ClosedDetail;
  /** A `MultiRedis` uses another database. */
  readonly failover: FailoverDetail;
  /** A server has announced planned maintenance, or its end (the option `maintNotifications`). */
  readonly maintenance: MaintenanceDetail;
}

/** The detail of `maintenance`. Each announcement causes one event, although each connection of a pool receives it. */
export interface MaintenanceDetail {
  /** `"MOVING"`, `"MIGRATING"`, `"MIGRATED"`, `"FAILING_OVER"`, `"FAILED_OVER"`, `"SMIGRATING"` or `"SMIGRATED"`. */
  readonly notification: string;
  /** Milliseconds until the maintenance begins, as the server says; `undefined` at the end of maintenance. */
  readonly time: number | undefined;
  /** The address that MOVING names, `host:port`; `undefined` for others. */
  readonly endpoint: string | undefined;
}

/** The detail of `failover`. */
export interface FailoverDetail {
  /** The address of the database that was used. */
  readonly from: string;
  /** The address of the database that is used now. */
  readonly to: string;
  /** The error that made the first one unavailable; `undefined` when the client returns to a preferred one. */
  readonly cause: Error | undefined;
}

/** The events of a pool. */
export interface PoolEvents extends ConnectionEvents {
  /** A caller needs a connection, and the pool is at its limit. */
  readonly exhausted: ExhaustedDetail;
}

/** A listener for an event: a function, or an object with `handleEvent`. */
export type TypedListener<D> =
  | ((event: CustomEvent<D>) => unknown)
  | { handleEvent(event: CustomEvent<D>): unknown };

/** A listener for any event, as `EventTarget` defines it. Node's types have no name for it. */
export type PlainListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** Options of `addEventListener`, as `EventTarget` takes them; declared here, as not every project has the types of the DOM. */
export interface ListenOptions {
  /** Has no effect here: events do not bubble. */
  readonly capture?: boolean;
  /** Removes the listener after its first event. Default `false`. */
  readonly once?: boolean;
  /** Has no effect here: events cannot be cancelled. */
  readonly passive?: boolean;
  /** Removes the listener when the signal is aborted. */
  readonly signal?: AbortSignal;
}

/** Set by the class: only this module can reach its private parts. */
let send: (target: TypedEventTarget<BaseEvents>, type: string, detail: unknown) => boolean;

/**
 * An `EventTarget` with typed events.
 *
 * If a listener throws or returns a promise that rejects, the other listeners still run, and the target emits
 * `listenererror`. Without a listener for that event, the error goes to the console. The `EventTarget` of the
 * runtimes would throw an uncaught exception, which ends the process.
 *
 * @typeParam M names of events, and what each carries as `detail`
 *
 * @example
 * ```ts
 * import { type ConnectionEvents, emit, TypedEventTarget } from "./events.ts";
 *
 * class Link extends TypedEventTarget<ConnectionEvents> {}
 * const link = new Link();
 * link.addEventListener("reconnecting", ({ detail }) => console.log(`again in ${detail.delay} ms`));
 * emit(link, "reconnecting", { attempt: 1, delay: 40, cause: undefined });
 * ```
 */
export class TypedEventTarget<M extends BaseEvents> extends EventTarget {
  /** Carries the events' types; no value. */
  declare readonly "~events"?: M;
  /** The names of events that have or had a listener. For other names no event is created. */
  readonly #heard: LazySet<string> = new LazySet();
  /** One wrapper a listener, so that the target knows a listener that it has already, and can remove it. */
  #wrapped: WeakMap<object, EventListener> | undefined;

  static {
    send = (target, type, detail) => {
      if (!target.#heard.has(type)) return false;
      target.dispatchEvent(new CustomEvent(type, { detail }));
      return true;
    };
  }

  /** Listens to an event; as `EventTarget` does it, `once` and `signal` included. */
  override addEventListener<K extends keyof M & string>(
    type: K,
    listener: TypedListener<M[K]> | null,
    options?: boolean | ListenOptions,
  ): void;
  /** Listens to an event of your own. */
  override addEventListener(
    type: string,
    listener: PlainListener | null,
    options?: boolean | ListenOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: PlainListener | TypedListener<never> | null,
    options?: boolean | ListenOptions,
  ): void {
    if (listener === null || listener === undefined) return;
    this.#wrapped ??= new WeakMap();
    let wrapped = this.#wrapped.get(listener);
    if (wrapped === undefined) {
      wrapped = this.#shield(listener as TypedListener<never>);
      this.#wrapped.set(listener, wrapped);
    }
    this.#heard.add(type);
    super.addEventListener(type, wrapped, options);
  }

  /** Listens no more. */
  override removeEventListener<K extends keyof M & string>(
    type: K,
    listener: TypedListener<M[K]> | null,
    options?: boolean | ListenOptions,
  ): void;
  /** Listens no more to an event of your own. */
  override removeEventListener(
    type: string,
    listener: PlainListener | null,
    options?: boolean | ListenOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: PlainListener | TypedListener<never> | null,
    options?: boolean | ListenOptions,
  ): void {
    if (listener === null || listener === undefined) return;
    // Node and Deno come here with the wrapper itself when a `signal` is aborted.
    const wrapped = this.#wrapped?.get(listener) ?? listener as EventListener;
    super.removeEventListener(type, wrapped, options);
  }

  #shield(listener: TypedListener<never>): EventListener {
    return (event): void => {
      try {
        const told = event as CustomEvent<never>;
        const result = typeof listener === "function"
          ? listener.call(this, told)
          : listener.handleEvent(told);
        if (result instanceof Promise) result.then(undefined, (error) => this.#failed(event.type, error));
      } catch (error) {
        this.#failed(event.type, error);
      }
    };
  }

  #failed(event: string, error: unknown): void {
    // A failing listener of `listenererror` must not cause the same event again.
    const told = event !== "listenererror" && send(this, "listenererror", { event, error });
    if (!told) console.error(`A listener of the event "${event}" failed:`, error);
  }
}

/**
 * Emits an event. Creates no event object if there was never a listener. Never throws.
 *
 * @returns whether there may be a listener
 */
export function emit<M extends BaseEvents, K extends keyof M & string>(
  target: TypedEventTarget<M>,
  type: K,
  detail: M[K],
): boolean {
  return send(target, type, detail);
}
