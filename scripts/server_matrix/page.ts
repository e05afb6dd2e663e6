/**
 * The output of `scripts/server_matrix/matrix.ts`: the table in `docs/matrix.md`, and its totals in the README.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { Runtime } from "../testing/runtimes.ts";

const NAMES: Readonly<Record<Runtime, string>> = { node: "Node", bun: "Bun", deno: "Deno" };
/** The marked part of the README. */
const MARKED = /(<!-- matrix -->)[^]*(<!-- \/matrix -->)/;

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A table in Markdown. */
export function makeTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The sums of a row, each of whose cells but the first is `passed / failed / skipped`. */
function sumUp([server = "", ...cells]: readonly string[]): string[] {
  const counts = cells.map((cell) => cell.split(" / ").map(Number));
  const sums = [0, 1, 2].map((place) => counts.reduce((sum, count) => sum + (count[place] || 0), 0));
  return [server, ...sums.map(String)];
}

/** Writes both; `table` is the whole one, of `rows`. */
export function writePages(runtime: Runtime, table: string, rows: readonly (readonly string[])[]): void {
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(
    "docs/matrix.md",
    `# Servers that the suite runs on

Tests that passed / failed / were skipped, as the server lacks what they need. Those of commands and of the client run each
under RESP2 and under RESP3. Made by \`./scripts/matrix\` on ${date}, on ${
      NAMES[runtime]
    }; which tests are run where, and why
not all everywhere, stands at the top of [matrix.ts](../scripts/server_matrix/matrix.ts).

${table}
`,
  );
  const short = makeTable(["server", "passed", "failed", "skipped"], rows.map(sumUp));
  const text = readFileSync("README.md", "utf8");
  writeFileSync(
    "README.md",
    text.replace(MARKED, `$1\n\nOn ${date}, on ${NAMES[runtime]}:\n\n${short}\n\n$2`),
  );
  execFileSync("node_modules/.bin/deno", ["fmt", "--quiet", "README.md", "docs/matrix.md"]);
}
