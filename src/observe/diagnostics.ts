/**
 * Operations as tracing channels of `node:diagnostics_channel`, which Node, Bun and Deno all have.
 *
 * @module
 */
import type { Observer, Operation } from "../observer.ts";

/** One of the five channels of a tracing channel. */
interface Channel {
  readonly hasSubscribers: boolean;
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

/** What is used of the module `node:diagnostics_channel`. */
export interface DiagnosticsModule {
  /** Makes, or finds, the five channels of this name. */
  tracingChannel(name: string): TracingChannel;
}

// Bun's tracing channel has no `hasSubscribers` of its own, the channels in it have.
function heard({ start, end, asyncStart, asyncEnd, error }: TracingChannel): boolean {
  return start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers || end.hasSubscribers ||
    asyncStart.hasSubscribers;
}

/** Publishes to the tracing channels `keywire:command`, `keywire:batch`, `keywire:connect` and `keywire:acquire`. */
export class DiagnosticsObserver implements Observer {
  readonly #channels: Readonly<Record<string, TracingChannel>>;

  /** Publishes through this module. */
  constructor(module: DiagnosticsModule) {
    const kinds: readonly Operation["kind"][] = ["command", "batch", "connect", "acquire"];
    this.#channels = Object.fromEntries(
      kinds.map((kind) => [kind, module.tracingChannel(`keywire:${kind}`)]),
    );
  }

  /** @inheritdoc */
  listens(kind: Operation["kind"]): boolean {
    return heard(this.#channels[kind]!);
  }

  /** @inheritdoc */
  async observe<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
    const channel = this.#channels[operation.kind]!;
    let value: T;
    // The channel shows its subscribers what the promise resolves with: the reply is none of their business. The
    // context is a copy, as the channel writes into it, and subscribers may.
    const done = () => run().then((result) => void (value = result));
    await channel.tracePromise(done, { ...operation });
    return value!;
  }
}
