/**
 * Preloaded for test files on Deno, whose `node:test` (2.9) hides errors outside of tests (in a timer, at the top of
 * a module) and reports success. Each such error is appended to the file `KEYWIRE_STRAYS`.
 *
 * @module
 */
import { appendFileSync } from "node:fs";
import process from "node:process";

function record(error: unknown): void {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  const path = process.env.KEYWIRE_STRAYS;
  if (path) appendFileSync(path, `${text}\n`);
}

addEventListener("error", (event) => record((event as Event & { error?: unknown }).error));
addEventListener("unhandledrejection", (event) => record((event as Event & { reason?: unknown }).reason));
