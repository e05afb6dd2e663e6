/**
 * Selects commands for faults.
 *
 * @module
 */
import { fromText } from "./texts.ts";
import type { Command } from "../state.ts";

/**
 * Selects commands. A string matches their first words in any case (`"INCR"`, `"CLIENT KILL"`), an array the exact
 * first words (`["GET", "user:1"]`). A pattern matches all words with spaces between them; a function gets the words.
 * A command within a transaction counts when it is queued, not when EXEC runs it.
 */
export type CommandMatch = string | readonly string[] | RegExp | ((args: readonly string[]) => boolean);

/** Makes the test for a match; the words of `args` have a byte in each character. */
export function matcher(match: CommandMatch): (args: readonly string[]) => boolean {
  if (typeof match === "function") return (args) => match(args.map(fromText));
  if (match instanceof RegExp) {
    // A pattern with the flag g or y would continue at its last position.
    const pattern = new RegExp(match.source, match.flags.replace(/[gy]/g, ""));
    return (args) => pattern.test(args.map(fromText).join(" "));
  }
  if (typeof match === "string") {
    const words = match.trim().toUpperCase().split(/\s+/);
    return (args) => words.every((word, index) => fromText(args[index] ?? "").toUpperCase() === word);
  }
  const [name = "", ...rest] = match;
  return (args) =>
    args[0]!.toUpperCase() === name.toUpperCase() &&
    rest.every((word, index) => fromText(args[index + 1] ?? "") === word);
}

/** Errors that are known by their code. */
export type ErrorCode =
  | "BUSY"
  | "CLUSTERDOWN"
  | "LOADING"
  | "MASTERDOWN"
  | "MISCONF"
  | "NOREPLICAS"
  | "OOM"
  | "READONLY"
  | "TRYAGAIN";

interface KnownError {
  readonly text: string;
  /** The commands that a server refuses in this state. */
  readonly refuses: (command: Command) => boolean;
}

const hasKeys = ({ specs, flags }: Command): boolean => specs.length > 0 || flags.has("movablekeys");
const writes = ({ write }: Command): boolean => write;

/** The error texts of Redis 7.0, and the commands that they apply to. */
const ERRORS: Readonly<Record<ErrorCode, KnownError>> = {
  BUSY: {
    text: "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    refuses: ({ flags }) => !flags.has("allow_busy"),
  },
  CLUSTERDOWN: { text: "CLUSTERDOWN The cluster is down", refuses: hasKeys },
  LOADING: {
    text: "LOADING Redis is loading the dataset in memory",
    refuses: ({ flags }) => !flags.has("loading"),
  },
  MASTERDOWN: {
    text: "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    refuses: ({ flags }) => !flags.has("stale"),
  },
  MISCONF: {
    text:
      "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
      "Commands that may modify the data set are disabled, because this instance is configured to report errors " +
      "during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs " +
      "for details about the RDB error.",
    refuses: writes,
  },
  NOREPLICAS: { text: "NOREPLICAS Not enough good replicas to write.", refuses: writes },
  OOM: {
    text: "OOM command not allowed when used memory > 'maxmemory'.",
    refuses: ({ flags }) => flags.has("denyoom"),
  },
  READONLY: { text: "READONLY You can't write against a read only replica.", refuses: writes },
  TRYAGAIN: { text: "TRYAGAIN Multiple keys request during rehashing of slot", refuses: hasKeys },
};

/** The whole text for a code; a text of several words is one already. */
export function errorText(error: string): string {
  const known = ERRORS[error as ErrorCode];
  if (known !== undefined) return known.text;
  if (!/^[A-Z]+ ./.test(error) || /[\r\n]/.test(error)) {
    throw new TypeError(
      `Cannot reply with the error ${JSON.stringify(error)}: give one of ${
        Object.keys(ERRORS).join(", ")
      }, ` +
        "or a whole text in one line that begins with a code",
    );
  }
  return error;
}

/** Whether a server that replies with an error would refuse a command so; any command for errors that are not known. */
export function refusedWith(error: string, command: Command | undefined): boolean {
  const known = ERRORS[error as ErrorCode];
  if (known === undefined) return command === undefined || !command.flags.has("no_auth");
  return command !== undefined && known.refuses(command);
}
