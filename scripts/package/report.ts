/**
 * Checks that run one after another, with one line of output each.
 *
 * @module
 */
import { runCommand } from "../testing/run_command.ts";

/** Milliseconds for one program. */
const LIMIT = 120_000;

/** The results of all checks. */
export class Report {
  /** The number of failures. */
  failed = 0;

  /** Reports a check that cannot run here, with the reason. */
  skip(name: string, reason: string): void {
    console.log(`skip   ${name}: ${reason}`);
  }

  /** Runs a check. Its result, if any, is printed after its name. */
  async check(name: string, run: () => Promise<string | void>): Promise<void> {
    const start = performance.now();
    try {
      const more = await run();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`ok     ${name}${more ? `: ${more}` : ""}  (${seconds} s)`);
    } catch (error) {
      this.failed++;
      console.log(`FAILED ${name}\n${(error as Error).message.trim().replace(/^/gm, "    ")}`);
    }
  }
}

/**
 * Runs a program in a folder. Returns its output.
 *
 * @throws {Error} with the output, if it failed or did not print `expected`.
 */
export async function run(
  folder: string,
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  expected = "",
): Promise<string> {
  const { code, output, timedOut } = await runCommand(command, args, LIMIT, variables, folder);
  if (code !== 0 || !output.includes(expected)) {
    const end = timedOut ? `did not end within ${LIMIT / 1000} s` : `ended with ${code}`;
    throw new Error(`${command} ${args.join(" ")} ${end}\n${output}`);
  }
  return output;
}
