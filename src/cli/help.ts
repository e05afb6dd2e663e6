/**
 * The texts of `--help`.
 *
 * @module
 */
import type { CliCommand, CliEntry, CliOption } from "./command.ts";

/** The name of the program in the help. */
export const PROGRAM = "keywire";

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}

function describeOption(name: string, { value, short }: CliOption): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

/** The help of the program. */
export function programHelp(commands: readonly CliEntry[]): string {
  return `Usage: ${PROGRAM} COMMAND [options]

Commands:
${table(commands.map(({ name, summary }) => [name, summary]))}
Options:
${table([["-h, --help", "Show this help"], ["-v, --version", "Show the version"]])}
Run "${PROGRAM} COMMAND --help" for the options of a command.
`;
}

/** The help of a command. */
export function commandHelp(name: string, { usage, description, options, examples }: CliCommand): string {
  const rows = Object.entries(options).map(([each, option]): [string, string] => [
    describeOption(each, option),
    option.description,
  ]);
  rows.push(["-h, --help", "Show this help"]);
  const shown = (examples ?? []).map((line) => `  ${line}\n`).join("");
  return `Usage: ${PROGRAM} ${name} ${usage}

${description}

Options:
${table(rows)}${shown === "" ? "" : `\nExamples:\n${shown}`}`;
}
