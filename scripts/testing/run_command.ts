/**
 * Runs a program to its end, within a limit of time.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";

/** The result of a run. */
export interface CommandResult {
  /** Its exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it. */
  readonly signal: string | null;
  /** The standard output and standard error together. */
  readonly output: string;
  /** Whether it was ended because its time was up. */
  readonly timedOut: boolean;
}

/** The maximum of characters to keep of the output. */
const KEPT_OUTPUT = 200_000;
const running = new Set<number>();

// Ends the process group, so that child processes end, too (and servers by their watchdog).
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The process has already ended.
  }
}

/** Ends all running programs, when this one is ended. */
export function killAll(): void {
  for (const pid of running) killGroup(pid);
}

/**
 * Runs a program. Always resolves.
 *
 * @param limit milliseconds until it is killed
 * @param variables additional environment variables
 * @param cwd the working directory; default: the current one
 */
export function runCommand(
  command: string,
  args: readonly string[],
  limit: number,
  variables: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    let output = "";
    let timedOut = false;
    const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...variables };
    const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"], detached: true, env, cwd });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const timer = setTimeout(() => {
      timedOut = true;
      if (pid !== undefined) killGroup(pid);
    }, limit);
    const end = (code: number | null, signal: string | null) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      resolve({ code, signal, output, timedOut });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        output = (output + text).slice(-KEPT_OUTPUT);
      });
    }
    child.once("error", (error) => {
      output += error.message;
      end(null, null);
    });
    // Not "close": something that was left running may hold the pipes open.
    child.once("exit", (code, signal) => setImmediate(() => end(code, signal)));
  });
}
