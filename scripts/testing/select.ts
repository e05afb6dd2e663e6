/**
 * Parses the command line of `./scripts/test`.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Runtime, RUNTIMES } from "./runtimes.ts";

/** The selected jobs. */
export interface Selection {
  /** The selected runtimes. */
  readonly runtimes: readonly Runtime[];
  /** The files of tests, relative to the root. */
  readonly files: readonly string[];
  /** Whether the checks are run, too. */
  readonly checks: boolean;
}

const FOLDERS = ["src", "transports", "tests", "scripts", "examples"];

/** All files of tests under `root`, sorted. */
export function listTestFiles(root: string): string[] {
  return FOLDERS.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => {
      return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .map((path) => `${folder}/${path.replaceAll("\\", "/")}`);
    })
    .filter((path) => path.endsWith(".test.ts"))
    .sort();
}

/**
 * Understands the words of a command line: names of runtimes, `checks`, and parts of the paths of test files. Nothing
 * at all means everything.
 *
 * @throws {Error} when a word matches no file.
 */
export function select(words: readonly string[], files: readonly string[]): Selection {
  const isRuntime = (word: string): word is Runtime => (RUNTIMES as readonly string[]).includes(word);
  const runtimes = words.filter(isRuntime);
  const parts = words.filter((word) => !isRuntime(word) && word !== "checks");
  for (const part of parts) {
    if (!files.some((file) => file.includes(part))) {
      throw new Error(
        `No test file has "${part}" in its path. Usage: ./scripts/test [deno|bun|node] [checks] [part...]`,
      );
    }
  }
  const checks = words.length === 0 || words.includes("checks");
  const onlyChecks = checks && words.length > 0 && runtimes.length === 0 && parts.length === 0;
  const wanted = files.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
  return {
    runtimes: runtimes.length === 0 ? RUNTIMES : runtimes,
    files: onlyChecks ? [] : wanted,
    checks,
  };
}
