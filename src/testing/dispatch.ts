/**
 * A command from its words to its reply.
 *
 * `execute` is for clients: it looks the command up, checks arity, authentication, permissions and the state of the
 * client, queues within MULTI, and sends the reply. `call` does one command and returns its reply: EXEC and scripts use it.
 *
 * @module
 */
import { checkPermissions } from "./acl/check.ts";
import { unwatch } from "./keyspace.ts";
import { checkMemory } from "./memory_limit.ts";
import { feedMonitors } from "./monitor_feed.ts";
import {
  BLOCKED,
  cString,
  err,
  ErrorReply,
  NOREPLICAS,
  NULL_ARRAY,
  PartedReply,
  QUEUED,
  type ReplyValue,
  SENT,
  SYNTAX,
  wrongArity,
} from "./reply.ts";
import type { Command, ServerState, Session } from "./state.ts";
import { slowLogOf } from "./slow_log.ts";
import { awaitLua, holdBack } from "./pause.ts";
import { keysOf, readsKeys } from "./keys_of.ts";

const NOAUTH = new ErrorReply("NOAUTH Authentication required.");
const ALLOWED_WHEN_SUBSCRIBED = new Set(
  "ping subscribe ssubscribe sunsubscribe psubscribe unsubscribe punsubscribe quit reset".split(" "),
);
const DURING_MULTI = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);

/** Finds a command, or its subcommand. Returns the error where there is none. */
export function lookup(server: ServerState, args: readonly string[]): Command | ErrorReply {
  const first = args[0]!;
  const command = server.commands.get(first) ?? server.commands.get(first.toLowerCase());
  if (command === undefined) return unknownCommand(args);
  if (command.subcommands !== undefined && args.length > 1) {
    const sub = command.subcommands.get(args[1]!.toLowerCase());
    if (sub !== undefined) return sub;
    return err(
      `unknown subcommand '${cString(args[1]!).slice(0, 128)}'. Try ${command.name.toUpperCase()} HELP.`,
    );
  }
  return command;
}

function unknownCommand(args: readonly string[]): ErrorReply {
  let beginning = "";
  for (let i = 1; i < args.length && beginning.length < 128; i++) {
    beginning += `'${cString(args[i]!).slice(0, 128 - beginning.length)}' `;
  }
  return err(`unknown command '${cString(args[0]!).slice(0, 128)}', with args beginning with: ${beginning}`);
}

/** Whether a command has as many words as it needs. */
export function hasArity(command: Command, args: readonly string[]): boolean {
  const { arity } = command;
  return arity > 0 ? args.length === arity : args.length >= -arity && !(command.run === undefined);
}

/** Returns the refusal of a command; `undefined` if it may run. */
function refusal(session: Session, command: Command, args: string[]): ReplyValue | undefined {
  if (!hasArity(command, args)) return wrongArity(command.name);
  const { flags } = command;
  const { server } = session;
  if (!session.authenticated && !flags.has("no_auth")) return NOAUTH;
  if (session.multi !== undefined && flags.has("no_multi")) {
    return err("Command not allowed inside a transaction");
  }
  const forbidden = checkPermissions(session, command, args);
  if (forbidden !== undefined) return forbidden;
  if (server.hooks.route !== undefined) {
    const elsewhere = server.hooks.route(session, command, args);
    if (elsewhere !== undefined) return elsewhere;
  }
  const declared = command.lua ? server.scripting.needs(command.name, args) : undefined;
  const tooMuch = checkMemory(session, command, declared);
  if (tooMuch !== undefined) return tooMuch;
  if (server.minReplicas > 0 && (declared?.write ?? command.write) && server.lacksReplicas) return NOREPLICAS;
  if (
    server.replication.master !== undefined && (declared?.write ?? command.write) &&
    server.config.flag("replica-read-only")
  ) {
    return new ErrorReply("READONLY You can't write against a read only replica.");
  }
  if (
    session.protocol === 2 && session.subscribed &&
    !ALLOWED_WHEN_SUBSCRIBED.has(command.name)
  ) {
    return err(
      `Can't execute '${command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
    );
  }
  if (server.busy !== undefined && !flags.has("allow_busy")) return server.busy;
  if (session.monitor && touchesKeys(session, command)) {
    return err("Replica can't interact with the keyspace");
  }
  return undefined;
}

/** Whether a command reads or writes, or EXEC has such a command. */
function touchesKeys(session: Session, command: Command): boolean {
  const all = command.name === "exec" ? (session.multi ?? []).map((one) => one.command) : [command];
  return all.some(({ write, mayReplicate, flags }) => write || mayReplicate || flags.has("readonly"));
}

/** Runs a command of a client and sends the reply. Returns whether the client can continue at once. */
export function execute(session: Session, args: string[]): boolean {
  const { server } = session;
  server.now = server.time.now();
  session.activeAt = server.now;
  const { hooks } = server;
  if (server.tracking.full) server.tracking.evict();
  let reply = hooks.before?.(session, args);
  let command: Command | undefined;
  if (reply === undefined) {
    const found = lookup(server, args);
    if (found instanceof ErrorReply) {
      reply = found;
      session.lastCommand = undefined;
      session.dirtyExec = true;
    } else {
      command = found;
      // A redirection must be decided once: ASKING holds for one command.
      const routed = hooks.route !== undefined;
      if (routed && server.paused !== undefined && holdBack(session, command, args)) return false;
      if (command.lua && !server.scripting.ready) {
        awaitLua(session, args);
        return false;
      }
      session.lastCommand = command;
      reply = refusal(session, command, args);
      if (reply !== undefined) {
        session.dirtyExec = true;
        command.stats.rejected++;
      } else if (!routed && server.paused !== undefined && holdBack(session, command, args)) return false;
    }
    if (reply instanceof ErrorReply) countError(server, reply);
    if (reply === undefined) {
      if (session.multi !== undefined && !DURING_MULTI.has(command!.name)) {
        // A transaction that will fail takes no more commands.
        if (!session.dirtyExec && !session.dirtyCas) session.multi.push({ command: command!, args });
        reply = QUEUED;
      } else {
        const before = server.current;
        server.current = session;
        server.replication.begin();
        reply = call(session, command!, args);
        // A script that was interrupted ends its unit itself.
        if (server.busy === undefined || reply !== BLOCKED) server.replication.end();
        server.current = before;
      }
    } else if (command?.name === "exec") {
      discardAfter(session);
      // Monitors have seen MULTI, and see its end.
      if (server.monitors.size > 0) server.unseen = { session, args };
      // Redirections are replied as they are.
      if (!/^(MOVED|ASK|TRYAGAIN|CROSSSLOT|CLUSTERDOWN) /.test((reply as ErrorReply).text)) {
        reply = new ErrorReply(
          `EXECABORT Transaction discarded because of: ${(reply as ErrorReply).text.replace(/^ERR /, "")}`,
        );
      }
    }
  }
  if (reply === BLOCKED) return false;
  if (hooks.after !== undefined) reply = hooks.after(session, args, reply!);
  const mode = session.tracking;
  if (mode?.caching !== undefined && session.multi === undefined && !command?.name.startsWith("client|")) {
    mode.caching = undefined;
  }
  respond(session, reply!);
  showMonitors(server);
  // A client that is not to get the reply of QUIT stays, as in Redis.
  const stays = command?.name === "quit" && session.replies !== "on";
  if (/skip$| on$/.test(session.replies)) session.replies = "skipping";
  else session.replied();
  after(server);
  if (session.closing && !stays) session.link?.close();
  return !session.closing && session.blocked === undefined;
}

/** Sends the last command to monitors. */
export function showMonitors(server: ServerState): void {
  if (server.unseen === undefined) return;
  const { session, args } = server.unseen;
  server.unseen = undefined;
  feedMonitors(session, args);
}

function discardAfter(session: Session): void {
  unwatch(session);
  session.multi = undefined;
  session.dirtyExec = session.dirtyCas = false;
}

function respond(session: Session, reply: ReplyValue): void {
  if (session.replies === "on" || reply instanceof PartedReply) {
    if (reply !== SENT) session.link?.write(reply);
  }
  session.link?.flush();
}

/** Runs the work after a command of a client. */
export function after(server: ServerState): void {
  server.tracking.flush();
  if (server.blocking.count > 0) {
    server.blocking.settle();
    server.tracking.flush();
  }
  server.blocking.resume();
}

/** Does one command, and counts, logs, propagates and reports it. Returns its reply; errors, too. */
export function call(session: Session, command: Command, args: string[]): ReplyValue {
  const { server } = session;
  server.executed.add({
    name: command.label,
    args,
    client: session.id,
    db: session.db.index,
    at: server.now,
  });
  const { dirty } = server;
  const { db } = session;
  const { counts } = server;
  server.counts = command.reads;
  let reply: ReplyValue;
  const timed = server.timing || command.lua ? server.time.exact() : 0;
  try {
    reply = command.run!(session, args);
  } catch (error) {
    // A defect of this server becomes an error reply, so that the client does not wait.
    reply = error instanceof ErrorReply ? error : err(`internal error of the test server: ${error}`);
  }
  server.counts = counts;
  if (timed !== 0) timeCommand(session, command, args, timed);
  if (server.monitors.size > 0 && !command.flags.has("skip_monitor") && !command.flags.has("admin")) {
    // Monitors see a command after its reply.
    if (session.script || (reply === BLOCKED && !session.nested)) feedMonitors(session, args);
    else server.unseen = { session, args };
  }
  server.stats.commands++;
  command.stats.calls++;
  if (reply instanceof ErrorReply) {
    command.stats.failed++;
    if (!reply.counted) countError(server, reply);
  }
  if (session.effects !== undefined || (server.dirty !== dirty && command.write)) {
    propagate(session, db.index, args);
  }
  if (readsKeys(command) && !command.lua) {
    if (session.script) trackDeclared(session);
    else if (session.tracking !== undefined) track(session, command, args);
  }
  return reply;
}

function timeCommand(session: Session, command: Command, args: readonly string[], since: number): void {
  const { server } = session;
  if (session.script) return;
  slowLogOf(server).record(session, command, args, Math.floor((server.time.exact() - since) * 1000));
}

/** Counts an error reply for INFO errorstats. */
export function countError(server: ServerState, { text }: ErrorReply): void {
  const space = text.indexOf(" ");
  const code = space < 0 ? text : text.slice(0, space);
  server.stats.failed++;
  server.stats.errors.set(code, (server.stats.errors.get(code) ?? 0) + 1);
}

function propagate(session: Session, db: number, args: readonly string[]): void {
  const { effects, server } = session;
  session.effects = undefined;
  for (const effect of effects ?? [args]) server.replication.append(db, effect);
}

/** A script that reads anything has read all the keys that were declared for it. */
function trackDeclared({ server, caller, declared = [] }: Session): void {
  if (caller?.tracking === undefined) return;
  const command = lookup(server, declared);
  if (!(command instanceof ErrorReply)) track(caller, command, declared);
}

function track(session: Session, command: Command, args: readonly string[]): void {
  const mode = session.tracking!;
  if (mode.broadcast || session.closed) return;
  if (mode.optIn && mode.caching !== true) return;
  if (mode.optOut && mode.caching === false) return;
  const keys = keysOf(command, args);
  if (keys.length === 0) return;
  session.server.tracking.remember(
    session,
    keys.map(({ key }) => key),
  );
}

/** Looks up and does a command for another server or a script: the reply, or the error with which a client would be refused. */
export function callAs(session: Session, args: string[]): ReplyValue {
  if (args.length === 0) return SYNTAX;
  const command = lookup(session.server, args);
  if (command instanceof ErrorReply) return err("Unknown Redis command called from script");
  if (!hasArity(command, args)) return err("Wrong number of args calling Redis command from script");
  const forbidden = checkPermissions(session, command, args);
  if (forbidden !== undefined) return forbidden;
  const reply = call(session, command, args);
  showMonitors(session.server);
  return reply === BLOCKED ? NULL_ARRAY : reply;
}
