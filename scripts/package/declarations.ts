/**
 * The declarations of the package, by TypeScript itself: those of `deno pack` lose every member whose name is a symbol, and
 * with it `using` (https://github.com/denoland/deno/issues/36567).
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const OPTIONS = [
  "--declaration",
  "--emitDeclarationOnly",
  "--noCheck",
  "--target",
  "esnext",
  "--module",
  "nodenext",
  "--allowImportingTsExtensions",
  "--types",
  "node",
];

/** The arguments by which `tsc` writes declarations of `entries` into `folder`. */
export function declarationArguments(root: string, entries: readonly string[], folder: string): string[] {
  return [...OPTIONS, "--rootDir", root, "--outDir", folder, ...entries.map((entry) => join(root, entry))];
}

/** `./x.ts` of a source is `./x.js` beside its declaration. */
const IMPORT = /(\bfrom |\bimport\(|\bimport )(["'])(\.{1,2}\/[^"']+)\.ts\2/g;

// Projects that target something older than this library know the symbols all the same.
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

/**
 * Puts the declarations in `from` in the place of those in `to`, as far as they can be reached from `entries`.
 */
export function replaceDeclarations(from: string, to: string, entries: readonly string[]): void {
  for (const path of readdirSync(to, { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".d.ts")) rmSync(join(to, path));
  }
  const left = entries.map((entry) => entry.replace(/^\.\//, "").replace(/\.ts$/, ".d.ts"));
  const seen = new Set<string>();
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    if (!existsSync(join(from, path))) {
      throw new Error(`Cannot build the package: there is no declaration ${path}`);
    }
    const source = readFileSync(join(from, path), "utf8");
    for (const [, , , name] of source.matchAll(IMPORT)) left.push(join(dirname(path), `${name}.d.ts`));
    const text = source.replace(IMPORT, "$1$2$3.js$2");
    mkdirSync(dirname(join(to, path)), { recursive: true });
    writeFileSync(join(to, path), /\[Symbol\.(asyncD|d)ispose\]/.test(text) ? DISPOSABLE + text : text);
  }
}
