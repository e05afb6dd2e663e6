/**
 * Temporary folders.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard, release } from "./watchdog.ts";

/** A folder that goes when it is removed, or at the latest when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "keywire-"));
  guard(folder);
  return folder;
}

/** Removes a folder of {@linkcode temporaryFolder}. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  release(folder);
}
