/**
 * The state of a server: itself, its clients, its commands. Classes with few methods; other files have the behavior.
 *
 * @module
 */
import type { User, UserTable } from "./acl/user.ts";
import type { BlockingHub, Waiter } from "./blocking.ts";
import type { Config } from "./config.ts";
import { Database, type DatabaseHost } from "./database.ts";
import type { ExecutedLog } from "./executed_log.ts";
import type { KeySpec } from "./key_spec.ts";
import type { Link } from "./link.ts";
import type { PubSubHub } from "./pubsub_hub.ts";
import type { Replication } from "./replication.ts";
import { type ErrorReply, type PartedReply, Push, type ReplyValue } from "./reply.ts";
import type { ScriptGate } from "./script_gate.ts";
import { emptyStats, type Stats } from "./stats.ts";
import type { ServerTime } from "./time.ts";
import type { TrackingHub, TrackingMode } from "./tracking_hub.ts";

/** Does a command; `args[0]` is its name (and `args[1]` its subcommand). Returns or throws its reply. */
export type Handler = (session: Session, args: string[]) => ReplyValue;

/** A command, or a subcommand. */
export interface Command {
  /** The name in lower case; `client|kill` for a subcommand. */
  readonly name: string;
  /** `CLIENT KILL`, as logs show it. */
  readonly label: string;
  /** Words, its name included; negative where there may be more. */
  readonly arity: number;
  /** write, readonly, denyoom, noscript, blocking, ... */
  readonly flags: ReadonlySet<string>;
  /** The first key, the last key and the step, as in COMMAND. */
  readonly range: readonly [number, number, number];
  /** ACL categories. */
  readonly categories: readonly string[];
  /** The tips for clients. */
  readonly tips: readonly string[];
  /** The positions of its keys. */
  readonly specs: readonly KeySpec[];
  /** Its subcommands. */
  readonly subcommands: Map<string, Command> | undefined;
  /** Its place in the bit maps of users. */
  readonly id: number;
  /** Whether it changes data. */
  readonly write: boolean;
  /** Whether its lookups count as reads, although it may write. */
  readonly reads: boolean;
  /** Whether it may have effects for replicas although it is not one that writes. */
  readonly mayReplicate: boolean;
  /** Whether it runs or compiles a script. */
  readonly lua: boolean;
  /** Does it; a command without is not there. */
  readonly run: Handler | undefined;
  /** The numbers for INFO commandstats. */
  readonly stats: { calls: number; usec: number; rejected: number; failed: number };
}

/** A command that waits for EXEC. */
export interface Queued {
  /** The command. */
  readonly command: Command;
  /** Its words. */
  readonly args: string[];
}

/** A client. */
export class Session {
  /** CLIENT ID. */
  readonly id: number;
  /** The server. */
  readonly server: ServerState;
  /** Its wire; none for sessions of scripts. */
  link: Link | undefined;
  /** The selected database. */
  db: Database;
  /** The user. */
  user: User;
  /** Whether it may do anything but AUTH. */
  authenticated: boolean;
  /** 2 or 3. */
  protocol = 2;
  /** CLIENT SETNAME. */
  name = "";
  /** CLIENT SETINFO. */
  libName = "";
  /** CLIENT SETINFO. */
  libVersion = "";
  /** The time of the connect. */
  readonly createdAt: number;
  /** The time of the last command. */
  activeAt: number;
  /** Its last command. */
  lastCommand: Command | undefined;
  /** Commands since MULTI. */
  multi: Queued[] | undefined;
  /** A command could not be queued: EXEC fails. */
  dirtyExec = false;
  /** A watched key was changed. */
  dirtyCas = false;
  /** Keys of WATCH, by database. */
  readonly watched: { readonly db: Database; readonly key: string; readonly expired: boolean }[] = [];
  /** SUBSCRIBE. */
  readonly channels: Set<string> = new Set();
  /** PSUBSCRIBE. */
  readonly patterns: Set<string> = new Set();
  /** SSUBSCRIBE. */
  readonly shards: Set<string> = new Set();
  /** CLIENT TRACKING. */
  tracking: TrackingMode | undefined;
  /** CLIENT REPLY. */
  replies: "on" | "off" | "skip" | "skipping" | "skipping on" = "on";
  /** MONITOR. */
  monitor = false;
  /** The keys that it waits for. */
  blocked: Waiter | undefined;
  /** Whether commands must not block: within EXEC, or in a script. */
  noBlock = false;
  /** A command of EXEC or of a script is being done. */
  nested = false;
  /** The session of a script. */
  script = false;
  /** The client that runs the script, on the session of a script. */
  caller: Session | undefined;
  /** The command with which that client runs it. */
  declared: readonly string[] | undefined;
  /** The connection ends behind the reply. */
  closing = false;
  /** The connection has ended. */
  closed = false;
  /** CLIENT NO-EVICT. */
  noEvict = false;
  /** READONLY in a cluster. */
  readOnly = false;
  /** ASKING. */
  asking = false;
  /** Whether the command that is being done came behind ASKING. */
  asked = false;
  /** The commands for the replication log instead of the command itself; `[]` for none. */
  effects: string[][] | undefined;

  /** Makes one. */
  constructor(server: ServerState, id: number, link: Link | undefined) {
    this.server = server;
    this.id = id;
    this.link = link;
    this.db = server.databases[0]!;
    this.user = server.users.defaultUser;
    this.authenticated = server.users.defaultUser.openToAll;
    this.createdAt = this.activeAt = server.now;
  }

  /** The number of channels, patterns and shard channels. */
  get subscriptions(): number {
    return this.channels.size + this.patterns.size;
  }

  /** Whether it has any subscription. */
  get subscribed(): boolean {
    return this.subscriptions + this.shards.size > 0;
  }

  /** Its command is done, and its reply was sent or skipped. */
  replied(): void {
    if (this.replies === "skipping") this.replies = "on";
  }

  /** The reply of EXEC while its commands run. */
  parted: PartedReply | undefined;

  /** Sends something. */
  send(value: ReplyValue): void {
    if (this.link === undefined || this.closed || this.closing) return;
    if (/off|skipping/.test(this.replies) && !(value instanceof Push)) return;
    if (this.parted !== undefined) return void this.parted.parts.push({ value, protocol: this.protocol });
    this.link.write(value);
    this.link.flush();
  }
}

/** The hooks of faults and clusters. */
export interface Hooks {
  /** Called before a command is checked. A returned reply ends the command. */
  before?: (session: Session, args: string[]) => ReplyValue | undefined;
  /** Called after a command. Returns the reply to send, `SENT` for none. */
  after?: (session: Session, args: string[], reply: ReplyValue) => ReplyValue;
  /** Called with received bytes. Returns the bytes to process now. Delayed bytes go to `receive` later. */
  bytesIn?: (
    session: Session,
    bytes: Uint8Array,
    receive: (bytes: Uint8Array) => void,
  ) => Uint8Array | undefined;
  /** Called with bytes to send. Returns the bytes to send now. Delayed bytes go to `transmit` later. */
  bytesOut?: (
    session: Session,
    bytes: Uint8Array,
    transmit: (bytes: Uint8Array) => void,
  ) => Uint8Array | undefined;
  /** Called before the ACL check: returns MOVED, ASK or CLUSTERDOWN for the keys of a command. */
  route?: (session: Session, command: Command, args: string[]) => ReplyValue | undefined;
}

/** The server. */
export class ServerState implements DatabaseHost {
  /** Wall time and alarms. */
  readonly time: ServerTime;
  /** The time of the command that is being done. */
  now = 0;
  /** The time of the start. */
  readonly startedAt: number;
  /** CONFIG. */
  readonly config: Config;
  /** All databases. */
  readonly databases: Database[] = [];
  /** Users. */
  readonly users: UserTable;
  /** All clients that are connected, by their id. */
  readonly sessions: Map<number, Session> = new Map();
  /** All commands that are there, by their name in lower case; containers have subcommands. */
  readonly commands: Map<string, Command>;
  /** Pub/sub. */
  readonly pubsub: PubSubHub;
  /** Client tracking. */
  readonly tracking: TrackingHub;
  /** Blocked clients. */
  readonly blocking: BlockingHub;
  /** Offsets and the log. */
  readonly replication: Replication;
  /** The log of executed commands. */
  readonly executed: ExecutedLog;
  /** Faults. */
  readonly hooks: Hooks = {};
  /** Counters. */
  readonly stats: Stats = emptyStats();
  /** Changes so far; a command that leaves it alone changed nothing. */
  dirty = 0;
  /** Whether keys that have expired are taken out; not on replicas. */
  expires = true;
  /** Whether they are looked for, too: DEBUG SET-ACTIVE-EXPIRE. */
  activeExpire = true;
  /** Whether reading a key counts as using it. */
  touches = true;
  /** Whether lookups are counted, and missing keys reported: while a command reads. */
  counts = false;
  /** Watched keys: who watches them. */
  readonly watchers: Map<string, Set<Session>> = new Map();
  /** Clients that MONITOR. */
  readonly monitors: Set<Session> = new Set();
  /** The last command, while monitors have not seen it. */
  unseen: { readonly session: Session; readonly args: readonly string[] } | undefined;
  /** The client whose command is being done. */
  current: Session | undefined;
  /** Further callbacks for changes, used by topologies. */
  readonly onChange: ((db: Database, key: string) => void)[] = [];
  /** The error for commands while a script keeps the server busy. */
  busy: ErrorReply | undefined;
  /** The number of linked replicas that a write needs: `min-replicas-to-write`. */
  minReplicas = 0;
  /** Whether all commands are timed for SLOWLOG and LATENCY. */
  timing = false;
  /** CLIENT PAUSE: until when, and whether only writes wait. */
  paused: { until: number; writes: boolean; waiting: Set<Session> } | undefined;
  /** Scripts and functions; set when the server is put together. */
  scripting!: ScriptGate;
  /** 40 hexadecimal digits. */
  readonly runId: string;
  #nextId = 1;

  /** Puts the parts together. */
  constructor(parts: {
    readonly time: ServerTime;
    readonly config: Config;
    readonly users: UserTable;
    readonly commands: Map<string, Command>;
    readonly pubsub: PubSubHub;
    readonly tracking: TrackingHub;
    readonly blocking: BlockingHub;
    readonly replication: Replication;
    readonly executed: ExecutedLog;
    readonly runId: string;
  }) {
    this.time = parts.time;
    this.now = this.startedAt = this.time.now();
    this.config = parts.config;
    this.users = parts.users;
    this.commands = parts.commands;
    this.pubsub = parts.pubsub;
    this.tracking = parts.tracking;
    this.blocking = parts.blocking;
    this.replication = parts.replication;
    this.executed = parts.executed;
    this.runId = parts.runId;
    for (let i = 0; i < this.config.databases; i++) this.databases.push(new Database(i, this));
  }

  /** A new client. */
  open(link: Link | undefined): Session {
    const session = new Session(this, this.#nextId++, link);
    if (link !== undefined) {
      this.sessions.set(session.id, session);
      this.stats.connections++;
    }
    return session;
  }

  /** Whether too few replicas are linked for a write. */
  get lacksReplicas(): boolean {
    return this.minReplicas > 0 && this.replication.master === undefined &&
      this.replication.replicas.size < this.minReplicas;
  }

  /** Called when a key has expired; set by `keyspace.ts`. */
  onExpired: (db: Database, key: string) => void = () => {};
  /** Called when the earliest expiry has changed; set by `keyspace.ts`. */
  onExpiresAt: (db: Database, at: number) => void = () => {};

  /** Called when a key to be read is not there; set by `keyspace.ts`. */
  onMissed: (db: Database, key: string) => void = () => {};

  /** A key was looked up to be read. */
  looked(db: Database, key: string, found: boolean): void {
    if (found) this.stats.hits++;
    else {
      this.stats.misses++;
      this.onMissed(db, key);
    }
  }

  /** A key has expired. */
  expired(db: Database, key: string): void {
    this.onExpired(db, key);
  }

  /** Called when a key was added; set by `keyspace.ts`. */
  onAdded: (db: Database, key: string) => void = () => {};

  /** A key is there that was not. */
  added(db: Database, key: string): void {
    this.onAdded(db, key);
  }

  /** A value is no longer there. */
  gone(db: Database, key: string): void {
    if (this.blocking.count > 0) this.blocking.signal(db, key);
  }

  /** Schedules the expiry of a key. */
  expiresAt(db: Database, at: number): void {
    this.onExpiresAt(db, at);
  }
}
