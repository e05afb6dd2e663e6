/**
 * Other commits to compare with, checked out under `.cache`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** Runs git and returns its output; throws if it fails. */
export function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Returns the hash of a commit; undefined if this clone does not have it. */
export function findCommit(ref: string): string | undefined {
  try {
    return git("rev-parse", "--verify", `${ref}^{commit}`);
  } catch {
    return undefined;
  }
}

/** Checks a commit out, once, with the tools of this checkout; returns the folder. */
export function checkOut(commit: string): string {
  const folder = join(ROOT, ".cache", `commit-${commit.slice(0, 12)}`);
  if (!existsSync(folder)) {
    git("clone", "--quiet", "--shared", "--no-checkout", ".", folder);
    execFileSync("git", ["checkout", "--quiet", commit], { cwd: folder });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  }
  return folder;
}
