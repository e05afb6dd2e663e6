/**
 * The commands of the command line, and their parameters.
 *
 * @module
 */
import type { Listener } from "../testing/listener.ts";
import type { Transport } from "../transport.ts";
import type { NetworkInspector } from "./inspector.ts";

/** The terminal, or the pipes, of the process. */
export interface Terminal {
  /** The arguments of the process, without the program. */
  readonly args: readonly string[];
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The width of the standard output in characters; `undefined` where it is not a terminal. */
  readonly columns: number | undefined;
  /** Writes to the standard output. */
  write(text: string): void;
  /** Writes to the standard error. */
  writeError(text: string): void;
  /** Returns a signal that SIGINT and SIGTERM abort. Without a call, they end the process. */
  interrupted(): AbortSignal;
}

/** The functions of the runtime for commands. */
export interface CliContext {
  /** The terminal. */
  readonly terminal: Terminal;
  /** Connects to servers. */
  readonly transport: Transport;
  /** Resolves names and reads certificates. */
  readonly inspector: NetworkInspector;
  /** Listens for clients. */
  readonly listener: Listener;
  /** Imports the package `wasmoon-lua5.1`. */
  readonly importLua: () => Promise<unknown>;
}

/** An option: `--port N`. */
export interface CliOption {
  /** The placeholder of the value in the help: `"N"`. An option without it is a flag. */
  readonly value?: string;
  /** One letter: `"p"` for `-p`. */
  readonly short?: string;
  /** Whether the option can be repeated. */
  readonly multiple?: boolean;
  /** Whether the value is the path of a file, which shells complete. */
  readonly path?: boolean;
  /** A line for the help, default included. */
  readonly description: string;
}

/** The arguments after the name of a command. */
export interface CliArguments {
  /** The values of options by name: text, `true` for a flag, an array for an option that can be repeated. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The other arguments. */
  readonly positionals: readonly string[];
}

/** A command of the command line; each has a file in `commands/`. */
export interface CliCommand {
  /** The arguments as the help shows them: `"[options]"`, `"URL [options]"`. */
  readonly usage: string;
  /** Paragraphs for the help, above the options. */
  readonly description: string;
  /** Options by their names; `--help` is added. */
  readonly options: Readonly<Record<string, CliOption>>;
  /** Lines for the help, behind the options. */
  readonly examples?: readonly string[];
  /** The smallest and the largest number of positional arguments. Default none. */
  readonly positionals?: readonly [least: number, most: number];
  /** The values of the positional argument, for completion. Default: it is free text. */
  readonly words?: readonly string[];
  /** Runs it; resolves with the exit code. A `UsageError` becomes exit code 2, an `Interrupted` 130, any other error 1. */
  run(args: CliArguments, context: CliContext): Promise<number>;
}

/** A command in the table: its code is loaded when it is called. */
export interface CliEntry {
  /** The name of the command. */
  readonly name: string;
  /** A line for the list of commands. */
  readonly summary: string;
  /** Loads it. */
  readonly load: () => Promise<CliCommand>;
}
