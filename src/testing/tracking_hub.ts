/**
 * Client tracking: the clients that have read each key, and their invalidations.
 *
 * @module
 */
import { Push, Raw, type ReplyValue } from "./reply.ts";

/** The tracking options of a client. */
export interface TrackingMode {
  /** Changes of all keys with one of the prefixes, read or not. */
  readonly broadcast: boolean;
  /** The prefixes; an empty one for all keys. */
  readonly prefixes: readonly string[];
  /** Whether only reads after CLIENT CACHING YES are tracked. */
  readonly optIn: boolean;
  /** Whether reads after CLIENT CACHING NO are not tracked. */
  readonly optOut: boolean;
  /** Whether the client's own changes are not reported. */
  readonly noLoop: boolean;
  /** The CLIENT ID that receives invalidations; 0 for the client itself. */
  readonly redirect: number;
  /** CLIENT CACHING for the next command. */
  caching: boolean | undefined;
  /** Whether the receiving client has disconnected. */
  broken: boolean;
}

/** A tracking client: a session. */
export interface Tracker {
  /** CLIENT ID. */
  readonly id: number;
  /** 2 or 3. */
  readonly protocol: number;
  /** Its tracking options. */
  readonly tracking: TrackingMode | undefined;
  /** Whether it is subscribed to any channel, pattern or shard channel. */
  readonly subscribed: boolean;
  /** Whether it has gone. */
  readonly closed: boolean;
  /** Sends a message. */
  send(value: ReplyValue): void;
}

const CHANNEL = "__redis__:invalidate";

/** The keys and the clients that have read them. */
export class TrackingHub {
  readonly #readers: Map<string, Set<Tracker>> = new Map();
  readonly #broadcast: Set<Tracker> = new Set();
  /** Changed keys by broadcast prefix, each with the client that changed it last. */
  #changes: Map<string, Map<string, Tracker | undefined>> = new Map();
  /** Keys that the client of the current command has read before, each in a message of its own. */
  #pendingReads: (readonly [tracker: Tracker, key: string])[] = [];
  #most = 0;
  #efforts = 0;
  /** The client that has flushed all keys, if its invalidation is not sent yet. */
  #flushedBy: Tracker | undefined;
  /** All who track. */
  readonly trackers: Set<Tracker> = new Set();
  /** Finds a client by its id. */
  find: (id: number) => Tracker | undefined = () => undefined;
  /** The client of the current command, which gets its invalidations after the reply. */
  current: () => Tracker | undefined = () => undefined;

  /** The number of tracked keys. */
  get keys(): number {
    return this.#readers.size;
  }

  /** The number of entries, one for each key and client. */
  get items(): number {
    let items = 0;
    for (const readers of this.#readers.values()) items += readers.size;
    return items;
  }

  /** The number of broadcast prefixes. */
  get prefixes(): number {
    return this.#prefixes().size;
  }

  #prefixes(): Set<string> {
    return new Set([...this.#broadcast].flatMap((one) => one.tracking?.prefixes ?? []));
  }

  /** A client has begun to track, or tracks in another way. */
  start(tracker: Tracker): void {
    this.trackers.add(tracker);
    if (tracker.tracking?.broadcast) this.#broadcast.add(tracker);
    else this.#broadcast.delete(tracker);
  }

  /** A client has stopped. */
  stop(tracker: Tracker): void {
    this.trackers.delete(tracker);
    this.#broadcast.delete(tracker);
    if (this.#changes.size === 0) return;
    const prefixes = this.#prefixes();
    for (const prefix of this.#changes.keys()) if (!prefixes.has(prefix)) this.#changes.delete(prefix);
  }

  /** A client has read keys. */
  remember(tracker: Tracker, keys: readonly string[]): void {
    const full = this.full;
    for (const key of keys) {
      const readers = this.#readers.get(key);
      if (readers === undefined) this.#readers.set(key, new Set([tracker]));
      else readers.add(tracker);
    }
    if (!full && this.full) this.onFull();
  }

  /** The maximum number of keys; 0 for no limit. */
  set limit(most: number) {
    const full = this.full;
    this.#most = most;
    if (!full && this.full) this.onFull();
  }

  /** Whether there are more keys than the limit. */
  get full(): boolean {
    return this.#most > 0 && this.#readers.size > this.#most;
  }

  /** Called when there are more keys than the limit. */
  onFull: () => void = () => {};

  /** Evicts keys: 100, and 100 more each time that these were not enough. Returns whether there are still too many. */
  evict(): boolean {
    this.#efforts++;
    for (let left = 100 * this.#efforts; left > 0 && this.full; left--) {
      this.#invalidate(this.#readers.keys().next().value!, undefined);
    }
    if (!this.full) this.#efforts = 0;
    return this.full;
  }

  /** Called when a key was changed, by a client or otherwise. As in Redis, a script's changes are broadcast to its client. */
  changed(key: string, by: Tracker | undefined, script: Tracker | undefined = by): void {
    if (this.#broadcast.size > 0) {
      for (const tracker of this.#broadcast) {
        for (const prefix of tracker.tracking!.prefixes) {
          if (!key.startsWith(prefix)) continue;
          const keys = this.#changes.get(prefix);
          if (keys === undefined) this.#changes.set(prefix, new Map([[key, script]]));
          else keys.set(key, script);
        }
      }
    }
    if (this.#readers.size > 0) this.#invalidate(key, by);
  }

  /** Notifies all trackers that all keys were deleted. */
  flushed(): void {
    this.#readers.clear();
    for (const tracker of this.trackers) {
      if (tracker === this.current()) this.#flushedBy = tracker;
      else this.#tell(tracker, null);
    }
  }

  /** Sends delayed invalidations, after the reply of the command. */
  flush(): void {
    const flushedBy = this.#flushedBy;
    this.#flushedBy = undefined;
    if (flushedBy !== undefined) this.#tell(flushedBy, null);
    if (this.#pendingReads.length > 0) {
      for (const [tracker, key] of this.#pendingReads.splice(0)) this.#tell(tracker, [key]);
    }
  }

  /** Sends broadcasts, after all that a client has sent at once. */
  flushBroadcasts(): void {
    if (this.#changes.size === 0) return;
    const changes = this.#changes;
    this.#changes = new Map();
    // Each prefix has a message; prefixes and keys are in the order of their bytes.
    for (const prefix of [...changes.keys()].sort()) {
      const keys = [...changes.get(prefix)!].sort(([a], [b]) => a < b ? -1 : 1);
      for (const tracker of [...this.#broadcast]) {
        const { prefixes, noLoop } = tracker.tracking!;
        if (!prefixes.includes(prefix)) continue;
        const own = keys.filter(([, by]) => !noLoop || by !== tracker).map(([key]) => key);
        if (own.length > 0) this.#tell(tracker, own);
      }
    }
  }

  #invalidate(key: string, by: Tracker | undefined): void {
    const readers = this.#readers.get(key);
    if (readers === undefined) return;
    this.#readers.delete(key);
    for (const tracker of readers) {
      const mode = tracker.tracking;
      if (mode === undefined || mode.broadcast || tracker.closed) continue;
      if (mode.noLoop && tracker === by) continue;
      if (tracker === this.current()) this.#pendingReads.push([tracker, key]);
      else this.#tell(tracker, [key]);
    }
  }

  #tell(tracker: Tracker, keys: string[] | null): void {
    const mode = tracker.tracking;
    if (mode === undefined) return;
    let target: Tracker | undefined = tracker;
    if (mode.redirect !== 0) {
      target = this.find(mode.redirect);
      if (target === undefined || target.closed) {
        mode.broken = true;
        if (tracker.protocol === 3) tracker.send(new Push(["tracking-redir-broken", mode.redirect]));
        return;
      }
    }
    // As in Redis, a flush is a null of the protocol of the client that tracks.
    if (keys === null && target !== tracker) {
      const none = new Raw(tracker.protocol === 3 ? "_\r\n" : "$-1\r\n");
      if (target.protocol === 3) target.send(new Push(["invalidate", none]));
      else if (target.subscribed) target.send(new Push(["message", CHANNEL, none]));
    } else if (target.protocol === 3) target.send(new Push(["invalidate", keys]));
    else if (target.subscribed && mode.redirect !== 0) target.send(new Push(["message", CHANNEL, keys]));
  }
}
