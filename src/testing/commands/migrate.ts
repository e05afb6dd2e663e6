/**
 * MIGRATE, for a server that reaches no others.
 *
 * @module
 */
import { integer } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, ErrorReply, Simple, SYNTAX } from "../reply.ts";

/** The arguments of MIGRATE. */
export interface Migration {
  /** The keys to move. */
  readonly keys: readonly string[];
  /** Whether they stay here, too. */
  readonly copy: boolean;
  /** Whether keys of the other server are overwritten. */
  readonly replace: boolean;
}

/** No other server is there. */
export const UNREACHABLE: ErrorReply = new ErrorReply("IOERR error or timeout connecting to the client");

/** Reads MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH ...] [KEYS key ...].
 *
 * @throws {ErrorReply} for arguments that are wrong. */
export function readMigration(args: readonly string[]): Migration {
  let [copy, replace] = [false, false];
  let keys = [args[3]!];
  for (let i = 6; i < args.length; i++) {
    const word = args[i]!.toLowerCase();
    if (word === "copy") copy = true;
    else if (word === "replace") replace = true;
    else if (word === "auth" && i + 1 < args.length) i++;
    else if (word === "auth2" && i + 2 < args.length) i += 2;
    else if (word === "keys") {
      if (args[3] !== "") {
        throw err("When using MIGRATE KEYS option, the key argument must be set to the empty string");
      }
      keys = args.slice(i + 1);
      break;
    } else throw SYNTAX;
  }
  integer(args[5]!);
  integer(args[4]!);
  return { keys, copy, replace };
}

/** MIGRATE. */
export const migration: CommandGroup = {
  migrate(session, args) {
    const { keys } = readMigration(args);
    if (keys.every((key) => session.db.find(key) === undefined)) return new Simple("NOKEY");
    throw UNREACHABLE;
  },
};
