/**
 * Pub/sub.
 *
 * @module
 */
import { matches } from "../glob.ts";
import type { CommandGroup } from "../registry.ts";
import { err, Push, type ReplyValue, SENT, unknownSubcommand } from "../reply.ts";
import type { Session } from "../state.ts";

type Kind = "" | "p" | "s";

function own(session: Session, kind: Kind): Set<string> {
  return kind === "" ? session.channels : kind === "p" ? session.patterns : session.shards;
}

function hub(session: Session, kind: Kind) {
  const { pubsub } = session.server;
  return kind === "" ? pubsub.channels : kind === "p" ? pubsub.patterns : pubsub.shards;
}

function count(session: Session, kind: Kind): number {
  return kind === "s" ? session.shards.size : session.subscriptions;
}

function subscribe(kind: Kind) {
  return (session: Session, args: string[]): ReplyValue => {
    for (const name of args.slice(1)) {
      if (!own(session, kind).has(name)) {
        own(session, kind).add(name);
        session.server.pubsub.add(hub(session, kind), name, session);
      }
      session.send(new Push([`${kind}subscribe`, name, count(session, kind)]));
    }
    return SENT;
  };
}

function unsubscribe(kind: Kind) {
  return (session: Session, args: string[]): ReplyValue => {
    const names = args.length > 1 ? args.slice(1) : [...own(session, kind)];
    for (const name of names) {
      if (own(session, kind).delete(name)) session.server.pubsub.remove(hub(session, kind), name, session);
      session.send(new Push([`${kind}unsubscribe`, name, count(session, kind)]));
    }
    if (names.length === 0) session.send(new Push([`${kind}unsubscribe`, null, count(session, kind)]));
    return SENT;
  };
}

function listNames(names: Iterable<string>, pattern: string | undefined): string[] {
  return [...names].filter((name) => pattern === undefined || matches(pattern, name));
}

/** Returns whether SUBSCRIBE is allowed: not in a transaction over RESP2. */
function allowed(kind: Kind) {
  const run = subscribe(kind);
  return (session: Session, args: string[]): ReplyValue => {
    if (session.script) throw err("This Redis command is not allowed from script");
    if (kind === "s" && session.nested) throw err("SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    return run(session, args);
  };
}

/** Pub/sub. */
export const pubsub: CommandGroup = {
  subscribe: allowed(""),
  psubscribe: allowed("p"),
  ssubscribe: allowed("s"),
  unsubscribe: unsubscribe(""),
  punsubscribe: unsubscribe("p"),
  sunsubscribe: unsubscribe("s"),
  publish(session, args) {
    session.effects = [args];
    return session.server.pubsub.publish(args[1]!, args[2]!);
  },
  spublish(session, args) {
    session.effects = [args];
    return session.server.pubsub.publishToShard(args[1]!, args[2]!);
  },
  "pubsub|channels": (session, args) => {
    if (args.length > 3) throw unknownSubcommand(args, "PUBSUB");
    return listNames(session.server.pubsub.channels.keys(), args[2]);
  },
  "pubsub|shardchannels": (session, args) => {
    if (args.length > 3) throw unknownSubcommand(args, "PUBSUB");
    return listNames(session.server.pubsub.shards.keys(), args[2]);
  },
  "pubsub|numpat": (session) => session.server.pubsub.patterns.size,
  "pubsub|numsub": (session, args) =>
    args.slice(2).flatMap((name) => [name, session.server.pubsub.channels.get(name)?.size ?? 0]),
  "pubsub|shardnumsub": (session, args) =>
    args.slice(2).flatMap((name) => [name, session.server.pubsub.shards.get(name)?.size ?? 0]),
};
