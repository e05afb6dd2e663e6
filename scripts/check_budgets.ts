/**
 * Checks the size of bundles by esbuild, minified and gzipped, and the work of the compiler on a small program.
 *
 * `node scripts/check_budgets.ts` prints what it measures; its exit code is 1 if a limit is exceeded. A runtime's
 * adapter is a chunk that is loaded with the first connection; it is printed, but not counted.
 *
 * @module
 */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundleModules, loadedWith } from "./package/bundle.ts";
import { listEntries } from "./package/entries.ts";
import { forWorkers } from "./package/workerd.ts";
import { gzipSync } from "node:zlib";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** A program whose bundle is weighed. */
interface Bundle {
  readonly name: string;
  readonly source: string;
  /** Bytes, minified and gzipped. */
  readonly budget: number;
  /** The present limit, while it exceeds the budget. */
  readonly until?: number;
  /** Whether it is one file, as bundlers for Workers write. */
  readonly whole?: boolean;
}

const BUNDLES: readonly Bundle[] = [
  {
    name: "{ Redis }",
    source: `import { Redis } from "./mod.ts"; console.log(Redis);`,
    budget: 40_000,
    // All commands: 12 kB. Options with their messages: 10. Connections, replies and pools: 29. Queues and retries: 6. The
    // cache: 3. Pipelines and transactions: 3. Options of sentinels: 4. Writes with once(): 3. Text of errors is a third.
    // Subscriptions, streams, sentinels, large replies and TLS are loaded on first use.
    until: 91_900,
  },
  {
    name: "{ connect } and two commands",
    source: `import { connect } from "./core.ts"; import { get, set } from "./src/commands/mod.ts";
      console.log(connect, get, set);`,
    budget: 15_000,
    // 0.3 of them for pipelines that keep their place, 0.05 for writes of 1 MiB; 0.1 for the command and the caller's line of an
    // error, 0.1 for noticing large replies; 0.1 for moving huge values in parts, 0.1 for relaxed limits,
    // 0.4 for long texts that are decoded while they arrive and for the bytes of retries. 0.15 for values that are read into
    // their own memory, 0.25 for maps that are built while they arrive.
    until: 21_300,
  },
  {
    name: "a Worker with /core and the methods of all commands",
    source: `import { connect } from "${
      join(ROOT, "core.ts")
    }?workerd"; import { withMethods } from "./src/core/methods.ts";
      console.log(connect, withMethods);`,
    budget: 60_000,
    whole: true,
  },
  {
    name: "a Worker with { Redis }",
    source: `import { Redis } from "${join(ROOT, "mod.ts")}?workerd"; console.log(Redis);`,
    budget: 60_000,
    // All that is loaded on first use elsewhere is in the file: sentinels 9 kB, streams 5, subscriptions 8, the transport 5, large
    // replies 4 (1 for families of keys).
    until: 122_650,
    whole: true,
  },
];

/** Bytes of code that a runtime reads for an import of the npm package, with neither gzip nor short names. */
const IMPORTED = 502_200;

const INSTANTIATIONS = 25_000;
const PROGRAM = `import { Redis } from "./mod.js";
const redis = new Redis("redis://localhost:6379");
const [value, n]: [string | null, number] = await redis.pipeline().get("a").incr("n").exec();
console.log(await redis.set("a", "b", { ex: 60 }), value, n);
`;

async function weigh(bundle: Bundle): Promise<string | undefined> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: bundle.source, resolveDir: ROOT, loader: "ts" },
    bundle: true,
    minify: true,
    splitting: !bundle.whole,
    plugins: [forWorkers],
    format: "esm",
    platform: "neutral",
    target: "esnext",
    external: ["node:*", "cloudflare:*"],
    outdir: "out",
    absWorkingDir: ROOT,
    write: false,
    metafile: true,
  });
  const entry = Object.keys(metafile.outputs).find((path) =>
    metafile.outputs[path]!.entryPoint !== undefined &&
    path.endsWith("stdin.js")
  )!;
  const first = loadedWith(metafile.outputs, entry);
  let [size, later] = [0, 0];
  for (const { path, contents } of outputFiles) {
    const weight = gzipSync(contents, { level: 9 }).length;
    if ([...first].some((name) => path.endsWith(name))) size += weight;
    else later += weight;
  }
  const limit = bundle.until ?? bundle.budget;
  const excess = size > bundle.budget ? `, OVER its budget of ${bundle.budget}` : ` of ${bundle.budget}`;
  console.log(
    `${bundle.name}: ${size} bytes${excess}${bundle.whole ? "" : `; loaded on first use: ${later}`}`,
  );
  return size > limit
    ? `${bundle.name} is ${size} bytes minified and gzipped; it may be ${limit}`
    : undefined;
}

/** Weighs what an import of the npm package loads. Modules that several of its entries use come whole. */
async function weighImport(): Promise<string | undefined> {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  const { outputs } = await bundleModules(ROOT, listEntries(exports), ROOT, false);
  const paths = [...loadedWith(outputs, "esm/index.mjs")];
  const size = paths.reduce((sum, path) => sum + outputs[path]!.bytes, 0);
  console.log(`an import of the package: ${size} bytes of ${IMPORTED}, in ${paths.length} files`);
  return size > IMPORTED ? `an import of the package loads ${size} bytes; it may be ${IMPORTED}` : undefined;
}

function tsc(folder: string, args: readonly string[]): string {
  const program = join(ROOT, "node_modules/typescript/bin/tsc");
  const common = ["--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler", "--strict"];
  const { stdout } = spawnSync(process.execPath, [program, ...common, "--skipLibCheck", ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return stdout;
}

/** Measures the work of the compiler for a user of the published declarations. */
function instantiations(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "keywire-budgets-"));
  try {
    const emit = ["--declaration", "--emitDeclarationOnly", "--noCheck", "--allowImportingTsExtensions"];
    tsc(ROOT, [...emit, "--types", "node", "--outDir", folder, "--rootDir", ROOT, "mod.ts"]);
    // Declarations name their modules as the sources do, and are to be found by those names.
    for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".d.ts")) continue;
      const file = join(folder, path);
      writeFileSync(
        file,
        readFileSync(file, "utf8").replaceAll(/(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"'),
      );
    }
    writeFileSync(join(folder, "program.ts"), PROGRAM);
    const output = tsc(folder, [
      "--noEmit",
      "--types",
      "",
      "--lib",
      "esnext,dom",
      "--extendedDiagnostics",
      "program.ts",
    ]);
    const count = Number(/^Instantiations:\s+(\d+)/m.exec(output)?.[1] ?? NaN);
    const error = /^.*error TS.*$/m.exec(output)?.[0];
    if (error !== undefined || Number.isNaN(count)) {
      return `The small program does not compile: ${error ?? output}`;
    }
    console.log(`a client and a pipeline in four lines: ${count} instantiations of ${INSTANTIATIONS}`);
    return count > INSTANTIATIONS
      ? `Four lines take ${count} instantiations; ${INSTANTIATIONS} are allowed`
      : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const faults = [...await Promise.all([...BUNDLES.map(weigh), weighImport()]), instantiations()].filter((
  fault,
) => fault !== undefined);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
