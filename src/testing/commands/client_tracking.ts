/**
 * CLIENT TRACKING and CLIENT CACHING.
 *
 * @module
 */
import { parseInteger } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, NOT_INTEGER, OK, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";

function overlapping(prefixes: readonly string[], old: readonly string[]): void {
  for (const [index, prefix] of prefixes.entries()) {
    for (const other of old) {
      if (prefix.startsWith(other) || other.startsWith(prefix)) {
        throw err(
          `Prefix '${prefix}' overlaps with an existing prefix '${other}'. Prefixes for a single client must not overlap.`,
        );
      }
    }
    for (const other of prefixes.slice(index + 1)) {
      if (prefix.startsWith(other) || other.startsWith(prefix)) {
        throw err(
          `Prefix '${prefix}' overlaps with another provided prefix '${other}'. Prefixes for a single client must not overlap.`,
        );
      }
    }
  }
}

function tracking(session: Session, args: string[]): ReplyValue {
  const { server } = session;
  let [broadcast, optIn, optOut, noLoop, redirect] = [false, false, false, false, 0];
  const prefixes: string[] = [];
  for (let i = 3; i < args.length; i++) {
    const word = args[i]!.toLowerCase();
    if (word === "redirect" && i + 1 < args.length) {
      if (redirect !== 0) throw err("A client can only redirect to a single other client");
      const id = parseInteger(args[++i]!);
      if (id === undefined) throw NOT_INTEGER;
      redirect = Number(id);
      if (!server.sessions.has(redirect)) throw err("The client ID you want redirect to does not exist");
    } else if (word === "bcast") broadcast = true;
    else if (word === "optin") optIn = true;
    else if (word === "optout") optOut = true;
    else if (word === "noloop") noLoop = true;
    else if (word === "prefix" && i + 1 < args.length) prefixes.push(args[++i]!);
    else throw SYNTAX;
  }
  const switched = args[2]!.toLowerCase();
  if (switched === "off") {
    server.tracking.stop(session);
    session.tracking = undefined;
    return OK;
  }
  if (switched !== "on") throw SYNTAX;
  const old = session.tracking;
  if (!broadcast && prefixes.length > 0) throw err("PREFIX option requires BCAST mode to be enabled");
  if (old !== undefined && old.broadcast !== broadcast) {
    throw err(
      "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
    );
  }
  if (broadcast && (optIn || optOut)) throw err("OPTIN and OPTOUT are not compatible with BCAST");
  if (optIn && optOut) throw err("You can't specify both OPTIN mode and OPTOUT mode");
  if ((optIn && old?.optOut) || (optOut && old?.optIn)) {
    throw err(
      "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
    );
  }
  if (broadcast) overlapping(prefixes, old?.prefixes ?? []);
  const all = [
    ...new Set([...old?.prefixes ?? [], ...(broadcast && prefixes.length === 0 ? [""] : prefixes)]),
  ];
  session.tracking = {
    broadcast,
    prefixes: all,
    optIn,
    optOut,
    noLoop,
    redirect,
    caching: undefined,
    broken: false,
  };
  server.tracking.start(session);
  return OK;
}

/** Client tracking. */
export const clientTracking: CommandGroup = {
  "client|tracking": tracking,
  "client|caching"(session, args) {
    const mode = session.tracking;
    if (mode === undefined) {
      throw err(
        "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
      );
    }
    const word = args[2]!.toLowerCase();
    if (word === "yes") {
      if (!mode.optIn) throw err("CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
      mode.caching = true;
    } else if (word === "no") {
      if (!mode.optOut) throw err("CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
      mode.caching = false;
    } else throw SYNTAX;
    return OK;
  },
};
