/**
 * The replication log: the effects of commands, in order, counted in bytes as replicas count them.
 *
 * @module
 */
import { cloneEntry, type Entry } from "./database.ts";

/** One effect. */
export interface Effect {
  /** The number of the database. */
  readonly db: number;
  /** The words of the command. */
  readonly args: readonly string[];
  /** The offset behind it. */
  readonly offset: number;
  /** A key that another server has handed over as it is; `args` are RESTORE. */
  readonly entry: Entry | undefined;
}

/** Whoever follows the log. */
export interface Follower {
  /** An effect was added. */
  (effect: Effect): void;
}

/** A replica as its master knows it. */
export interface AttachedReplica {
  /** Its host. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** The offset that it has acknowledged. */
  readonly offset: number;
}

/** Offsets and followers. */
export class Replication {
  /** 40 hexadecimal digits. */
  id: string;
  /** Bytes of all effects so far. */
  offset = 0;
  /** `host:port` of the master, on a replica. */
  master: { readonly host: string; readonly port: number } | undefined;
  /** Whether the link to the master is up, on a replica. */
  linked = false;
  /** The replicas that are linked, with the offsets that they have acknowledged. */
  readonly replicas: Set<AttachedReplica> = new Set();
  /** Who follows. */
  readonly followers: Set<Follower> = new Set();
  /** Called when a replica acknowledged more: WAIT looks again. */
  readonly onAcknowledged: Set<() => void> = new Set();

  /** Begins at 0. */
  constructor(id: string) {
    this.id = id;
  }

  /** Adds an effect. */
  append(db: number, args: readonly string[], entry?: Entry): void {
    let size = 3 + String(args.length).length;
    for (const arg of args) size += 5 + String(arg.length).length + arg.length;
    this.offset += size;
    if (this.followers.size === 0) return;
    const effect = { db, args, offset: this.offset, entry: entry && cloneEntry(entry) };
    for (const follow of this.followers) follow(effect);
  }

  /** How many replicas have acknowledged an offset. */
  countAt(offset: number): number {
    let count = 0;
    for (const replica of this.replicas) if (replica.offset >= offset) count++;
    return count;
  }
}
