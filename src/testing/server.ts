/**
 * A Redis server in the process. The parts of the folder, and their extension points:
 *
 * 1. **Commands**: `commands/`, one file a group: an object from names to handlers `(session, args) => reply`, listed
 *   in `commands/mod.ts`. Their arity, flags, keys and categories are in `table/command_rows.ts`, recorded from real
 *   servers; `registry.ts` joins the two. Handlers return values (`reply.ts`) or throw an `ErrorReply`.
 * 2. **Dispatch**: `dispatch.ts`. Faults plug into `state.hooks` (`state.ts`): `before` a command, `after` it and
 *   before its reply, `bytesIn` and `bytesOut` of a connection, `route` for a cluster.
 * 3. **Keyspace**: `database.ts`. Every change of a value goes through `write`, `set`, `delete` or `expire`;
 *   `journal` gets each entry as it was before its first change, for snapshots. `keyspace.ts` has the effects of a
 *   change: `changed`, `notify`, `remove`, `created`.
 * 4. **Replication**: `replication.ts`. The offset counts the bytes of effects; `followers` get each effect, WAIT
 *   counts `replicas`. A handler sets `session.effects = [...]` if the command itself must not be replicated.
 * 5. **Scripts**: `scripting/`. `scripting.ts` has the scripts of a server and runs them, `sandbox.ts` creates a Lua
 *   state, `script_run.ts` runs the commands of a script, on a session of `state.open(undefined)`. The first command
 *   that needs the engine loads it and waits (`pause.ts`).
 * 6. **Blocking**: `blocking.ts`. A handler passes a `Waiter` to `state.blocking` and returns `BLOCKED`; `signal`
 *   wakes the clients that wait for a key, after the command.
 * 7. **Pub/sub and tracking**: `pubsub_hub.ts`, `tracking_hub.ts`.
 * 8. **Time**: `time.ts`. `state.now` is the time of the current command; `state.time.set` sets an alarm.
 *
 * @module
 */
import { systemClock, wallTime } from "../clock.ts";
import type { Transport } from "../transport.ts";
import { UserTable } from "./acl/user.ts";
import { BlockingHub } from "./blocking.ts";
import { GROUPS } from "./commands/mod.ts";
import { type ClientFilter, type ClientInfo, clientInfo, selects } from "./client_info.ts";
import { Config } from "./config.ts";
import { Connection } from "./connection.ts";
import { after, countError } from "./dispatch.ts";
import { ExecutedLog } from "./executed_log.ts";
import { Faults } from "./faults/faults.ts";
import { InProcessTransport } from "./in_process.ts";
import { enableExpiry } from "./keyspace.ts";
import type { Listener, Listening, ListenOptions } from "./listener.ts";
import { makeRoom } from "./memory_limit.ts";
import type { TestServerOptions } from "./options.ts";
import { PubSubHub } from "./pubsub_hub.ts";
import { type CommandGroup, listCommands, makeCommands } from "./registry.ts";
import { dumpDatabase, type DumpedValue, dumpExpiry, type DumpOptions } from "./dump.ts";
import { ErrorReply } from "./reply.ts";
import { type Snapshot, Snapshots } from "./snapshot.ts";
import { Replication } from "./replication.ts";
import { ServerState, type Session } from "./state.ts";
import { Scripting } from "./scripting/scripting.ts";
import { ServerTime } from "./time.ts";
import { slowLogOf } from "./slow_log.ts";
import { TrackingHub } from "./tracking_hub.ts";
import { hashPassword } from "./acl/sha256.ts";

function hexadecimal(random: () => number): string {
  let text = "";
  while (text.length < 40) text += Math.floor(random() * 16).toString(16);
  return text;
}

/** The parts of a server that it shares with others of a topology, or has in addition. */
export interface ServerParts {
  /** The time of the whole topology; it is stopped by the topology. */
  readonly time?: ServerTime;
  /** All groups of commands, later ones before earlier ones; the same array for all servers of a kind. Default: `GROUPS`. */
  readonly groups?: readonly CommandGroup[];
  /** The address for clients in this process: `127.0.0.1:7000`. */
  readonly address?: string;
  /** Returns the reason for refusing connections; `undefined` accepts them. */
  readonly refuse?: () => string | undefined;
}

/** The server's own time. */
export function createTime(options: TestServerOptions): ServerTime {
  const clock = options.clock ?? systemClock;
  const epoch = options.epoch ??
    (options.clock === undefined ? wallTime() : 1_700_000_000_000);
  return new ServerTime(clock, epoch);
}

/** Milliseconds between two tries to evict tracked keys, if no command comes before. */
const EVICTION_INTERVAL = 100;

function evictTrackedKeys(state: ServerState): void {
  state.time.set(state.time.now() + EVICTION_INTERVAL, () => {
    if (state.tracking.evict()) evictTrackedKeys(state);
  });
}

/** Sets the password of the default user; without one, every password is right. */
function setDefaultPassword({ users }: ServerState, password: string): void {
  const user = users.defaultUser;
  user.noPassword = password === "";
  user.passwords = password === "" ? [] : [hashPassword(password)];
}

/** The parts of a server; what tests of this folder use, and what topologies are built of. */
export function createState(options: TestServerOptions, parts: ServerParts = {}): ServerState {
  const time = parts.time ?? createTime(options);
  const random = (): number => time.random();
  const state = new ServerState({
    time,
    config: new Config(options.databases ?? 16),
    users: new UserTable(),
    commands: makeCommands(parts.groups ?? GROUPS),
    pubsub: new PubSubHub(),
    tracking: new TrackingHub(),
    blocking: new BlockingHub(),
    replication: new Replication(hexadecimal(random)),
    executed: new ExecutedLog(options.logLimit ?? 10_000),
    runId: hexadecimal(random),
  });
  state.scripting = new Scripting(state, options.lua ?? (() => Promise.reject(new TypeError("no loader"))));
  state.tracking.find = (id) => state.sessions.get(id);
  state.tracking.current = () => state.current;
  state.tracking.limit = state.config.number("tracking-table-max-keys");
  state.blocking.idle = () => state.tracking.flushBroadcasts();
  state.tracking.onFull = () => evictTrackedKeys(state);
  state.blocking.as = (waiting, run) => {
    const session = waiting as Session;
    const before = state.current;
    state.current = session;
    const { dirty } = state;
    try {
      const reply = run();
      if (reply instanceof ErrorReply) {
        countError(state, reply);
        if (session.lastCommand !== undefined) session.lastCommand.stats.failed++;
      }
      return reply;
    } finally {
      const effects = session.effects;
      session.effects = undefined;
      if (state.dirty !== dirty) {
        for (const effect of effects ?? []) state.replication.append(session.db.index, effect);
      }
      state.current = before;
    }
  };
  enableExpiry(state);
  const readTiming = (): void => void (state.timing = slowLogOf(state).configure(state.config));
  readTiming();
  const readMinimum = (): void => {
    const active = state.config.number("min-replicas-max-lag") > 0;
    state.minReplicas = active ? state.config.number("min-replicas-to-write") : 0;
  };
  state.config.onSet = (name, value) => {
    if (name.startsWith("slowlog-") || name.startsWith("latency-")) readTiming();
    if (name.startsWith("min-")) readMinimum();
    if (name.startsWith("maxmemory")) makeRoom(state);
    if (name === "requirepass") setDefaultPassword(state, value);
    if (name === "tracking-table-max-keys") state.tracking.limit = state.config.number(name);
  };
  if (options.password !== undefined) state.config.set("requirepass", options.password);
  for (const [name, value] of Object.entries(options.config ?? {})) {
    const wrong = state.config.refusal(name, value);
    if (wrong !== undefined) throw new TypeError(`Cannot start the test server: config '${name}': ${wrong}`);
    state.config.set(name, value);
  }
  return state;
}

/** The parts of a server: for topologies. */
export let stateOf: (server: TestServerBase) => ServerState;

/** A server in this process, without a way to listen; the entry point `testing` adds one. */
export class TestServerBase implements AsyncDisposable {
  readonly #state: ServerState;
  readonly #listener: Listener | undefined;
  readonly #transport: InProcessTransport;
  readonly #listening: Set<Listening> = new Set();
  readonly #faults: Faults;
  readonly #snapshots: Snapshots;
  #url: string | undefined;
  #closed = false;
  readonly #ownTime: boolean;
  readonly #refuse: () => string | undefined;

  static {
    stateOf = (server) => server.#state;
  }

  /** The names of all commands that it has, in capitals, subcommands behind a space. */
  static get commands(): readonly string[] {
    return listCommands(makeCommands(GROUPS));
  }

  /**
   * Starts a server; nothing has to be awaited.
   *
   * @throws {TypeError} for a `config` that Redis refuses.
   */
  constructor(options: TestServerOptions = {}, listener?: Listener, parts: ServerParts = {}) {
    this.#state = createState(options, parts);
    this.#ownTime = parts.time === undefined;
    this.#listener = listener;
    this.#transport = new InProcessTransport(this.#state, options.clock === undefined, parts.address);
    this.#faults = new Faults(this.#state);
    this.#snapshots = new Snapshots(this.#state, this.#ownTime);
    this.#refuse = () => this.#closed ? "it is closed" : parts.refuse?.() ?? this.#faults.refusal();
    this.#transport.refuse = this.#refuse;
  }

  /** The transport for clients in this process: `new Redis({ transport: server.transport })`. */
  get transport(): Transport {
    return this.#transport;
  }

  /** The URL of the last address that it listens on.
   *
   * @throws {TypeError} before `listen()`. */
  get url(): string {
    if (this.#url === undefined) {
      throw new TypeError(
        "The test server has no URL: it does not listen. Call listen() first, or use its transport",
      );
    }
    return this.#url;
  }

  /** The commands that were executed, in order. */
  get executed(): ExecutedLog {
    return this.#state.executed;
  }

  /** The faults of this server: `server.faults.loseReply("INCR")`. */
  get faults(): Faults {
    return this.#faults;
  }

  /** The clients that are connected. */
  get clients(): ClientInfo[] {
    return [...this.#state.sessions.values()].map(clientInfo);
  }

  /** Ends the connections of clients at once, all by default; replies that wait are lost. Returns how many it ended. */
  kill(filter?: ClientFilter): number {
    const found = [...this.#state.sessions.values()].filter((one) => selects(filter, one));
    for (const session of found) session.link?.close(true);
    return found.length;
  }

  /**
   * Remembers data, parameters, users, the log and the time as they are now; costs a few microseconds. Connections and
   * subscriptions are no part of it.
   */
  snapshot(): Snapshot {
    return this.#snapshots.take();
  }

  /**
   * Restores a snapshot. Takes as long as the changes since. Later snapshots become invalid. Clients that watch,
   * cache or wait for a changed key are notified.
   *
   * @throws {TypeError} for a snapshot of another server, or an invalid one.
   */
  restore(snapshot: Snapshot): void {
    this.#snapshots.restore(snapshot);
  }

  /** All keys of a database with their values as plain data: `assert.deepEqual(server.dump(), { greeting: "hello" })`.
   *
   * @throws {TypeError} where there is no such database. */
  dump({ db = 0 }: DumpOptions = {}): Record<string, DumpedValue> {
    return dumpDatabase(this.#state, db);
  }

  /**
   * Returns the remaining times to live in milliseconds, for keys that expire.
   *
   * @throws {TypeError} if the database does not exist.
   */
  dumpExpiry({ db = 0 }: DumpOptions = {}): Record<string, number> {
    return dumpExpiry(this.#state, db);
  }

  /** The server's time, in milliseconds since 1970. */
  get now(): number {
    return this.#state.time.now();
  }

  /**
   * Listens on a TCP port or a Unix socket.
   *
   * @throws {TypeError} when the server is closed, or no listener is there.
   * @throws the runtime's error when the address cannot be used.
   */
  async listen(options: ListenOptions = {}): Promise<{ readonly url: string }> {
    if (this.#closed) throw new TypeError("Cannot listen: the test server is closed");
    if (this.#listener === undefined) throw new TypeError("Cannot listen: there is no listener");
    const listening = await this.#listener(options, (socket) => {
      if (this.#refuse() !== undefined) return undefined;
      const connection = new Connection(this.#state, socket);
      return { data: (bytes) => connection.receive(bytes), end: () => connection.ended() };
    });
    this.#listening.add(listening);
    const { host, port, path } = listening;
    if (path === undefined) this.#state.config.set("port", String(port));
    this.#url = path !== undefined
      ? `unix:${path}`
      : `redis://${host.includes(":") ? `[${host}]` : host}:${port}`;
    return { url: this.#url };
  }

  /** Moves the server's time forward: keys expire and blocked clients time out in order, without waiting. */
  advance(ms: number): void {
    this.#state.time.advance(ms);
    this.#state.now = this.#state.time.now();
    after(this.#state);
  }

  /** Ends all connections and stops to listen. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#state.sessions.values()]) session.link?.close();
    if (this.#ownTime) this.#state.time.stop();
    this.#state.scripting.close();
    await Promise.all([...this.#listening].map((one) => one.close()));
    this.#listening.clear();
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
