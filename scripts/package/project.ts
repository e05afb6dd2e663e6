/**
 * Empty projects in which the package is installed as users do it.
 *
 * @module
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Report, run } from "./report.ts";

/** The shared parts of all checks of the package. */
export interface Bench {
  /** The project's own folder. */
  readonly root: string;
  /** A folder for projects; removed at the end. */
  readonly scratch: string;
  /** The package. */
  readonly tarball: string;
  /** Variables for programs: `REDIS_URL`. */
  readonly env: Readonly<Record<string, string>>;
  /** The report for results. */
  readonly report: Report;
}

/** Returns the path of a development tool of this project. */
export function tool({ root }: Pick<Bench, "root">, name: string): string {
  return join(root, "node_modules", ".bin", name);
}

/** Makes a folder with these files. */
export function makeProject(
  { scratch }: Bench,
  name: string,
  files: Readonly<Record<string, string>>,
): string {
  const folder = join(scratch, name);
  for (const [path, text] of Object.entries({ "package.json": '{ "private": true }', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Makes a project, copies the tools in `tools` into it, and installs the package. */
export async function installedProject(
  bench: Bench,
  name: string,
  files: Readonly<Record<string, string>>,
  tools?: string,
): Promise<string> {
  const folder = makeProject(bench, name, files);
  if (tools !== undefined) {
    cpSync(join(tools, "node_modules"), join(folder, "node_modules"), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  const home = join(folder, "node_modules", "@keywire", "redis");
  mkdirSync(home, { recursive: true });
  await run(folder, "tar", ["-xzf", bench.tarball, "-C", home, "--strip-components=1"]);
  return folder;
}
