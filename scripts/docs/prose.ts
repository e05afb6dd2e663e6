/**
 * Checks all pages and comments.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findStale } from "../benchmarks/parts/report.ts";
import { checkComments } from "./comments.ts";
import { checkPage } from "./pages.ts";
import { listPaths, missingPaths } from "./paths.ts";
import type { Violation } from "./rules.ts";

const SOURCES = ["src", "transports", "scripts", "examples", "tests"];
/** Pages for contributors, whose paths must exist. */
const STRUCTURE = ["ARCHITECTURE.md", "CONTRIBUTING.md", "scripts/README.md", "tests/README.md"];
const PAGES = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"];
/** Written by programs. */
const RECORDED: ReadonlySet<string> = new Set(["matrix.md"]);

/** Returns all violations, except in the rules themselves. */
export function checkProse(root: string): Violation[] {
  const top = readdirSync(root).filter((name) => name.endsWith(".ts"));
  const sources = SOURCES.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts")).map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
  ).filter((file) => file !== "scripts/docs/rules.ts");
  const guides = readdirSync(join(root, "docs")).filter((name) =>
    name.endsWith(".md") && !RECORDED.has(name)
  );
  const paths = listPaths(root);
  const missing = STRUCTURE.flatMap((file) =>
    missingPaths(readFileSync(join(root, file), "utf8"), paths)
      .map((path): Violation => ({ file, line: 1, message: `\`${path}\` does not exist` }))
  );
  const stale = findStale(join(root, "bench")).map((what): Violation => ({
    file: "bench/README.md",
    line: 1,
    message: `${what} is not as the JSON files have it: run \`./scripts/bench --page\``,
  }));
  return [
    ...missing,
    ...stale,
    ...[...top, ...sources].flatMap((file) => checkComments(file, readFileSync(join(root, file), "utf8"))),
    ...PAGES.flatMap((file) => checkPage(root, file, false)),
    ...guides.flatMap((name) => checkPage(root, `docs/${name}`, true)),
  ];
}
