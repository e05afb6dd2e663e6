/**
 * The owner of a link, and the options of a link.
 *
 * @module
 */
import type { ResolvedConnectionOptions } from "../options.ts";
import type { DecoderLimits } from "../resp/types.ts";
import type { SocketOptions } from "../transport.ts";
import type { Encoder } from "../resp/encoder.ts";
import type { Pending } from "./pending.ts";
import type { ReplyDispatcher } from "./reply_dispatcher.ts";
import type { Unsent } from "./unsent_queue.ts";

/** The owner of a link, which receives its events. */
export interface LinkOwner {
  /** The server's address, for messages. */
  readonly address: string;
  /** Receives replies from the parser. */
  readonly dispatcher: ReplyDispatcher;
  /** Called once when the link ends by itself: the server closed it, was silent, or broke the protocol. */
  lost(cause: Error): void;
  /** Called when no reply is due any more. */
  idle(): void;
  /** A command was encoded; its caller may change its small byte arguments from now on. */
  readonly encoded?: (pending: Pending, encoder: Encoder) => void;
  /** Commands were dropped before anything of them was sent. */
  dropped?(item: Unsent): void;
  /** Called when the server is silent for longer than usual. `mayBlock`: the first waiting command may be the reason. */
  suspect?(mayBlock: boolean): void;
  /** The process was stopped for long, or busy, and nothing has been sent since. */
  overslept?(milliseconds: number): void;
  /** The time by which a timer of this process must have fired; after it, the process was stopped. */
  readonly wakeBy?: { at: number };
}

/** The options of a link. */
export type LinkOptions =
  & Pick<ResolvedConnectionOptions, "endpoint" | "noDelay" | "keepAlive" | "readBufferSize" | "transport">
  & Pick<
    ResolvedConnectionOptions,
    "clock" | "commandTimeout" | "socketTimeout" | "sendQueue"
  >
  & Pick<ResolvedConnectionOptions, "parser">
  & Partial<Pick<ResolvedConnectionOptions, "healthCheckInterval" | "family" | "lookup">>
  & { readonly limits: DecoderLimits };

/** The options of a link's socket; those that were not given are absent. */
export function socketOptions(options: LinkOptions, signal: AbortSignal): SocketOptions {
  const { noDelay, keepAlive, readBufferSize, family, lookup } = options;
  return { noDelay, keepAlive, readBufferSize, signal, ...family && { family }, ...lookup && { lookup } };
}
