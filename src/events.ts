/**
 * What connections, pools and clients tell: a typed `EventTarget` that no listener can break.
 *
 * @module
 */

/** A connection is being opened. */
export interface ConnectingDetail {
  /** Which try this is since there was a connection, from 1. */
  readonly attempt: number;
}

/** A connection has been opened, and its handshake is done. */
export interface ReadyDetail {
  /** The RESP version that is spoken. */
  readonly protocol: 2 | 3;
}

/** A lost connection will be opened anew. */
export interface ReconnectingDetail {
  /** Which try this will be, from 1. */
  readonly attempt: number;
  /** Milliseconds until then. */
  readonly delay: number;
  /** Why the connection was lost, or the last try failed. */
  readonly cause: unknown;
}

/** A connection has ended and does not come back by itself. */
export interface ClosedDetail {
  /** Why; `undefined`: it was closed by plan. */
  readonly cause: unknown;
}

/** A pool has no connection left for somebody who asked. */
export interface ExhaustedDetail {
  /** How many wait now; 0 where a pool does not wait. */
  readonly waiting: number;
  /** How many connections there may be. */
  readonly max: number;
}

/** A listener threw, or returned a promise that was rejected. */
export interface ListenerErrorDetail {
  /** The name of the event that it listened to. */
  readonly event: string;
  /** What it threw. */
  readonly error: unknown;
}

/** What every target here tells. */
export interface BaseEvents {
  /** A listener failed. Where nobody listens to this, the error goes to the console. */
  readonly listenererror: ListenerErrorDetail;
}

/** Subscribers may have missed messages, and are subscribed again. */
export interface GapDetail {
  /** When the server was last heard before it, in milliseconds since 1970. */
  readonly since: number;
  /** The connection was lost, or a channel went to another server. */
  readonly reason: string;
  /** What ended the connection, where something did. */
  readonly cause?: unknown;
}

/** A subscription has ended, as the server refuses it. */
export interface RefusedDetail {
  /** The channel or pattern. */
  readonly channel: string;
  /** What the server says. */
  readonly error: unknown;
}

/** What a connection or a client tells. */
export interface ConnectionEvents extends BaseEvents {
  /** Messages may have been missed; listeners and iterators are subscribed again. */
  readonly gap: GapDetail;
  /** A subscription that was confirmed once is refused now, and has ended. */
  readonly refused: RefusedDetail;
  /** A connection is being opened. */
  readonly connecting: ConnectingDetail;
  /** A connection can be used. */
  readonly ready: ReadyDetail;
  /** A lost connection will be opened anew. */
  readonly reconnecting: ReconnectingDetail;
  /** A connection has ended. */
  readonly closed: ClosedDetail;
}

/** What a pool tells. */
export interface PoolEvents extends ConnectionEvents {
  /** Somebody asked for a connection, and there is none left. */
  readonly exhausted: ExhaustedDetail;
}

/** Who is told of an event: a function, or an object with `handleEvent`. */
export type TypedListener<D> =
  | ((event: CustomEvent<D>) => unknown)
  | { handleEvent(event: CustomEvent<D>): unknown };

/** Who is told of any event, as `EventTarget` has it; Node's own types have no name for it. */
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
 * An `EventTarget` whose events are known by name.
 *
 * A listener that throws, or whose promise is rejected, disturbs nobody: the others are still told, and the process
 * lives. The runtimes by themselves make an uncaught exception of it, which ends the process. The failure is
 * told as the event `listenererror`, or to the console where nobody listens to that.
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
  /** Names that somebody listens to, or once did; for all others no event is made. */
  readonly #heard: Set<string> = new Set();
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
    // A listener of this very event that fails must not be told of it: it would fail for ever.
    const told = event !== "listenererror" && send(this, "listenererror", { event, error });
    if (!told) console.error(`A listener of the event "${event}" failed:`, error);
  }
}

/**
 * Tells all listeners of an event. Makes no event object where nobody ever listened, and never throws.
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
