/**
 * Bundles the library for npm: ES modules and CommonJS in a few chunks each, from the same source.
 *
 * CommonJS is made of the chunks of the ES modules, so both have the same entries and share code between entries in the
 * same way. Node loads CommonJS for `import` and for `require()`: an ES module there only names the exports, so that a
 * process that uses both has one instance of each class. Deno does as Node; bundlers and Bun take the ES modules.
 *
 * @module
 */
import { build, type Metafile } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** An entry point of the package. */
export interface Entry {
  /** Its key in `exports`, such as `"./core"`. */
  readonly key: string;
  /** Its source, such as `"./core.ts"`. */
  readonly source: string;
  /** Its files without folder and extension, such as `"core"` or `"transports/node"`. */
  readonly name: string;
}

/** The entries that the `exports` of deno.json name. */
export function listEntries(exports: Readonly<Record<string, string>>): Entry[] {
  return Object.entries(exports).map(([key, source]) => ({
    key,
    source,
    name: key === "." ? "index" : key.slice(2),
  }));
}

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

/** Writes `esm/`, `cjs/` and `node/` into `folder`. */
export async function bundle(root: string, entries: readonly Entry[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const esm = join(folder, "esm");
  const { metafile } = await build({
    ...COMMON,
    entryPoints: entries.map(({ name, source }) => ({ in: join(root, source), out: name })),
    bundle: true,
    splitting: true,
    format: "esm",
    external: ["node:*"],
    outdir: esm,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunks/[name]-[hash]",
    absWorkingDir: folder,
    metafile: true,
  });
  await convert(esm, join(folder, "cjs"));
  for (const { name } of entries) writeNodeModule(folder, name, exportsOf(metafile, name));
}

/** Turns ES modules into CommonJS, file by file. */
async function convert(from: string, to: string): Promise<void> {
  const files = readdirSync(from, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".mjs")
  );
  await build({
    ...COMMON,
    entryPoints: files.map((path) => join(from, path)),
    format: "cjs",
    // Adds the names of the exports, for those who import CommonJS.
    platform: "node",
    outdir: to,
    outbase: from,
    outExtension: { ".js": ".cjs" },
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

/** The module that Node imports: the exports of the CommonJS entry, by name. */
function writeNodeModule(folder: string, name: string, exports: readonly string[]): void {
  const file = join(folder, "node", `${name}.mjs`);
  const target = relative(dirname(file), join(folder, "cjs", `${name}.cjs`));
  const lines = exports.map((each) =>
    each === "default" ? "export default entry.default;" : `export const ${each} = entry.${each};`
  );
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `import entry from "${target}";\n${lines.join("\n")}\n`);
}
