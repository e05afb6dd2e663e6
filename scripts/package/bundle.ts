/**
 * Bundles the library for npm: ES modules and CommonJS in a few chunks each, from the same source.
 *
 * CommonJS is made of the chunks of the ES modules, so both have the same entries and share code between entries in the
 * same way. Node loads CommonJS for `import` and for `require()`: an ES module there only names the exports, so that a
 * process that uses both has one instance of each class. Deno does as Node; bundlers and Bun take the ES modules.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { build, type Metafile } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Entry } from "./entries.ts";
import { type ChunkGroup, mergeChunks } from "./merge_chunks.ts";
import { choosesTransport, forWorkers, WORKERD_FOLDER, workerdEntry } from "./workerd.ts";

/** The prefix of source paths in source maps. */
const SOURCES = "keywire:///";

/**
 * Node 20 is the oldest that is supported. Without comments and white space the files are half as large, which is time
 * when a program starts. Names stay, and lines end, so that a stack trace can be read without the source maps.
 */
const COMMON = {
  platform: "neutral",
  target: "node20",
  logLevel: "error",
  sourcemap: true,
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 160,
} as const;

/** Bundles the entries as ES modules into `esm/` of `folder`; without `write` only describes them. */
export async function bundleModules(
  root: string,
  entries: readonly Entry[],
  folder: string,
  write: boolean = true,
): Promise<Metafile> {
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [
      ...entries.map(({ name, source }) => ({ in: join(root, source), out: name })),
      ...entries.filter(choosesTransport).map((entry) => workerdEntry(root, entry)),
    ],
    plugins: [forWorkers],
    bundle: true,
    splitting: true,
    format: "esm",
    external: ["node:*"],
    outdir: join(folder, "esm"),
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunks/[name]-[hash]",
    // Bun runs a file with this line as it is, without translating it once more.
    banner: { js: "// @bun" },
    absWorkingDir: folder,
    metafile: true,
    write,
  });
  return metafile;
}

/** The files that are loaded with an output of a bundle: itself, and all that it imports statically. */
export function loadedWith(
  outputs: Metafile["outputs"],
  path: string,
  found: Set<string> = new Set(),
): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: next, kind } of outputs[path]!.imports) {
    if (kind === "import-statement" && next in outputs) loadedWith(outputs, next, found);
  }
  return found;
}

/** Writes `esm/`, `cjs/` and `node/` into `folder`. */
export async function bundle(root: string, entries: readonly Entry[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const esm = join(folder, "esm");
  const metafile = await bundleModules(root, entries, folder);
  nameSources(root, esm);
  const cjs = join(folder, "cjs");
  await convert(esm, cjs);
  nameSources(root, cjs);
  mergeChunks(cjs, listFiles(cjs, ".cjs"), groupChunks(metafile));
  for (const { name } of entries) {
    const exports = exportsOf(metafile, name);
    if (exports.includes("default")) annotateDefault(join(cjs, `${name}.cjs`));
    writeNodeModule(folder, name, exports);
  }
  for (const path of listFiles(cjs, ".cjs")) varyLength(join(cjs, path));
}

/**
 * Adds a comment whose length depends on the code. Deno caches compiled CommonJS by path and length, and would run the
 * code of the version before, with other names of chunks, after an upgrade in place.
 */
function varyLength(file: string): void {
  const text = readFileSync(file, "utf8");
  const padding = " ".repeat(createHash("sha256").update(text).digest().readUInt16LE() % 1_021);
  writeFileSync(file, text.replace(/(?=\n\/\/# sourceMappingURL=.*\s*$)|$/, `\n//${padding}`));
}

/** esbuild's list of the exports, for tools that read CommonJS without running it, lacks the default one. */
function annotateDefault(file: string): void {
  const text = readFileSync(file, "utf8");
  const value = /\bdefault:\(\)=>([\w$.]+)/.exec(text)![1];
  writeFileSync(
    file,
    text.replace(/(?=\n\/\/# sourceMappingURL=.*\s*$)/, `\n0&&(exports.default=${value});`),
  );
}

/** The paths of files with this extension, with slashes. */
function listFiles(folder: string, extension: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(extension))
    .map((path) => path.replaceAll("\\", "/"));
}

/** Names sources in source maps by their path in the repository. */
function nameSources(root: string, folder: string): void {
  for (const path of listFiles(folder, ".map")) {
    const file = join(folder, path);
    const map = JSON.parse(readFileSync(file, "utf8")) as { sources: string[] };
    const sources = map.sources.map((source) =>
      source.startsWith(SOURCES)
        ? source
        : SOURCES + relative(root, resolve(dirname(file), source)).replaceAll("\\", "/")
    );
    writeFileSync(file, JSON.stringify({ ...map, sources }));
  }
}

/**
 * Groups chunks into files of CommonJS, smaller entries first, because the larger ones share their chunks; then those
 * that each program on Node loads with its first connection.
 */
function groupChunks({ outputs }: Metafile): ChunkGroup[] {
  const taken = new Set<string>();
  const names = ["core", "commands", "index", "transports/node"].filter((name) =>
    `esm/${name}.mjs` in outputs
  );
  return names.map((name) => {
    const found: string[] = [];
    const visit = (path: string): void => {
      for (const { path: next, kind } of outputs[path]!.imports) {
        if (kind !== "import-statement" || !(next in outputs) || taken.has(next)) continue;
        taken.add(next);
        visit(next);
        if (next.startsWith("esm/chunks/")) found.push(next.slice("esm/".length).replace(/\.mjs$/, ".cjs"));
      }
    };
    visit(`esm/${name}.mjs`);
    return { file: `chunks/${basename(name)}.cjs`, chunks: found };
  });
}

/** Turns ES modules into CommonJS, file by file. */
async function convert(from: string, to: string): Promise<void> {
  // Workers have no CommonJS.
  const files = listFiles(from, ".mjs").filter((path) => !path.startsWith(`${WORKERD_FOLDER}/`));
  await build({
    ...COMMON,
    entryPoints: files.map((path) => join(from, path)),
    format: "cjs",
    // Adds the names of the exports, for imports of CommonJS.
    platform: "node",
    outdir: to,
    outbase: from,
    outExtension: { ".js": ".cjs" },
    // There is no `import.meta` in CommonJS; a path does where a URL would.
    define: { "import.meta.url": "__filename" },
    // `import()` becomes `require()` in a promise.
    supported: { "dynamic-import": false },
  });
  for (const path of files) {
    const file = join(to, path.replace(/\.mjs$/, ".cjs"));
    // The new name is as long as the old one, so the source map still fits.
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(/(require\("\.[^"]*)\.mjs"\)/g, '$1.cjs")'));
  }
}

function exportsOf(metafile: Metafile, name: string): readonly string[] {
  return metafile.outputs[`esm/${name}.mjs`]!.exports;
}

/**
 * Writes the module that Node imports: the named exports of the CommonJS entry. It imports them through a file that
 * only re-exports them, because Node reads an imported CommonJS file twice, once to find the names.
 */
function writeNodeModule(folder: string, name: string, exports: readonly string[]): void {
  const file = join(folder, "node", `${name}.mjs`);
  const target = relative(dirname(file), join(folder, "cjs", `${name}.cjs`));
  const lines = exports.map((each) =>
    each === "default" ? "export default entry.default;" : `export const ${each} = entry.${each};`
  );
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `import entry from "./${basename(name)}.cjs";\n${lines.join("\n")}\n`);
  writeFileSync(
    join(folder, "node", `${name}.cjs`),
    `"use strict";\nconst entry = require("${target}");\nmodule.exports = entry;\n`,
  );
}
