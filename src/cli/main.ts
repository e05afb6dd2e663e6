/**
 * Finds the command that the arguments name, reads its options and runs it.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { didYouMean } from "../options/did_you_mean.ts";
import type { CliArguments, CliCommand, CliContext, CliEntry } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT } from "./exit.ts";
import { commandHelp, PROGRAM, programHelp } from "./help.ts";
import { Interrupted, UsageError } from "./usage_error.ts";

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** Adds the option that was probably meant to the message of `parseArgs`. */
function explain(reason: unknown, command: CliCommand): UsageError {
  const [message] = messageOf(reason).split(". To specify a positional argument");
  const unknown = /^Unknown option '--([^']*)'/.exec(message!)?.[1];
  const meant = unknown && didYouMean(unknown, Object.keys(command.options));
  return new UsageError(meant === undefined ? message! : `${message}. Did you mean "--${meant}"?`);
}

/** Reads the arguments of a command; `undefined` where they ask for its help. */
function readArguments(command: CliCommand, args: readonly string[]): CliArguments | undefined {
  const options = Object.entries(command.options).map(([name, { value, short, multiple = false }]) =>
    [name, {
      type: value === undefined ? "boolean" as const : "string" as const,
      multiple,
      ...short === undefined ? {} : { short },
    }] as const
  );
  let parsed: CliArguments;
  try {
    parsed = parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(options), help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw explain(error, command);
  }
  if (parsed.values.help === true) return undefined;
  const [least, most] = command.positionals ?? [0, 0];
  const { length } = parsed.positionals;
  // It is not repeated in the message: it may be a URL with a password.
  if (length > most) throw new UsageError(`there are too many arguments: ${command.usage}`);
  if (length < least) throw new UsageError(`an argument is missing: ${command.usage}`);
  return parsed;
}

function findEntry(name: string, commands: readonly CliEntry[]): CliEntry {
  const found = commands.find((each) => each.name === name);
  if (found !== undefined) return found;
  if (name.includes(":")) throw new UsageError("the name of a command must precede the URL");
  const meant = didYouMean(name, commands.map((each) => each.name));
  const kind = name.startsWith("-") ? "option" : "command";
  throw new UsageError(
    `there is no ${kind} "${name}"${meant === undefined ? "" : `. Did you mean "${meant}"?`}`,
  );
}

async function dispatch(context: CliContext, commands: readonly CliEntry[]): Promise<number> {
  const { terminal } = context;
  const [name, ...rest] = terminal.args;
  if (name === "-v" || name === "--version") {
    const { LIB_VERSION } = await import("../options/resolve.ts");
    terminal.write(`${LIB_VERSION}\n`);
    return EXIT.ok;
  }
  if (name === undefined) {
    terminal.writeError(programHelp(commands));
    return EXIT.usage;
  }
  const wantsHelp = name === "help" || name === "-h" || name === "--help";
  if (wantsHelp && rest.length === 0) {
    terminal.write(programHelp(commands));
    return EXIT.ok;
  }
  const entry = findEntry(wantsHelp ? rest[0]! : name, commands);
  const command = await entry.load();
  const args = wantsHelp ? undefined : readArguments(command, rest);
  if (args === undefined) {
    terminal.write(commandHelp(entry.name, command));
    return EXIT.ok;
  }
  return await command.run(args, context);
}

/**
 * Runs the command line; resolves with the exit code: 0 when all went well, 1 after an error, 2 for arguments that are
 * wrong, 130 when a signal ended it before it was finished. Errors go to the standard error; nothing is thrown.
 */
export async function main(
  context: CliContext,
  commands: readonly CliEntry[] = COMMANDS,
): Promise<number> {
  const { terminal } = context;
  try {
    return await dispatch(context, commands);
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.interrupted;
    const name = commands.find((each) => each.name === terminal.args[0])?.name;
    const program = name === undefined ? PROGRAM : `${PROGRAM} ${name}`;
    terminal.writeError(`${program}: ${messageOf(error)}\n`);
    if (!(error instanceof UsageError)) return EXIT.failure;
    terminal.writeError(`Run "${program} --help" for help.\n`);
    return EXIT.usage;
  }
}
