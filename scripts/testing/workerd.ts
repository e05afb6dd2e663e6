/**
 * Makes workerd, the runtime of Cloudflare Workers, available to the tests that need it.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { toolFolder } from "../package/tools.ts";

/** The package of workerd: 160 MB, so that it is no part of `npm ci`. */
const VERSION = "1.20261117.1";

/** Returns the path of workerd; installs it into `.cache/tools/` when it is missing. */
export function workerdProgram(root: string): string {
  const packages = join(toolFolder(root, "workerd", { workerd: VERSION }), "node_modules", "@cloudflare");
  const [own] = readdirSync(packages).filter((name) => name.startsWith("workerd-"));
  return join(packages, own!, "bin", "workerd");
}

/**
 * Installs workerd into `.cache/tools/` if a selected file needs it, and sets `KEYWIRE_WORKERD` to its program. When the
 * variable is set already, to a program or to `0` for none, it stays.
 */
export function installWorkerd(root: string, files: readonly string[]): void {
  if (process.env.KEYWIRE_WORKERD || !files.some((file) => file.startsWith("tests/workers/"))) return;
  try {
    process.env.KEYWIRE_WORKERD = workerdProgram(root);
  } catch (error) {
    console.error(`The tests in workerd are skipped, as it cannot be installed: ${(error as Error).message}`);
  }
}
