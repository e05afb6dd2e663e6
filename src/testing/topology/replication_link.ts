/**
 * A replica that follows its master.
 *
 * @module
 */
import { cloneEntry } from "../database.ts";
import { after, call, lookup } from "../dispatch.ts";
import { changedOutside, flush } from "../keyspace.ts";
import type { AttachedReplica, Effect, Follower } from "../replication.ts";
import { ErrorReply } from "../reply.ts";
import type { ServerState } from "../state.ts";
import type { Alarm } from "../time.ts";
import type { Host } from "./network.ts";

/** A server that can replicate. */
export interface ReplicationEnd {
  /** The address. */
  readonly address: Pick<Host, "host" | "port">;
  /** Its state. */
  readonly state: ServerState;
}

/** The way of effects from a master to one replica. */
export class ReplicationLink {
  /** The master. */
  readonly master: ReplicationEnd;
  /** The replica. */
  readonly replica: ReplicationEnd;
  readonly #skips: ReadonlySet<string>;
  readonly #queue: { readonly effect: Effect; readonly at: number }[] = [];
  readonly #attached: AttachedReplica;
  readonly #follow: Follower = (effect) => this.#arrives(effect);
  #lag = 0;
  #up = false;
  #alarm: Alarm | undefined;

  /** A link that is down; `skips` are commands that do not come this way. */
  constructor(master: ReplicationEnd, replica: ReplicationEnd, skips: ReadonlySet<string>) {
    this.master = master;
    this.replica = replica;
    this.#skips = skips;
    this.#attached = {
      get host() {
        return replica.address.host;
      },
      get port() {
        return replica.address.port;
      },
      get offset() {
        return replica.state.replication.offset;
      },
    };
  }

  /** Whether it is connected. */
  get up(): boolean {
    return this.#up;
  }

  /** Milliseconds until an effect arrives; `Infinity`: none does until it is lowered. */
  get lag(): number {
    return this.#lag;
  }

  set lag(ms: number) {
    if (!(ms >= 0)) throw new TypeError(`Cannot set the replication lag: ${ms} is no number of milliseconds`);
    this.#lag = ms;
    const latest = this.#now() + ms;
    this.#queue.forEach(({ effect, at }, index) => {
      this.#queue[index] = { effect, at: at === Infinity ? latest : Math.min(at, latest) };
    });
    this.#pump();
  }

  /** The bytes that have not arrived. */
  get behind(): number {
    return this.master.state.replication.offset - this.replica.state.replication.offset;
  }

  /** Connects: the replica gets a copy of everything. */
  connect(): void {
    if (this.#up) return;
    this.#up = true;
    const { master: { state: from }, replica: { state: to } } = this;
    to.now = to.time.now();
    to.expires = false;
    const changed = from.replication.id !== to.replication.id ||
      from.replication.offset !== to.replication.offset;
    if (changed) copyData(from, to);
    to.replication.id = from.replication.id;
    to.replication.offset = from.replication.offset;
    to.replication.linked = true;
    from.replication.followers.add(this.#follow);
    from.replication.replicas.add(this.#attached);
    from.replication.counts = true;
    for (const look of [...from.replication.onAcknowledged]) look();
  }

  /** Disconnects. Data in flight is lost. */
  disconnect(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#queue.length = 0;
    this.replica.state.time.cancel(this.#alarm);
    this.replica.state.replication.linked = false;
    this.master.state.replication.followers.delete(this.#follow);
    this.master.state.replication.replicas.delete(this.#attached);
  }

  /** Returns a function that connects or disconnects it as it is now, with the same effects on their way. */
  remember(): () => void {
    const [up, lag, queue] = [this.#up, this.#lag, [...this.#queue]];
    return () => {
      this.disconnect();
      this.#lag = lag;
      this.#up = up;
      if (!up) return;
      this.#queue.push(...queue);
      const { replication } = this.master.state;
      replication.followers.add(this.#follow);
      replication.replicas.add(this.#attached);
      this.replica.state.replication.linked = true;
      this.#pump();
    };
  }

  /** Lets everything arrive now. */
  drain(): void {
    const { lag } = this;
    this.lag = 0;
    this.#lag = lag;
  }

  #now(): number {
    return this.replica.state.time.now();
  }

  #arrives(effect: Effect): void {
    this.#queue.push({ effect, at: this.#now() + this.#lag });
    this.#pump();
  }

  #pump(): void {
    const { state } = this.replica;
    const now = this.#now();
    let applied = false;
    while (this.#queue.length > 0 && this.#queue[0]!.at <= now) {
      this.#apply(this.#queue.shift()!.effect);
      applied = true;
    }
    const at = this.#queue[0]?.at ?? Infinity;
    if (at !== Infinity && (this.#alarm === undefined || this.#alarm.done || this.#alarm.at !== at)) {
      state.time.cancel(this.#alarm);
      this.#alarm = state.time.set(at, () => this.#pump());
    }
    if (!applied) return;
    after(state);
    for (const look of [...this.master.state.replication.onAcknowledged]) look();
  }

  #apply({ db, args, offset, entry }: Effect): void {
    const { state } = this.replica;
    state.now = this.#now();
    const command = lookup(state, args);
    if (entry !== undefined) {
      state.databases[db]!.put(args[1]!, cloneEntry(entry));
      changedOutside(state, state.databases[db]!, args[1]!);
    } else if (!(command instanceof ErrorReply) && !this.#skips.has(command.name)) {
      const session = state.open(undefined);
      session.db = state.databases[db]!;
      session.noBlock = true;
      const { current } = state;
      state.current = session;
      state.executed.muted = true;
      try {
        call(session, command, [...args]);
      } finally {
        state.executed.muted = false;
        state.current = current;
      }
    }
    state.replication.offset = offset;
  }
}

/** Gives a replica that becomes a master a history of its own. */
export function renewReplicationId({ replication, time }: ServerState): void {
  let id = "";
  while (id.length < 40) id += Math.floor(time.random() * 16).toString(16);
  replication.id = id;
}

/** Replaces all data of a server by a copy of another's. */
function copyData(from: ServerState, to: ServerState): void {
  flush(to, to.databases);
  from.databases.forEach((source, index) => {
    const target = to.databases[index]!;
    for (const { key, value } of source.keys.nodes()) {
      target.put(key, cloneEntry(value));
      changedOutside(to, target, key);
    }
  });
  after(to);
}
