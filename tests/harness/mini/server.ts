/**
 * A server with a few commands, in memory: the default replies of the scripted peer. It replies like Redis 7, and
 * refuses unknown commands as Redis does.
 *
 * @module
 */
import { type Clock, systemClock } from "../../../src/clock.ts";
import { ErrorReply, NULL_ARRAY, OK, Push, Simple, type Wire } from "../resp.ts";
import { Keyspace } from "./keyspace.ts";
import { type Answer, Many, type Received, type Session } from "./session.ts";

/** The options of the server. */
export interface MiniServerOptions {
  /** The password of the user `default`; without one, no authentication is needed. */
  readonly password?: string;
  /** Further users and their passwords. */
  readonly users?: { readonly [name: string]: string };
  /** The highest protocol: 2 answers `HELLO 3` with NOPROTO. Default 3. */
  readonly maxProtocol?: 2 | 3;
  /** `false`: HELLO is an unknown command, as before Redis 6. Default `true`. */
  readonly hello?: boolean;
  /** Runs the timeouts of BLPOP and of keys. Default: the runtime's. */
  readonly clock?: Clock;
}

const FREE = new Set(["AUTH", "HELLO", "QUIT", "RESET"]);
const UNQUEUED = new Set(["EXEC", "DISCARD", "MULTI", "WATCH", "QUIT", "RESET"]);
const WHILE_SUBSCRIBED = /^([PS]?(UN)?SUBSCRIBE|PING|QUIT|RESET)$/;
/** The fewest words that a command must have. */
const WORDS: { readonly [name: string]: number } = {
  GET: 2,
  SET: 3,
  MGET: 2,
  INCR: 2,
  DECR: 2,
  INCRBY: 3,
  DEL: 2,
  EXISTS: 2,
  LPUSH: 3,
  RPUSH: 3,
  LLEN: 2,
  BLPOP: 3,
  ECHO: 2,
  SELECT: 2,
  AUTH: 2,
  WATCH: 2,
  PUBLISH: 3,
  SPUBLISH: 3,
  SUBSCRIBE: 2,
  PSUBSCRIBE: 2,
  SSUBSCRIBE: 2,
  CLIENT: 2,
};

/** A server in memory. */
export class MiniServer {
  /** The data. */
  readonly keys: Keyspace;
  readonly #options: MiniServerOptions;
  readonly #executed: Map<string, number> = new Map();
  readonly #sessions: Set<Session> = new Set();

  /** An empty server. */
  constructor(options: MiniServerOptions = {}) {
    this.#options = options;
    this.keys = new Keyspace(options.clock ?? systemClock);
  }

  /** Returns the number of executions of a command. Queued commands count when EXEC runs them. */
  executed(name: string): number {
    return this.#executed.get(name.toUpperCase()) ?? 0;
  }

  /** A connection has come. */
  open(session: Session): void {
    this.#sessions.add(session);
  }

  /** A connection has ended. */
  close(session: Session): void {
    this.#sessions.delete(session);
    this.keys.drop(session);
  }

  /** Executes a command; a promise where it blocks. `undefined` for no answer. */
  serve(received: Received, session: Session): Answer | Promise<Answer> {
    const refusal = this.#refuse(received, session);
    if (refusal !== undefined) {
      if (session.queue !== undefined) session.spoiled = true;
      return refusal;
    }
    if (session.queue !== undefined && !UNQUEUED.has(received.words[0]!)) {
      session.queue.push(received);
      return new Simple("QUEUED");
    }
    return this.#execute(received, session);
  }

  /** Sends a message to all subscribers. Returns their number. */
  publish(channel: string, message: Wire, kind: "" | "s" = ""): number {
    let receivers = 0;
    for (const session of this.#sessions) {
      for (const subscription of session.subscriptions) {
        const [how, name] = split(subscription);
        if (how === kind && name === channel) {
          session.send(new Push([`${kind}message`, channel, message]));
          receivers++;
        } else if (how === "p" && kind === "" && glob(name).test(channel)) {
          session.send(new Push(["pmessage", name, channel, message]));
          receivers++;
        }
      }
    }
    return receivers;
  }

  #refuse({ words, raw }: Received, session: Session): ErrorReply | undefined {
    const name = words[0]!;
    const known = name in this.keys.handlers || name in this.#handlers;
    if (!known || (name === "HELLO" && this.#options.hello === false)) {
      const shown = words.slice(1).map((word) => `'${word}' `).join("");
      return new ErrorReply(
        `ERR unknown command '${new TextDecoder().decode(raw[0])}', with args beginning with: ${shown}`,
      );
    }
    if (words.length < (WORDS[name] ?? 1)) {
      return new ErrorReply(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
    }
    if (this.#options.password !== undefined && session.user === undefined && !FREE.has(name)) {
      return new ErrorReply("NOAUTH Authentication required.");
    }
    if (session.protocol === 2 && session.subscriptions.size > 0 && !WHILE_SUBSCRIBED.test(name)) {
      return new ErrorReply(
        `ERR Can't execute '${name.toLowerCase()}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET ` +
          "are allowed in this context",
      );
    }
    return undefined;
  }

  #execute(received: Received, session: Session): Answer | Promise<Answer> {
    const name = received.words[0]!;
    this.#executed.set(name, this.executed(name) + 1);
    const handler = this.keys.handlers[name] ?? this.#handlers[name]!;
    return handler(received, session);
  }

  readonly #handlers: {
    readonly [name: string]: (received: Received, session: Session) => Answer | Promise<Answer>;
  } = {
    PING: ({ raw }, session) => {
      if (session.protocol === 2 && session.subscriptions.size > 0) return ["pong", raw[1] ?? ""];
      return raw[1] ?? new Simple("PONG");
    },
    ECHO: ({ raw }) => raw[1]!,
    SELECT: ({ words }, session) => {
      const db = Number(words[1]);
      if (!Number.isInteger(db) || db < 0 || db > 15) return new ErrorReply("ERR DB index is out of range");
      session.db = db;
      return OK;
    },
    AUTH: ({ words }, session) =>
      words.length === 2
        ? this.#login("default", words[1]!, session)
        : this.#login(words[1]!, words[2]!, session),
    HELLO: ({ words }, session) => this.#hello(words, session),
    CLIENT: ({ words }, session) => {
      switch (words[1]!.toUpperCase()) {
        case "ID":
          return session.id;
        case "GETNAME":
          return session.name === "" ? null : session.name;
        case "SETNAME":
          session.name = words[2] ?? "";
          return OK;
        case "SETINFO":
          session.info.set(words[2]?.toLowerCase() ?? "", words[3] ?? "");
          return OK;
        case "NO-EVICT":
        case "NO-TOUCH":
          return OK;
        default:
          return new ErrorReply(`ERR unknown subcommand '${words[1]}'. Try CLIENT HELP.`);
      }
    },
    QUIT: () => OK,
    RESET: (_, session) => {
      session.reset();
      return new Simple("RESET");
    },
    MULTI: (_, session) => {
      if (session.queue !== undefined) return new ErrorReply("ERR MULTI calls can not be nested");
      session.queue = [];
      session.spoiled = false;
      return OK;
    },
    DISCARD: (_, session) => {
      if (session.queue === undefined) return new ErrorReply("ERR DISCARD without MULTI");
      session.queue = undefined;
      session.watched.clear();
      return OK;
    },
    EXEC: (_, session) => this.#exec(session),
    WATCH: ({ words }, session) => {
      if (session.queue !== undefined) return new ErrorReply("ERR WATCH inside MULTI is not allowed");
      for (const key of words.slice(1)) this.keys.watch(session, key);
      return OK;
    },
    UNWATCH: (_, session) => {
      session.watched.clear();
      return OK;
    },
    PUBLISH: ({ words, raw }) => this.publish(words[1]!, raw[2]!),
    SPUBLISH: ({ words, raw }) => this.publish(words[1]!, raw[2]!, "s"),
    SUBSCRIBE: (received, session) => this.#subscribe("", received, session),
    PSUBSCRIBE: (received, session) => this.#subscribe("p", received, session),
    SSUBSCRIBE: (received, session) => this.#subscribe("s", received, session),
    UNSUBSCRIBE: (received, session) => this.#unsubscribe("", received, session),
    PUNSUBSCRIBE: (received, session) => this.#unsubscribe("p", received, session),
    SUNSUBSCRIBE: (received, session) => this.#unsubscribe("s", received, session),
  };

  #login(user: string, password: string, session: Session): Wire {
    const right = user === "default" ? this.#options.password : this.#options.users?.[user];
    if (user === "default" && right === undefined) {
      return new ErrorReply(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
      );
    }
    if (right !== password) {
      return new ErrorReply("WRONGPASS invalid username-password pair or user is disabled.");
    }
    session.user = user;
    return OK;
  }

  #hello(words: readonly string[], session: Session): Wire {
    const wanted = words[1] === undefined ? session.protocol : Number(words[1]);
    if (wanted !== 2 && !(wanted === 3 && this.#options.maxProtocol !== 2)) {
      return new ErrorReply("NOPROTO unsupported protocol version");
    }
    let name: string | undefined;
    for (let i = 2; i < words.length; i++) {
      const option = words[i]!.toUpperCase();
      if (option === "AUTH" && i + 2 < words.length) {
        const verdict = this.#login(words[i + 1]!, words[i + 2]!, session);
        if (verdict instanceof ErrorReply) return verdict;
        i += 2;
      } else if (option === "SETNAME" && i + 1 < words.length) name = words[++i];
      else return new ErrorReply(`ERR Syntax error in HELLO option '${words[i]}'`);
    }
    if (this.#options.password !== undefined && session.user === undefined) {
      return new ErrorReply(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> " +
          "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
      );
    }
    session.protocol = wanted;
    if (name !== undefined) session.name = name;
    return new Map<Wire, Wire>([
      ["server", "redis"],
      ["version", "7.0.15"],
      ["proto", wanted],
      ["id", session.id],
      ["mode", "standalone"],
      ["role", "master"],
      ["modules", []],
    ]);
  }

  #exec(session: Session): Answer {
    const queue = session.queue;
    if (queue === undefined) return new ErrorReply("ERR EXEC without MULTI");
    const changed = this.keys.changed(session);
    session.watched.clear();
    if (session.spoiled) {
      session.queue = undefined;
      return new ErrorReply("EXECABORT Transaction discarded because of previous errors.");
    }
    if (changed) {
      session.queue = undefined;
      return NULL_ARRAY;
    }
    // The queue stays in place meanwhile: by it BLPOP knows not to block. So none of these is a promise.
    const replies = queue.map((received) => this.#execute(received, session) as Wire | Many);
    session.queue = undefined;
    return replies.flatMap((reply) => reply instanceof Many ? reply.values : [reply]);
  }

  #subscribe(kind: "" | "p" | "s", { words }: Received, session: Session): Answer {
    return new Many(
      words.slice(1).map((name) => {
        session.subscriptions.add(`${kind}:${name}`);
        return new Push([`${kind}subscribe`, name, count(session, kind)]);
      }),
    );
  }

  #unsubscribe(kind: "" | "p" | "s", { words }: Received, session: Session): Answer {
    const all = [...session.subscriptions].map(split).filter(([how]) => how === kind).map(([, name]) => name);
    const names = words.length > 1 ? words.slice(1) : all;
    if (names.length === 0) return new Push([`${kind}unsubscribe`, null, count(session, kind)]);
    return new Many(names.map((name) => {
      session.subscriptions.delete(`${kind}:${name}`);
      return new Push([`${kind}unsubscribe`, name, count(session, kind)]);
    }));
  }
}

function split(subscription: string): [kind: string, name: string] {
  const at = subscription.indexOf(":");
  return [subscription.slice(0, at), subscription.slice(at + 1)];
}

/** Redis counts shard channels apart from channels and patterns. */
function count(session: Session, kind: string): number {
  return [...session.subscriptions].filter((one) => (split(one)[0] === "s") === (kind === "s")).length;
}

function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}
