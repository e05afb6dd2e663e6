/**
 * Whether a user may do a command.
 *
 * @module
 */
import { matches } from "../glob.ts";
import { type FoundKey, keysOf } from "../keys_of.ts";
import { ErrorReply } from "../reply.ts";
import type { Command, Session } from "../state.ts";
import type { Selector, User } from "./user.ts";

/** The reason of a denial: a command, a key or a channel, and its name. */
export interface Denial {
  /** The type of the denial. */
  readonly reason: "command" | "key" | "channel" | "auth";
  /** The name. */
  readonly object: string;
  /** The command of a login, as the client has written it. */
  readonly word?: string;
}

const READ = new Set(["access"]);
const WRITE = new Set(["insert", "update", "delete"]);
const CHANNELS: Readonly<Record<string, "all" | "first">> = {
  publish: "first",
  spublish: "first",
  subscribe: "all",
  ssubscribe: "all",
  psubscribe: "all",
};

function commandAllowed(selector: Selector, command: Command, args: readonly string[]): boolean {
  if (selector.allCommands || selector.allowed.has(command.id)) return true;
  const firsts = selector.firstArgs.get(command.id);
  return firsts !== undefined && args.length > 1 && firsts.has(args[1]!.toLowerCase());
}

/** Whether keys with these flags may be used. */
export function keyAllowed(selector: Selector, { key, flags }: Pick<FoundKey, "key" | "flags">): boolean {
  if (selector.allKeys) return true;
  const reads = flags.some((flag) => READ.has(flag));
  const writes = flags.some((flag) => WRITE.has(flag));
  return selector.keys.some(({ pattern, read, write }) =>
    (!reads || read) && (!writes || write) && matches(pattern, key)
  );
}

/** Whether a channel may be used; a pattern must be named literally. */
export function channelAllowed(selector: Selector, channel: string, literal: boolean): boolean {
  return selector.allChannels ||
    selector.channels.some((pattern) => literal ? pattern === channel : matches(pattern, channel));
}

function checkSelector(
  selector: Selector,
  command: Command,
  args: readonly string[],
  keys: readonly FoundKey[],
): Denial | undefined {
  if (!commandAllowed(selector, command, args)) return { reason: "command", object: command.name };
  for (const key of keys) if (!keyAllowed(selector, key)) return { reason: "key", object: key.key };
  const channels = CHANNELS[command.name];
  if (channels === undefined) return undefined;
  for (const channel of args.slice(1, channels === "first" ? 2 : undefined)) {
    if (!channelAllowed(selector, channel, command.name === "psubscribe")) {
      return { reason: "channel", object: channel };
    }
  }
  return undefined;
}

const RANK = { command: 0, key: 1, channel: 2, auth: 3 };

/** Returns why a user may not run a command; `undefined` if permitted. */
export function denied(user: User, command: Command, args: readonly string[]): Denial | undefined {
  if (user.unrestricted || command.flags.has("no_auth")) return undefined;
  const keys = keysOf(command, args);
  let worst: Denial | undefined;
  for (const selector of user.selectors) {
    const denial = checkSelector(selector, command, args, keys);
    if (denial === undefined) return undefined;
    // The selector that matched furthest has the reason.
    if (worst === undefined || RANK[denial.reason] > RANK[worst.reason]) worst = denial;
  }
  return worst;
}

/** Called with each denial, for ACL LOG. */
export const onDenied: { report: (session: Session, denial: Denial) => void } = { report: () => {} };

/** The error for a denial. */
export function denialError(command: Command, { reason }: Denial): ErrorReply {
  if (reason === "command") {
    return new ErrorReply(`NOPERM this user has no permissions to run the '${command.name}' command`);
  }
  return new ErrorReply(
    reason === "key"
      ? "NOPERM this user has no permissions to access one of the keys used as arguments"
      : "NOPERM this user has no permissions to access one of the channels used as arguments",
  );
}

/** The error with which a client is refused; `undefined` when it may. */
export function checkPermissions(
  session: Session,
  command: Command,
  args: readonly string[],
): ErrorReply | undefined {
  const { user } = session;
  if (user.unrestricted) return undefined;
  const denial = denied(user, command, args);
  if (denial === undefined) return undefined;
  onDenied.report(session, denial);
  return denialError(command, denial);
}
