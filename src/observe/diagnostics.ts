/**
 * Operations as tracing channels of `node:diagnostics_channel`, which Node, Bun and Deno all have.
 *
 * @module
 */
import type {
  ObservedFailover,
  ObservedHandover,
  ObservedMaintenance,
  ObservedRedirection,
  ObservedRefresh,
  Observer,
  Operation,
  Target,
} from "../observer.ts";

/** A channel: one for itself, or one of the five of a tracing channel. */
interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}

/** A tracing channel, as far as it is used here. */
interface TracingChannel {
  readonly start: Channel;
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
  tracePromise<T>(run: () => Promise<T>, context: object): Promise<T>;
}

/** The used part of the module `node:diagnostics_channel`. */
export interface DiagnosticsModule {
  /** Makes, or finds, the five channels of this name. */
  tracingChannel(name: string): TracingChannel;
  /** Makes, or finds, the channel of this name. */
  channel(name: string): Channel;
}

// Bun's tracing channel has no `hasSubscribers` of its own, the channels in it have.
function heard({ start, end, asyncStart, asyncEnd, error }: TracingChannel): boolean {
  return start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers || end.hasSubscribers ||
    asyncStart.hasSubscribers;
}

/**
 * Publishes to the tracing channels `keywire:command`, `keywire:batch`, `keywire:connect` and `keywire:acquire`, and to the
 * channels `keywire:redirection`, `keywire:refresh`, `keywire:failover`, `keywire:maintenance` and `keywire:handover`.
 */
export class DiagnosticsObserver implements Observer {
  readonly #channels: Readonly<Record<string, TracingChannel>>;
  readonly #redirection: Channel;
  readonly #refresh: Channel;
  readonly #failover: Channel;
  readonly #maintenance: Channel;
  readonly #handover: Channel;

  /** Publishes through this module. */
  constructor(module: DiagnosticsModule) {
    const kinds: readonly Operation["kind"][] = ["command", "batch", "connect", "acquire"];
    this.#channels = Object.fromEntries(
      kinds.map((kind) => [kind, module.tracingChannel(`keywire:${kind}`)]),
    );
    this.#redirection = module.channel("keywire:redirection");
    this.#refresh = module.channel("keywire:refresh");
    this.#failover = module.channel("keywire:failover");
    this.#maintenance = module.channel("keywire:maintenance");
    this.#handover = module.channel("keywire:handover");
  }

  /** @inheritdoc */
  listens(kind: Operation["kind"]): boolean {
    return heard(this.#channels[kind]!);
  }

  /** @inheritdoc */
  async observe<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
    const channel = this.#channels[operation.kind]!;
    let value: T;
    // The channel passes the result of the promise to its subscribers, and a reply must not get there. The context is
    // a copy, because the channel and its subscribers may change it.
    const done = () => run().then((result) => void (value = result));
    await channel.tracePromise(done, { ...operation });
    return value!;
  }

  /** @inheritdoc */
  redirected(redirection: ObservedRedirection, target: Target): void {
    if (this.#redirection.hasSubscribers) this.#redirection.publish({ ...redirection, target });
  }

  /** @inheritdoc */
  refreshed(refresh: ObservedRefresh, target: Target): void {
    if (this.#refresh.hasSubscribers) this.#refresh.publish({ ...refresh, target });
  }

  /** @inheritdoc */
  failedOver(failover: ObservedFailover, target: Target): void {
    if (this.#failover.hasSubscribers) this.#failover.publish({ ...failover, target });
  }

  /** @inheritdoc */
  maintenance(maintenance: ObservedMaintenance, target: Target): void {
    if (this.#maintenance.hasSubscribers) this.#maintenance.publish({ ...maintenance, target });
  }

  /** @inheritdoc */
  handedOver(handover: ObservedHandover, target: Target): void {
    if (this.#handover.hasSubscribers) this.#handover.publish({ ...handover, target });
  }
}
