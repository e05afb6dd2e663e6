/**
 * CONFIG, INFO, TIME and what else is asked of a server.
 *
 * @module
 */
import { describeInfo } from "../info.ts";
import type { Waiter } from "../blocking.ts";
import { deadlineOfMs } from "../waiting.ts";
import { integer } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { BLOCKED, err, MapReply, OK, type ReplyValue, SENT, Simple, Verbatim } from "../reply.ts";
import type { Session } from "../state.ts";
import { emptyStats } from "../stats.ts";
import { HELP_ROWS } from "../table/help_rows.ts";

function configSet(session: Session, args: string[]): ReplyValue {
  const { config } = session.server;
  if (args.length % 2 !== 0) throw err("wrong number of arguments for 'config|set' command");
  const pairs = new Map<string, string>();
  for (let i = 2; i < args.length; i += 2) {
    const name = args[i]!.toLowerCase();
    const wrong = config.refusal(name, args[i + 1]!);
    if (wrong === "unknown") {
      throw err(`Unknown option or number of arguments for CONFIG SET - '${args[i]}'`);
    }
    if (pairs.has(name)) {
      throw err(`CONFIG SET failed (possibly related to argument '${args[i]}') - duplicate parameter`);
    }
    if (wrong !== undefined) {
      throw err(`CONFIG SET failed (possibly related to argument '${args[i]}') - ${wrong}`);
    }
    pairs.set(name, args[i + 1]!);
  }
  for (const [name, value] of pairs) config.set(name, value);
  return OK;
}

function role(session: Session): ReplyValue {
  const { replication } = session.server;
  if (replication.master === undefined) {
    const replicas = [...replication.replicas].map(({ host, port, offset }) => [
      host,
      String(port),
      String(offset),
    ]);
    return ["master", replication.shownOffset, replicas];
  }
  const { host, port } = replication.master;
  return ["slave", host, port, "connected", replication.offset];
}

function wait(session: Session, args: string[]): ReplyValue {
  const { replication, blocking, time } = session.server;
  if (replication.master !== undefined) {
    throw err(
      "WAIT cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.",
    );
  }
  const wanted = integer(args[1]!);
  const deadline = deadlineOfMs(session, args[2]!);
  const { offset } = replication;
  const count = replication.countAt(offset);
  if (count >= wanted || session.noBlock) return count;
  const waiter: Waiter = {
    session,
    db: session.db,
    keys: [],
    serve: () => undefined,
    expired: () => replication.countAt(offset),
    ended: () => replication.onAcknowledged.delete(look),
    alarm: undefined,
  };
  const look = (): void => {
    if (replication.countAt(offset) < wanted) return;
    blocking.finish(waiter, replication.countAt(offset));
    blocking.resume();
  };
  replication.onAcknowledged.add(look);
  blocking.add(waiter, time, deadline);
  return BLOCKED;
}

function replicaOf(_session: Session, args: string[]): ReplyValue {
  if (args[1]!.toLowerCase() === "no" && args[2]!.toLowerCase() === "one") return OK;
  throw err(
    "REPLICAOF is not supported by a single test server: use TestSentinels or TestCluster for replicas",
  );
}

function noModules(): never {
  throw err("MODULE command not allowed. The test server has no modules.");
}

/** HELP of all containers. */
function helps(): CommandGroup {
  return Object.fromEntries(
    Object.entries(HELP_ROWS).map((
      [name, lines],
    ) => [`${name}|help`, () => lines.map((line) => new Simple(line))]),
  );
}

/** The server. */
export const serverCommands: CommandGroup = {
  ...helps(),
  "config|get": (session, args) =>
    new MapReply(session.server.config.list(args.slice(2)).flatMap(([name, value]) => [name, value])),
  "config|set": configSet,
  "config|resetstat"(session) {
    const { stats, commands } = session.server;
    Object.assign(stats, emptyStats());
    for (const command of commands.values()) {
      for (const one of [command, ...command.subcommands?.values() ?? []]) {
        Object.assign(one.stats, { calls: 0, usec: 0, rejected: 0, failed: 0 });
      }
    }
    return OK;
  },
  "config|rewrite": () => err("The server is running without a config file"),
  info: (session, args) => new Verbatim(describeInfo(session.server, args.slice(1))),
  time(session) {
    const exact = session.server.time.exact();
    return [String(Math.floor(exact / 1000)), String(Math.floor((exact % 1000) * 1000))];
  },
  role,
  wait,
  monitor(session) {
    if (session.noBlock) throw err("MONITOR isn't allowed for DENY BLOCKING client");
    // As in Redis, a second MONITOR has no reply.
    if (session.monitor) return SENT;
    session.monitor = true;
    session.server.monitors.add(session);
    return OK;
  },
  lastsave: (session) => Math.floor(session.server.startedAt / 1000),
  save: () => OK,
  bgsave: () => new Simple("Background saving started"),
  bgrewriteaof: () => new Simple("Background append only file rewriting started"),
  shutdown() {
    throw err("Errors trying to SHUTDOWN. Check logs.");
  },
  lolwut: () => new Verbatim("Redis ver. 7.0.15\n"),
  replicaof: replicaOf,
  slaveof: replicaOf,
  "module|list": () => [],
  "module|load": noModules,
  "module|loadex": noModules,
  "module|unload": noModules,
};
