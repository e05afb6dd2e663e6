/**
 * Programs that only the check of the package needs: exact versions from npm, kept in `.cache/tools/`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/**
 * Returns the folder in which these packages are installed, under `node_modules`; installs them when they are missing.
 *
 * @param name a name for the folder
 * @param packages versions by package
 * @param scripts whether the packages' install steps are run; default `true`
 */
export function toolFolder(
  root: string,
  name: string,
  packages: Readonly<Record<string, string>>,
  scripts: boolean = true,
): string {
  const versions = Object.values(packages).join("_");
  const folder = join(root, ".cache", "tools", `${name}-${versions}`);
  if (existsSync(folder)) return folder;
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  // The packages `node` and `esbuild` bring their programs by an install step.
  const manifest = { private: true, dependencies: packages, allowScripts: { node: true, esbuild: true } };
  writeFileSync(join(scratch, "package.json"), JSON.stringify(manifest));
  const flags = ["--no-audit", "--no-fund", `--ignore-scripts=${!scripts}`, "--loglevel=error"];
  execFileSync("npm", ["install", ...flags], {
    cwd: scratch,
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(scratch, folder);
  return folder;
}
