/**
 * The contract between subscriptions and the owner of the connections: a single server, sentinels or a cluster.
 *
 * @module
 */
import type { ResolvedConnectionOptions } from "../../options.ts";
import type { ConnectionEvents, TypedEventTarget } from "../../events.ts";
import type { ReconnectingConnection } from "../connections/reconnecting_connection.ts";

/** Channels, patterns of channels, or channels that belong to a slot of a cluster. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** Routes channels to connections. Clients that share connections share a router. */
export interface SubscriptionRouter {
  /** The options of its connections. */
  readonly options: ResolvedConnectionOptions;
  /** Emits `gap` and `listenererror`. */
  readonly events: TypedEventTarget<ConnectionEvents>;
  /** The connection that a channel belongs on now; the same object for all that belong together. */
  connectionFor(kind: SubscriptionKind, channel: string | Uint8Array): ReconnectingConnection;
  /** A new connection for one subscription alone, which it may pause. Sharded `channels` have one slot, or are refused. */
  dedicatedConnectionFor(kind: SubscriptionKind, channel: string | Uint8Array): ReconnectingConnection;
  /** Channels of different groups do not go in one command (slots); without it all are of one. */
  groupOf?(kind: SubscriptionKind, channel: string | Uint8Array): number;
  /** Called when a server refuses a channel for now, or ends its subscription (SUNSUBSCRIBE without a request). */
  misplaced?(channel: string | Uint8Array, error: Error | undefined): void;
  /** Calls `listener` when channels may belong on other connections. Returns a function that removes it. */
  onMoved?(listener: () => void): () => void;
}
