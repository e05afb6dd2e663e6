/**
 * Checks the paths in pages for contributors: each file or folder in backticks exists.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["src", "transports", "scripts", "tests", "docs", "examples", "bench"];
/** A file with an extension, also with `*`, or a folder with a slash at the end. */
const PATH = /^[\w.*/-]+\.(ts|md|sh|json)$|^[\w.-]+(\/[\w.-]+)*\/$/;
/** Folders that commands create. */
const CREATED: ReadonlySet<string> = new Set(["dist"]);

/** Returns all paths of the project, relative to `root`. */
export function listPaths(root: string): string[] {
  const inside = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
  );
  return [...readdirSync(root), ...inside];
}

/** Returns the paths in backticks that do not exist. The end of a path is sufficient, such as `pool/pool.ts`. */
export function missingPaths(text: string, paths: readonly string[]): string[] {
  const words = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.split(/[\s,]+/));
  const named = words.map((word) => word.replace(/^\.\//, "")).filter((word) => PATH.test(word));
  return [...new Set(named.map((path) => path.replace(/\/$/, "")))].filter((path) => {
    const source = path.replaceAll(".", "\\.").replaceAll("*", "[^/]*");
    const pattern = new RegExp(`(^|/)${source}$`);
    return !CREATED.has(path) && !paths.some((one) => pattern.test(one));
  });
}
