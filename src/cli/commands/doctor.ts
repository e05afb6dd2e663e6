/**
 * `doctor`: examines a connection step by step.
 *
 * @module
 */
import type { CliCommand } from "../command.ts";
import { diagnoseWith } from "../doctor/diagnose.ts";
import { printFinding, printSummary } from "../doctor/print.ts";
import { readFlag, readNumber } from "../read_options.ts";

/** The command. */
export const doctor: CliCommand = {
  usage: "URL [options]",
  description:
    `Examines step by step what a connection needs: name, TCP, TLS, login, permissions, latency, and the state of
the server. URLs of sentinels (redis-sentinel://HOST,HOST/SERVICE) and of nodes of clusters are examined as a whole.
Nothing is written to the server. Passwords are never printed.

The exit code is 0 when all is well or there are only warnings, 1 when something is wrong, 2 for wrong arguments.`,
  options: {
    json: { description: "Print the findings as JSON" },
    strict: { description: "Exit with code 1 for warnings, too" },
    pings: { value: "N", description: "PINGs that measure the latency (default 1000; 0: none)" },
    timeout: { value: "MS", description: "Milliseconds for each step (default 5000)" },
  },
  examples: [
    "keywire doctor redis://localhost:6379",
    "keywire doctor rediss://user:password@example.com:6380 --json",
  ],
  positionals: [1, 1],
  async run(args, { terminal, transport, inspector }) {
    const json = readFlag(args, "json");
    const color = terminal.columns !== undefined && !terminal.env.NO_COLOR;
    const equipment = {
      transport,
      inspector,
      pings: readNumber(args, "pings", { most: 1_000_000 }) ?? 1_000,
      timeout: readNumber(args, "timeout", { least: 1, most: 600_000 }) ?? 5_000,
    };
    const diagnosis = await diagnoseWith(args.positionals[0]!, equipment, (finding) => {
      if (!json) terminal.write(printFinding(finding, color));
    });
    terminal.write(json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : printSummary(diagnosis));
    const { verdict } = diagnosis;
    return verdict === "failure" || (verdict === "warning" && readFlag(args, "strict")) ? 1 : 0;
  },
};
