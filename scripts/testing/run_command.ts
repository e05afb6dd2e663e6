/**
 * Runs a program to its end, within a limit of time.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";

/** What came of a run. */
export interface CommandResult {
  /** Its exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it. */
  readonly signal: string | null;
  /** What it wrote to standard output and standard error, in one. */
  readonly output: string;
  /** Whether it was ended because its time was up. */
  readonly timedOut: boolean;
}

/** More than this is not kept of what a program writes. */
const KEPT_OUTPUT = 200_000;
const running = new Set<number>();

// Its group: what a test process started, goes with it (and the servers by their watchdog).
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself in the meantime.
  }
}

/** Ends all programs that run now; for when this one is told to end. */
export function killAll(): void {
  for (const pid of running) killGroup(pid);
}

/**
 * Runs a program; resolves whatever comes of it.
 *
 * @param limit milliseconds until it is killed
 * @param variables what its environment has beside ours
 * @param cwd the folder that it runs in; ours, if none is given
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
