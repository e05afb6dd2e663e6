/**
 * What subscriptions need of whoever holds the connections: a single server, sentinels or a cluster.
 *
 * @module
 */
import type { ResolvedConnectionOptions } from "../../options.ts";
import type { ConnectionEvents, TypedEventTarget } from "../../events.ts";
import type { ReconnectingConnection } from "../connections/reconnecting_connection.ts";

/** Channels, patterns of channels, or channels that belong to a slot of a cluster. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** Where subscriptions live. Clients that share their connections share one. */
export interface SubscriptionRouter {
  /** The options of its connections. */
  readonly options: ResolvedConnectionOptions;
  /** Who is told of gaps and of listeners that fail. */
  readonly events: TypedEventTarget<ConnectionEvents>;
  /** The connection that a channel belongs on now; the same object for all that belong together. */
  connectionFor(kind: SubscriptionKind, channel: string | Uint8Array): ReconnectingConnection;
  /** A new connection for one subscription alone, which it may pause. Sharded `channels` have one slot, or are refused. */
  dedicatedConnectionFor(kind: SubscriptionKind, channel: string | Uint8Array): ReconnectingConnection;
  /** Channels of different groups do not go in one command (slots); without it all are of one. */
  groupOf?(kind: SubscriptionKind, channel: string | Uint8Array): number;
  /** The server says that a channel is elsewhere (MOVED, or an SUNSUBSCRIBE that nobody asked for): learn where. */
  misplaced?(channel: string | Uint8Array, error: Error | undefined): void;
  /** Tells when channels may belong on other connections than before; they are then asked for again. Returns how to stop. */
  onMoved?(listener: () => void): () => void;
}
