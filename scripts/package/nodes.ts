/**
 * The versions of Node that the package is tried on, as ordinary npm packages, kept in `.cache/`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** Exact, so that a run does not depend on its day; 26 is the one of package.json. */
const VERSIONS = { 20: "20.20.2", 22: "22.23.3", 24: "24.9.0" } as const;

/** A Node. */
export interface Node {
  /** Such as `"Node 22"`. */
  readonly name: string;
  /** The path of its program. */
  readonly program: string;
}

/** Installs what is not there yet; about 5 s and 100 MB each, once. */
export function findNodes(root: string): Node[] {
  const nodes = Object.entries(VERSIONS).map(([major, version]) => {
    const folder = join(root, ".cache", "nodes", version);
    const program = join(folder, "node_modules", "node", "bin", "node");
    if (!existsSync(program)) install(folder, version, program);
    return { name: `Node ${major}`, program };
  });
  return [...nodes, { name: "Node 26", program: join(root, "node_modules", ".bin", "node") }];
}

function install(folder: string, version: string, program: string): void {
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  writeFileSync(
    join(scratch, "package.json"),
    JSON.stringify({ private: true, allowScripts: { node: true } }),
  );
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts=false", `node@${version}`], {
    cwd: scratch,
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(scratch, folder);
  if (!existsSync(program)) throw new Error(`Cannot use node@${version}: npm did not bring ${program}`);
}
