/**
 * A process that a test starts: watched from its first line of log to its end.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { kill } from "node:process";
import { guard, release } from "./watchdog.ts";

/** The time limit until a server is ready, in milliseconds. */
const START_LIMIT = 30_000;
const KEPT_LINES = 200;

/** The error of an attempt to start a process. */
export class StartError extends Error {
  /** Another process has the port: another one may do. */
  readonly addressInUse: boolean;

  /** Names what did not start, why, and quotes the end of its log. */
  constructor(command: string, why: string, lines: readonly string[]) {
    super(`Cannot start ${command}: ${why}. Its last lines:\n  ${lines.slice(-15).join("\n  ") || "(none)"}`);
    this.addressInUse = lines.some((line) => /Address already in use|Failed listening on port/.test(line));
  }
}

/** A running process, from {@linkcode startDaemon}. */
export class Daemon {
  /** The process itself. */
  readonly process: ChildProcess;
  /** Its number. */
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
  readonly #lines: string[];
  #ended = false;

  /** Users call {@linkcode startDaemon}. */
  constructor(process: ChildProcess, pid: number, lines: string[]) {
    this.process = process;
    this.pid = pid;
    this.#lines = lines;
    guard(pid);
    this.exited = new Promise((resolve) => {
      process.once("exit", () => {
        this.#ended = true;
        release(pid);
        resolve();
      });
    });
  }

  /** Whether the process has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The last lines of its log. */
  get log(): readonly string[] {
    return this.#lines;
  }

  /**
   * Sends a signal. Resolves when the process has ended, or at once for SIGSTOP, SIGCONT and other signals that
   * do not end it. No error if it has ended already.
   */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#ended) return;
    this.process.ref();
    // Not this.process.kill(): Deno 2.9 sends one signal only and ignores further ones.
    kill(this.pid, signal);
    if (["SIGKILL", "SIGTERM", "SIGINT"].includes(signal)) await this.exited;
    else this.process.unref();
  }
}

function collectLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    });
  }
}

/** A process that is only waited for when a test waits for it: it does not keep the test process alive. */
function unref(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as { unref?: () => void } | null)?.unref?.();
}

/**
 * Starts a program; resolves when a line of its output matches `ready`.
 *
 * @throws {StartError} when it ends before, or is not ready in 30 seconds.
 */
export async function startDaemon(
  command: string,
  args: readonly string[],
  ready: RegExp,
  { cwd }: { readonly cwd?: string } = {},
): Promise<Daemon> {
  const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"], cwd });
  const lines: string[] = [];
  let daemon: Daemon | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new StartError(`${command} ${args.join(" ")}`, why, lines));
      collectLines(child, (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        if (ready.test(line)) resolve();
      });
      child.once("error", (error) => fail(error.message));
      // "close" comes after the last line of output.
      child.once("close", (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`));
      timer = setTimeout(() => fail(`it was not ready after ${START_LIMIT} ms`), START_LIMIT);
      if (child.pid !== undefined) daemon = new Daemon(child, child.pid, lines);
    });
    return daemon as Daemon;
  } catch (error) {
    await daemon?.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    unref(child);
  }
}
