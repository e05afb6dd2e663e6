/**
 * The declarations of the package, by TypeScript: `deno pack` drops every member whose name is a symbol, including
 * the one for `using` (https://github.com/denoland/deno/issues/36567).
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Entry } from "./entries.ts";

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

/** `lib.esnext.disposable` came with TypeScript 5.2; older versions, and projects that do not name it, need this. */
const DISPOSABLE = `interface SymbolConstructor {
  readonly dispose: unique symbol;
  readonly asyncDispose: unique symbol;
}
interface Disposable {
  [Symbol.dispose](): void;
}
interface AsyncDisposable {
  [Symbol.asyncDispose](): PromiseLike<void>;
}
`;

/**
 * Copies the declarations that can be reached from `entries` into `types/` of `to`, and describes for each entry what an
 * ES module sees: the same types, by another name.
 */
export function copyDeclarations(from: string, to: string, entries: readonly Entry[]): void {
  const left = entries.map(({ source }) => declarationOf(source));
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
    const compatible = relative(dirname(path), "disposable.d.ts");
    const reference = `/// <reference path="${compatible}" />\n`;
    write(join(to, "types", path), /\[Symbol\.(asyncD|d)ispose\]/.test(text) ? reference + text : text);
  }
  write(join(to, "types", "disposable.d.ts"), DISPOSABLE);
  for (const { name, source } of entries) {
    const file = join(to, "esm", `${name}.d.mts`);
    const target = relative(dirname(file), join(to, "types", source)).replace(/\.ts$/, ".js");
    const declared = readFileSync(join(to, "types", declarationOf(source)), "utf8");
    // `*` does not include the default export; that of a CommonJS module is, seen from an ES module, the whole module.
    const [, named] = /^export default (\w+);|\b(\w+) as default\b/m.exec(declared)?.filter(Boolean) ?? [];
    const rest = named === undefined ? "" : `export { ${named} as default } from "${target}";\n`;
    write(file, `export * from "${target}";\n${rest}`);
  }
}

/** The declaration of a source, by its path in the project. */
export function declarationOf(source: string): string {
  return source.replace(/^\.\//, "").replace(/\.ts$/, ".d.ts");
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
