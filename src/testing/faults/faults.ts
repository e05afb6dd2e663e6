/**
 * Faults by name.
 *
 * @module
 */
import { selects } from "../client_info.ts";
import { lookup } from "../dispatch.ts";
import { ErrorReply, type ReplyValue, SENT } from "../reply.ts";
import type { ServerState, Session } from "../state.ts";
import { type CommandMatch, type ErrorCode, errorText, matcher, refusedWith } from "./command_match.ts";
import {
  CountedFault,
  type Direction,
  type Fault,
  type FaultOptions,
  type RepeatedFaultOptions,
} from "./fault.ts";
import { type FaultReply, toReply } from "./fault_reply.ts";
import { Traffic } from "./traffic.ts";

/** Options of {@linkcode Faults.latency}. */
export interface LatencyOptions extends FaultOptions {
  /** The direction. Default `"out"`: commands are executed at once and their replies are delayed. */
  readonly direction?: Direction;
  /** The maximum of random additional milliseconds, by the clock. Default 0. */
  readonly jitter?: number;
}

/** Options of {@linkcode Faults.freeze}. */
export interface FreezeOptions extends FaultOptions {
  /** The direction. Default: both. `"out"`: commands are executed, replies wait. */
  readonly direction?: Direction;
}

/** A fault that concerns single commands. */
interface CommandFault {
  readonly fault: CountedFault;
  readonly matches: (session: Session, args: readonly string[]) => boolean;
  /** The reply instead of the command; `undefined`: the command is executed and its reply is lost. */
  readonly reply: (() => ReplyValue) | undefined;
}

/** A command whose reply will be lost. */
interface Losing {
  readonly fault: CountedFault;
  /** The bytes of earlier replies that wait to be sent. */
  readonly pending: number;
}

/** The faults of a server. Each method returns the fault; `undo()`, or the end of its `using` block, ends it. */
export class Faults {
  readonly #server: ServerState;
  readonly #traffic: Traffic;
  readonly #commands: Set<CommandFault> = new Set();
  readonly #losing: Map<Session, Losing> = new Map();
  readonly #refusals: Set<CountedFault> = new Set();
  readonly #active: Set<CountedFault> = new Set();

  /** Made by the server. */
  constructor(server: ServerState) {
    this.#server = server;
    this.#traffic = new Traffic(server, () => this.#plug());
  }

  /** Delays replies (or requests) by `ms` milliseconds, in order. Bytes that are on their way stay late when it is undone. */
  latency(ms: number, options: LatencyOptions = {}): Fault {
    const { direction = "out", jitter = 0 } = options;
    const { time } = this.#server;
    const delay = (): number => ms + Math.floor(jitter * (jitter > 0 ? time.random() : 0));
    return this.#add(options, this.#traffic.latencies, (fault) => ({ fault, direction, delay }));
  }

  /**
   * Ends a connection after `bytes` further bytes. Requests that arrived completely are executed, and sent replies
   * are delivered. Cuts one connection by default; see `times`.
   */
  cutAfter(bytes: number, direction: Direction = "out", options: RepeatedFaultOptions = {}): Fault {
    return this.#add({ times: 1, ...options }, this.#traffic.cuts, (fault) => (
      { fault, direction, bytes, passed: new WeakMap() }
    ));
  }

  /** Stops the server as SIGSTOP does: connections stay and can be made, requests and replies wait until it is undone. */
  freeze(options: FreezeOptions = {}): Fault {
    const { direction } = options;
    return this.#add(options, this.#traffic.freezes, (fault) => ({ fault, direction }));
  }

  /** Refuses new connections; over TCP they are accepted and ended at once. */
  refuseConnects(options: Omit<RepeatedFaultOptions, "clients"> = {}): Fault {
    return this.#add({ times: Infinity, ...options }, this.#refusals, (fault) => fault);
  }

  /**
   * Discards all further bytes of the present connections without ending them. New connections work. `undo()` ends
   * the affected connections.
   */
  halfOpen(options: FaultOptions = {}): Fault {
    const { sessions } = this.#server;
    const { dead } = this.#traffic;
    const lost = [...sessions.values()].filter((one) => selects(options.clients, one));
    const fault = this.#track(options, () => {
      for (const session of lost) {
        session.link?.close(true);
        dead.delete(session);
      }
    });
    for (const session of lost) {
      dead.add(session);
      fault.hit();
    }
    this.#plug();
    return fault;
  }

  /** Replies `reply` to the next command that matches, which is not executed. */
  replyNext(match: CommandMatch, reply: FaultReply, options: RepeatedFaultOptions = {}): Fault {
    const test = matcher(match);
    const value = toReply(reply);
    return this.#onCommand(options, (_, args) => test(args), () => value);
  }

  /**
   * Replies with an error to the next command, which is not executed: the next one that a server in this state refuses,
   * or the next one that matches. `error` is a code such as `"LOADING"`, or a whole text: `"ERR something"`.
   */
  errorNext(
    error: ErrorCode | `${string} ${string}`,
    match?: CommandMatch,
    options: RepeatedFaultOptions = {},
  ): Fault {
    const text = errorText(error);
    const test = match === undefined ? undefined : matcher(match);
    const refused = (_: Session, args: readonly string[]): boolean => {
      if (test !== undefined) return test(args);
      const command = lookup(this.#server, args);
      return refusedWith(error, command instanceof ErrorReply ? undefined : command);
    };
    return this.#onCommand(options, refused, () => new ErrorReply(text));
  }

  /** Executes the next command that matches, and ends the connection instead of replying. */
  loseReply(match: CommandMatch, options: RepeatedFaultOptions = {}): Fault {
    const test = matcher(match);
    return this.#onCommand(options, (_, args) => test(args), undefined);
  }

  /** Undoes all faults. */
  clear(): void {
    for (const fault of [...this.#active]) fault.undo();
  }

  /** Whether a new connection is refused now, and why; part of the server. */
  refusal(): string | undefined {
    const [first] = this.#refusals;
    first?.hit();
    return first === undefined ? undefined : "it refuses connections";
  }

  #add<T>(options: RepeatedFaultOptions, set: Set<T>, make: (fault: CountedFault) => T): Fault {
    const fault = this.#track(options, () => {
      set.delete(made);
      this.#traffic.release();
    });
    const made = make(fault);
    set.add(made);
    this.#plug();
    return fault;
  }

  #track(options: RepeatedFaultOptions, end: () => void): CountedFault {
    const fault = new CountedFault(options, () => {
      this.#active.delete(fault);
      end();
      this.#plug();
    });
    this.#active.add(fault);
    return fault;
  }

  #onCommand(
    options: RepeatedFaultOptions,
    matches: CommandFault["matches"],
    reply: CommandFault["reply"],
  ): Fault {
    return this.#add({ times: 1, ...options }, this.#commands, (fault) => ({ fault, matches, reply }));
  }

  /** Installs the needed hooks. A server without faults has none. */
  #plug(): void {
    const { hooks, blocking } = this.#server;
    const traffic = this.#traffic;
    const bytes = traffic.active;
    for (const session of this.#losing.keys()) if (session.closed) this.#losing.delete(session);
    hooks.bytesIn = bytes ? (session, chunk, pass) => traffic.carry("in", session, chunk, pass) : undefined;
    hooks.bytesOut = bytes ? (session, chunk, pass) => traffic.carry("out", session, chunk, pass) : undefined;
    hooks.before = this.#commands.size > 0 ? (session, args) => this.#before(session, args) : undefined;
    const losing = this.#commands.size + this.#losing.size > 0;
    hooks.after = losing ? (session, _, reply) => this.#after(session, reply) : undefined;
    blocking.filter = losing ? (session, reply) => this.#unblocked(session as Session, reply) : undefined;
  }

  #before(session: Session, args: string[]): ReplyValue | undefined {
    for (const { fault, matches, reply } of this.#commands) {
      if (!selects(fault.clients, session) || !matches(session, args)) continue;
      if (reply === undefined) {
        this.#losing.set(session, { fault, pending: session.link?.pending ?? 0 });
        fault.hit();
        return undefined;
      }
      fault.hit();
      return refuse(session, args, reply());
    }
    return undefined;
  }

  #after(session: Session, reply: ReplyValue): ReplyValue {
    const losing = this.#losing.get(session);
    if (losing === undefined) return reply;
    this.#losing.delete(session);
    session.link?.cut(losing.pending);
    session.closing = true;
    this.#plug();
    return SENT;
  }

  #unblocked(session: Session, reply: ReplyValue): ReplyValue | undefined {
    if (!this.#losing.has(session)) return reply;
    this.#losing.delete(session);
    session.link?.close(true);
    this.#plug();
    return undefined;
  }
}

/** An error instead of a command spoils a transaction as a refusal of the server does. */
function refuse(session: Session, args: readonly string[], reply: ReplyValue): ReplyValue {
  if (!(reply instanceof ErrorReply) || session.multi === undefined) return reply;
  if (args[0]!.toUpperCase() !== "EXEC") {
    session.dirtyExec = true;
    return reply;
  }
  session.multi = undefined;
  session.dirtyExec = session.dirtyCas = false;
  return new ErrorReply(`EXECABORT Transaction discarded because of: ${reply.text.replace(/^ERR /, "")}`);
}
