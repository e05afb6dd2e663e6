/**
 * The terminal of this process, by `node:process`, which all three runtimes have.
 *
 * @module
 */
import process from "node:process";

/** The terminal, or the pipes, of the process. */
export interface ProcessTerminal {
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
  /** Returns a signal that SIGINT and SIGTERM abort. */
  interrupted(): AbortSignal;
  /** Ends the process with this code after all output was written. */
  exit(code: number): void;
}

/** The standard output of this process. */
export const processOutput = {
  /** The width in characters; `undefined` where it is not a terminal. */
  get columns(): number | undefined {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
  /** Writes to the standard output. */
  write: (text: string): void => void process.stdout.write(text),
};

/** Creates the terminal of this process. */
export function processTerminal(): ProcessTerminal {
  let controller: AbortController | undefined;
  // The reader of a pipe may have seen enough: `| head`.
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => process.exit(code === "EPIPE" ? 0 : 1));
  return {
    args: process.argv.slice(2),
    env: process.env,
    get columns() {
      return processOutput.columns;
    },
    write: processOutput.write,
    writeError: (text) => void process.stderr.write(text),
    interrupted() {
      if (controller === undefined) {
        const own = controller = new AbortController();
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => own.abort());
      }
      return controller.signal;
    },
    exit(code) {
      process.exitCode = code;
      process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
    },
  };
}
