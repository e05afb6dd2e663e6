/**
 * Lines that a passed test prints: `./scripts/test` shows them below the name of the file.
 *
 * @module
 */
import { appendFileSync } from "node:fs";
import process from "node:process";

/** Prints a line. */
export function printNote(line: string): void {
  const file = process.env.KEYWIRE_NOTES;
  if (file === undefined) console.log(line);
  else appendFileSync(file, `${line}\n`);
}
