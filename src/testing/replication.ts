/**
 * The replication log: the effects of commands, in order, counted in bytes as replicas count them.
 *
 * @module
 */

/** One effect. */
export interface Effect {
  /** The number of the database. */
  readonly db: number;
  /** The words of the command. */
  readonly args: readonly string[];
  /** The offset behind it. */
  readonly offset: number;
}

/** Whoever follows the log. */
export interface Follower {
  /** An effect was added. */
  (effect: Effect): void;
}

/** Offsets and followers. */
export class Replication {
  /** 40 hexadecimal digits. */
  id: string;
  /** Bytes of all effects so far. */
  offset = 0;
  /** `host:port` of the master, on a replica. */
  master: { readonly host: string; readonly port: number } | undefined;
  /** The offsets that replicas have acknowledged; functions, as they may lag. */
  readonly acknowledged: Set<() => number> = new Set();
  /** Who follows. */
  readonly followers: Set<Follower> = new Set();
  /** Called when a replica acknowledged more: WAIT looks again. */
  readonly onAcknowledged: Set<() => void> = new Set();

  /** Begins at 0. */
  constructor(id: string) {
    this.id = id;
  }

  /** Adds an effect. */
  append(db: number, args: readonly string[]): void {
    let size = 3 + String(args.length).length;
    for (const arg of args) size += 5 + String(arg.length).length + arg.length;
    this.offset += size;
    if (this.followers.size === 0) return;
    const effect = { db, args, offset: this.offset };
    for (const follow of this.followers) follow(effect);
  }

  /** How many replicas have acknowledged an offset. */
  countAt(offset: number): number {
    let count = 0;
    for (const acknowledged of this.acknowledged) if (acknowledged() >= offset) count++;
    return count;
  }
}
