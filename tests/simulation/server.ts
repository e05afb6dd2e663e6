/**
 * The server of a simulated world: the test server, with a log of all that it executes, and with windows in which it
 * refuses commands as a real one does.
 *
 * @module
 */
import type { Clock } from "../../src/clock.ts";
import { callAs, lookup } from "../../src/testing/dispatch.ts";
import type { ExecutedCommand } from "../../src/testing/executed_log.ts";
import { hashPassword } from "../../src/testing/acl/sha256.ts";
import { ErrorReply } from "../../src/testing/reply.ts";
import type { SpacePlan } from "./scenario.ts";
import type { Command, ServerState, Session } from "../../src/testing/state.ts";

const TEXTS = {
  LOADING: "LOADING Redis is loading the dataset in memory",
  BUSY: "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  READONLY: "READONLY You can't write against a read only replica.",
  OOM: "OOM command not allowed when used memory > 'maxmemory'.",
} as const;

/** Codes of refusals that a server can be made to give. */
export type WindowCode = keyof typeof TEXTS;

/** One server. */
export class SimulatedServer {
  /** Its parts. */
  readonly state: ServerState;
  /** The address of the server. */
  readonly address: string;
  /** The numbers of the clients that have made its connections, by CLIENT ID. */
  readonly owners: Map<number, number> = new Map();
  /** The number of the database of its clients, and what their keys begin with. */
  readonly #db: number;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #windows: Map<WindowCode, number> = new Map();
  readonly #replies: ReadonlyMap<WindowCode, ErrorReply>;

  /** `executed` is called for each command that is executed for a client. */
  constructor(
    state: ServerState,
    address: string,
    clock: Clock,
    executed: (command: ExecutedCommand, server: SimulatedServer) => void,
    { db = 0, keyPrefix = "", password }: SpacePlan = {},
  ) {
    this.#db = db;
    this.#prefix = keyPrefix;
    if (password !== undefined) {
      state.users.defaultUser.noPassword = false;
      state.users.defaultUser.passwords = [hashPassword(password)];
    }
    this.#clock = clock;
    this.state = state;
    this.address = address;
    state.executed.add = (command) => {
      if (!state.executed.muted) executed(command, this);
    };
    this.#replies = new Map(
      Object.entries(TEXTS).map(([code, text]) => [code as WindowCode, new ErrorReply(text)]),
    );
  }

  /** Refuses commands with a code for the given milliseconds. */
  refuse(code: WindowCode, ms: number): void {
    this.#windows.set(code, Math.max(this.#windows.get(code) ?? 0, this.#clock.now() + ms));
    this.state.hooks.before ??= (session, args) => this.#refusal(session, args);
  }

  /** Refuses nothing any more. */
  heal(): void {
    this.#windows.clear();
    delete this.state.hooks.before;
    this.state.config.set("maxclients", "10000");
  }

  /** Ends all connections, as a process that stops does. `keep`: the data is there when it is back. */
  stop(keep: boolean): void {
    for (const session of [...this.state.sessions.values()]) session.link?.close(true);
    if (!keep) callAs(this.state.open(undefined), ["FLUSHALL"]);
  }

  /** The value of a key, if it is text. */
  textOf(key: string): string | null {
    const value = this.state.databases[this.#db]!.peek(this.#prefix + key)?.value;
    return typeof value === "string" ? value : null;
  }

  /** Runs a command that belongs to no client. */
  run(...args: string[]): unknown {
    const session = this.state.open(undefined);
    session.db = this.state.databases[this.#db]!;
    return callAs(session, args);
  }

  /** The key of the server for a key of clients. */
  stored(key: string): string {
    return this.#prefix + key;
  }

  #refusal(session: Session, args: string[]): ErrorReply | undefined {
    const now = this.#clock.now();
    for (const [code, until] of this.#windows) {
      if (now >= until) {
        this.#windows.delete(code);
        continue;
      }
      const command = lookup(this.state, args);
      if (command instanceof ErrorReply) continue;
      if (command.name === "exec") {
        // What it would do is refused, so all of it is discarded.
        if (session.multi?.some((queued) => concerns(code, queued.command)) === true) {
          session.dirtyExec = true;
        }
        continue;
      }
      if (!concerns(code, command)) continue;
      // What cannot be queued ends the transaction.
      if (session.multi !== undefined) session.dirtyExec = true;
      return this.#replies.get(code);
    }
    if (this.#windows.size === 0) delete this.state.hooks.before;
    return undefined;
  }
}

function concerns(code: WindowCode, { name, flags, write }: Command): boolean {
  // The words of transactions are never refused.
  if (/^(multi|exec|discard|watch|unwatch)$/.test(name)) return false;
  switch (code) {
    case "LOADING":
      return !flags.has("loading");
    case "BUSY":
      return !flags.has("allow_busy");
    case "READONLY":
      return write;
    case "OOM":
      return flags.has("denyoom");
  }
}
