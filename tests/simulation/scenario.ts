/**
 * A world as a value: who is in it and what happens when. It can be printed, saved, cut smaller and run again.
 *
 * @module
 */

/** The properties of a network. */
export interface NetworkPlan {
  /** Milliseconds for one way. */
  readonly latency: number;
  /** More milliseconds, up to this many. */
  readonly jitter: number;
  /** Received bytes come in chunks of up to this many; 0: as they were sent. */
  readonly chunk: number;
  /** The bytes that a socket takes ahead of the peer's reading. */
  readonly capacity: number;
  /** Each `write` is a promise, as on Deno. */
  readonly promises: boolean;
  /** Milliseconds after which a socket notices a dead peer by itself; 0: never. */
  readonly keepAlive: number;
  /**
   * Each direction of each connection takes up to so many milliseconds more than the others: what is sent over two
   * connections arrives in another order. Absent: 0.
   */
  readonly spread?: number;
}

/** The servers that serve reads. */
export type ReadFromName = "replica" | "preferReplica" | "any" | "nearest";

/** The options of a client that change what it does. */
export interface OptionsPlan {
  readonly protocol?: 2 | 3;
  readonly multiplex?: boolean;
  readonly commandTimeout?: number;
  readonly socketTimeout?: number;
  readonly connectTimeout?: number;
  readonly blockingGrace?: number;
  readonly healthCheckInterval?: number;
  readonly maxConnections?: number;
  readonly minIdle?: number;
  readonly maxIdleTime?: number;
  readonly maxLifetime?: number;
  /** Clusters only: the limit of each node. */
  readonly maxConnectionsPerNode?: number;
  readonly nodeTimeout?: number;
  readonly refreshInterval?: number;
  /**
   * The servers that serve reads of a cluster, or of a master with sentinels; with a limit of the age of the
   * data.
   */
  readonly readFrom?: ReadFromName | { readonly prefer: ReadFromName; readonly maxLag: number };
  readonly availabilityZone?: string;
  readonly initSlotCache?: boolean;
  readonly reinitializeSteps?: number;
  readonly skipFullCoverageCheck?: boolean;
  readonly followCluster?: boolean;
  readonly maxRedirections?: number;
  /** Sentinels only. */
  readonly minOtherSentinels?: number;
  readonly maxMultiplexed?: number;
  readonly trackLeases?: boolean;
  readonly callSites?: boolean;
  readonly errorArguments?: boolean;
  readonly clientName?: string;
  readonly libName?: string;
  readonly retryOnTimeout?: boolean;
  readonly retryOnError?: readonly string[];
  /** The client has an observer. */
  readonly observer?: boolean;
  readonly queue?: "lifo" | "fifo";
  readonly closeGrace?: number;
  readonly retry?: { readonly attempts: number; readonly backoff: string; readonly unsafe: boolean } | false;
  readonly reconnect?: { readonly backoff: string; readonly attempts?: number };
  readonly offlineQueue?: false | { readonly maxCommands: number };
  readonly sendQueue?: { readonly maxCommands?: number; readonly maxBytes?: number };
  readonly cache?: false | {
    readonly mode: "tracking" | "broadcast";
    readonly ttl: number;
    readonly maxEntries: number;
  };
}

/** A client. */
export interface ClientPlan {
  readonly options: OptionsPlan;
  /** Uses the pool of the earlier client with this number. */
  readonly shares?: number;
  /** The kind of its pool, where it makes one beside the client; absent: the client makes its own. */
  readonly pool?: "refusing" | "waiting";
  /** Sentinels only: it knows no sentinels, and connects to a host name that leads to the master. */
  readonly named?: boolean;
}

/** A command whose number distinguishes its effect from all others. */
export interface Part {
  readonly id: number;
  readonly verb:
    | "set"
    | "setpx"
    | "append"
    | "incr"
    | "push"
    | "del"
    | "get"
    | "range"
    | "list"
    | "publish"
    | "spublish"
    | "xadd";
  readonly key: string;
  /** The way in which the server runs it: a script, or a function of a library. Absent: it is a direct command. */
  readonly via?: "script" | "function";
  /** More characters than the number needs. */
  readonly size?: number;
  /** Milliseconds, of `setpx`. */
  readonly ttl?: number;
}

/** The limits that a caller adds to a call. */
export interface Limits {
  readonly timeout?: number;
  /** The milliseconds after which the call is aborted. */
  readonly abort?: number;
}

/** A consumer of a group of a stream, which acknowledges all that it gets. Times are milliseconds. */
export interface Consume {
  readonly do: "consume";
  readonly id: number;
  readonly stream: string;
  readonly consumer: string;
  /** With a function for each message; otherwise as an iterator. */
  readonly handler: boolean;
  readonly count: number;
  readonly block: number;
  /** The milliseconds for which a message is processed. */
  readonly work: number;
  /** Claims messages that were idle for these milliseconds, and leaves every fifth one unacknowledged the first time. */
  readonly claim?: number;
  /** Ends after so long. */
  readonly until?: number;
}

/** An action of a program. */
export type Action =
  & { readonly client: number }
  & (
    | ({
      readonly do: "call";
      readonly part: Part;
      /** Replicas that must acknowledge it. */
      readonly replicas?: number;
      /** The number of a GET of the same key, called as soon as it has resolved. */
      readonly read?: number;
    } & Limits)
    /** A write with `once()`, and its outcome until a server has reported it. */
    | ({ readonly do: "once"; readonly part: Part } & Limits)
    | ({ readonly do: "pipeline" | "multi"; readonly parts: readonly Part[] } & Limits)
    | ({
      readonly do: "watch";
      readonly key: string;
      readonly part: Part;
      readonly pause: number;
      /** The number of a GET of the same key, called as soon as it has resolved. */
      readonly read?: number;
    } & Limits)
    | ({ readonly do: "pop"; readonly id: number; readonly key: string; readonly wait: number } & Limits)
    | ({ readonly do: "lease"; readonly parts: readonly Part[]; readonly hold: number } & Limits)
    | ({
      readonly do: "subscribe";
      readonly id: number;
      readonly channels: readonly string[];
      readonly iterate: boolean;
      /** The channels are sharded. */
      readonly sharded?: boolean;
      /** The only channel is a pattern of channels. */
      readonly pattern?: boolean;
      /** The milliseconds after which it ends. */
      readonly until?: number;
    })
    | Consume
    | { readonly do: "connect" }
    | { readonly do: "close" }
  );

/** A fault of one of several servers. `which`: the index among the possible servers, modulo their number. */
export type TopologyFault =
  /** A replica takes the place of its master; `loss`: at once, without what has not arrived. */
  | { readonly fault: "failover"; readonly which: number; readonly loss: boolean }
  /** A server crashes, and is back with its data. */
  | { readonly fault: "crash"; readonly which: number; readonly ms: number }
  /** A server and the others do not reach each other; clients reach all. */
  | { readonly fault: "partition"; readonly which: number; readonly ms: number }
  /** A server's process stops: it is unreachable, and its connections are silent. */
  | { readonly fault: "pause"; readonly which: number; readonly ms: number }
  /** The slot of a tag moves to another master, key by key, within these milliseconds. */
  | { readonly fault: "migrate"; readonly tag: string; readonly which: number; readonly ms: number }
  /** A replica moves to another master. */
  | { readonly fault: "moveReplica"; readonly which: number }
  /** The host names lead to another server for these milliseconds. */
  | { readonly fault: "flip"; readonly which: number; readonly ms: number }
  /** The slots of all tags move to one master at once. */
  | { readonly fault: "reshard"; readonly which: number };

/** A fault. `which`: the index among the open connections, modulo their number. */
export type Fault =
  | TopologyFault
  | { readonly fault: "cut"; readonly which: number; readonly toServer: boolean; readonly bytes: number }
  | { readonly fault: "freeze"; readonly which: number; readonly ms: number }
  | { readonly fault: "freezeAll"; readonly ms: number }
  | { readonly fault: "halfOpen"; readonly which: number; readonly serverKeeps: boolean }
  | { readonly fault: "stall"; readonly which: number; readonly bytes: number; readonly ms: number }
  | { readonly fault: "slowReader"; readonly which: number; readonly ms: number }
  | { readonly fault: "kill"; readonly which: number }
  | { readonly fault: "refuse"; readonly ms: number }
  | { readonly fault: "hang"; readonly ms: number }
  | { readonly fault: "restart"; readonly keep: boolean; readonly down: number; readonly loading: number }
  | {
    readonly fault: "window";
    readonly code: "LOADING" | "BUSY" | "READONLY" | "OOM";
    readonly ms: number;
    readonly which?: number;
  }
  | { readonly fault: "maxclients"; readonly limit: number; readonly ms: number }
  | { readonly fault: "sleep"; readonly ms: number }
  /** The date of all clients changes by these milliseconds; monotonic time does not. */
  | { readonly fault: "date"; readonly ms: number }
  /** All servers forget their scripts. */
  | { readonly fault: "forget" }
  /** All servers lose their data, and keep their connections. */
  | { readonly fault: "flush" }
  /** Breaks a promise by itself, to see that it is noticed; never drawn. */
  | { readonly fault: "lie" };

/** An event, in milliseconds from the beginning. */
export type Step = { readonly at: number } & (Action | Fault);

/** Names of topologies. */
export type TopologyName = "standalone" | "sentinel" | "cluster";

/** The servers of a topology. Times are milliseconds. */
export interface ServersPlan {
  readonly masters: number;
  /** The number of replicas of each master. */
  readonly replicas: number;
  /** Until a write arrives at replicas; 0: before its reply. */
  readonly lag: number;
  /** The delay after which servers, or sentinels, learn of changes. */
  readonly gossip: number;
  /**
   * Clients know host names: of the master, of a sentinel or of a node of the cluster. They follow to another server after
   * this delay. Absent: clients know addresses.
   */
  readonly nameDelay?: number;
}

/** The database, the prefixes and the password of a world. */
export interface SpacePlan {
  readonly db?: number;
  readonly keyPrefix?: string;
  readonly channelPrefix?: string;
  /** The password of the default user; servers have it from the beginning. */
  readonly password?: string;
}

/** A world. */
export interface Scenario {
  readonly seed: number;
  readonly topology: TopologyName;
  /** Clusters and sentinels only. */
  readonly servers?: ServersPlan;
  /** Milliseconds during which steps happen; what follows is the way back to order. */
  readonly duration: number;
  readonly network: NetworkPlan;
  /** The options of all clients, which share their keys. */
  readonly space?: SpacePlan;
  readonly clients: readonly ClientPlan[];
  /** Steps at the same time begin in one turn of the event loop. Default: false. */
  readonly together?: boolean;
  readonly steps: readonly Step[];
}

/** Whether a step is something that goes wrong. */
export function isFault(step: Step): step is { readonly at: number } & Fault {
  return "fault" in step;
}
