/**
 * Snapshots: changed entries are recorded as they were, so taking and restoring cost as much as the changes.
 *
 * @module
 */
import type { User } from "./acl/user.ts";
import type { Entry } from "./database.ts";
import { after } from "./dispatch.ts";
import { changedOutside } from "./keyspace.ts";
import type { ServerState } from "./state.ts";

/** The data, parameters, users and time of a server at some moment. */
export interface Snapshot extends Disposable {
  /** The server's time when it was taken, in milliseconds since 1970. */
  readonly takenAt: number;
  /** Forgets it: changes are no longer remembered for it. */
  discard(): void;
}

/** The changes between a snapshot and the next one. */
class Layer implements Snapshot {
  readonly takenAt: number;
  readonly keys: Map<string, Entry | undefined>[];
  readonly parameters: Map<string, string> = new Map();
  readonly users: Map<string, User>;
  readonly offset: number;
  readonly executed: number;
  readonly #discard: (layer: Layer) => void;

  constructor(state: ServerState, discard: (layer: Layer) => void) {
    this.takenAt = state.time.now();
    this.keys = state.databases.map(() => new Map());
    this.users = new Map([...state.users.byName].map(([name, user]) => [name, user.clone()]));
    this.offset = state.time.offset;
    this.executed = state.executed.total;
    this.#discard = discard;
  }

  discard(): void {
    this.#discard(this);
  }

  [Symbol.dispose](): void {
    this.#discard(this);
  }
}

/** The snapshots of a server, the earliest first. */
export class Snapshots {
  readonly #state: ServerState;
  readonly #ownTime: boolean;
  readonly #layers: Layer[] = [];

  /** `ownTime`: the time is the server's alone, and goes back as well. */
  constructor(state: ServerState, ownTime: boolean) {
    this.#state = state;
    this.#ownTime = ownTime;
  }

  /** Takes one. */
  take(): Snapshot {
    const layer = new Layer(this.#state, (one) => this.#discard(one));
    this.#layers.push(layer);
    this.#record();
    return layer;
  }

  /** Goes back to one, which can be restored again; those taken later are gone.
   *
   * @throws {TypeError} for a snapshot of another server, or one that is gone. */
  restore(snapshot: Snapshot): void {
    const index = this.#layers.indexOf(snapshot as Layer);
    if (index < 0) {
      throw new TypeError(
        "Cannot restore the snapshot: it is of another server, was discarded, or an earlier one was restored",
      );
    }
    const state = this.#state;
    const changed = state.databases.map(() => new Set<string>());
    if (this.#ownTime) state.time.offset = this.#layers[index]!.offset;
    state.now = state.time.now();
    state.config.journal = undefined;
    for (const db of state.databases) db.journal = undefined;
    for (const layer of this.#layers.splice(index).reverse()) {
      layer.keys.forEach((keys, number) => {
        for (const [key, entry] of keys) {
          state.databases[number]!.put(key, entry);
          changed[number]!.add(key);
        }
      });
      for (const [name, value] of layer.parameters) state.config.set(name, value);
    }
    const kept = snapshot as Layer;
    restoreUsers(state, kept.users);
    state.executed.truncate(kept.executed);
    for (const keys of kept.keys) keys.clear();
    kept.parameters.clear();
    this.#layers.push(kept);
    this.#record();
    changed.forEach((keys, number) => {
      for (const key of keys) this.#announce(number, key);
    });
    after(state);
  }

  /** Clients, caches and replicas learn that a key is another one now. */
  #announce(number: number, key: string): void {
    const { databases, replication } = this.#state;
    const db = databases[number]!;
    changedOutside(this.#state, db, key);
    if (replication.followers.size === 0) return;
    const entry = db.keys.get(key);
    const effect = entry === undefined
      ? ["DEL", key]
      : ["RESTORE", key, String(entry.expireAt), "", "REPLACE"];
    replication.append(number, effect, entry);
  }

  /** Changes go into the last layer from now on. */
  #record(): void {
    const last = this.#layers.at(-1);
    this.#state.databases.forEach((db, number) => db.journal = last?.keys[number]);
    this.#state.config.journal = last?.parameters;
  }

  #discard(layer: Layer): void {
    const index = this.#layers.indexOf(layer);
    if (index < 0) return;
    this.#layers.splice(index, 1);
    const before = this.#layers[index - 1];
    if (before !== undefined) {
      layer.keys.forEach((keys, number) => addMissing(before.keys[number]!, keys));
      addMissing(before.parameters, layer.parameters);
    }
    this.#record();
  }
}

function addMissing<V>(to: Map<string, V>, from: ReadonlyMap<string, V>): void {
  for (const [key, value] of from) if (!to.has(key)) to.set(key, value);
}

/** Clients stay who they are: users are changed in place. */
function restoreUsers({ users }: ServerState, saved: ReadonlyMap<string, User>): void {
  for (const name of [...users.byName.keys()]) if (!saved.has(name)) users.byName.delete(name);
  for (const [name, user] of saved) {
    const there = users.byName.get(name);
    if (there === undefined) users.byName.set(name, user.clone());
    else Object.assign(there, user.clone());
  }
}
