/**
 * The replication log: the effects of commands, in order, counted in bytes as replicas count them.
 *
 * @module
 */
import { cloneEntry, type Entry } from "./database.ts";

/** The sizes of MULTI and EXEC, which replicas get around several effects. */
const [MULTI, EXEC] = [15, 14];

function sizeOf(args: readonly string[]): number {
  let size = 3 + String(args.length).length;
  for (const arg of args) size += 5 + String(arg.length).length + arg.length;
  return size;
}

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

/** A follower of the log. */
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
  /** Whether a replica has ever been there: until then a server does not count for others. */
  counts = false;
  /** `host:port` of the master, on a replica. */
  master: { readonly host: string; readonly port: number } | undefined;
  /** Whether the link to the master is up, on a replica. */
  linked = false;
  /** The replicas that are linked, with the offsets that they have acknowledged. */
  readonly replicas: Set<AttachedReplica> = new Set();
  /** The followers. */
  readonly followers: Set<Follower> = new Set();
  /** Called when a replica acknowledged more: WAIT looks again. */
  readonly onAcknowledged: Set<() => void> = new Set();

  /** Begins at 0. */
  constructor(id: string) {
    this.id = id;
  }

  /** Whether effects are not replicated, at the request of a script. */
  silent = false;
  /** Effects of the command that is being done, and their number; -1 outside of one. */
  readonly #unit: Omit<Effect, "offset">[] = [];
  #count = -1;

  /** Adds an effect. */
  append(db: number, args: readonly string[], entry?: Entry): void {
    if (this.silent) return;
    const alone = this.#count < 0;
    if (!alone) this.#count++;
    if (this.followers.size === 0) {
      this.offset += sizeOf(args);
      return;
    }
    const effect = { db, args, entry: entry && cloneEntry(entry) };
    if (alone) this.#send(effect, sizeOf(args));
    else this.#unit.push(effect);
  }

  #send(effect: Omit<Effect, "offset">, size: number): void {
    this.offset += size;
    const sent = { ...effect, offset: this.offset };
    for (const follow of this.followers) follow(sent);
  }

  /** Begins the effects of one command of a client. */
  begin(): void {
    this.#count = 0;
  }

  /** Ends the effects of one command of a client: several are a transaction. */
  end(): void {
    const count = this.#count;
    this.#count = -1;
    if (count <= 0) return;
    const unit = this.#unit.splice(0);
    if (unit.length === 0) {
      if (count > 1) this.offset += MULTI + EXEC;
      return;
    }
    unit.forEach((effect, index) => {
      const first = count > 1 && index === 0 ? MULTI : 0;
      const last = count > 1 && index === unit.length - 1 ? EXEC : 0;
      this.#send(effect, first + sizeOf(effect.args) + last);
    });
  }

  /** The offset that INFO and ROLE show. */
  get shownOffset(): number {
    return this.counts || this.master !== undefined ? this.offset : 0;
  }

  /** Returns the number of replicas that have acknowledged an offset. */
  countAt(offset: number): number {
    let count = 0;
    for (const replica of this.replicas) if (replica.offset >= offset) count++;
    return count;
  }
}
