/**
 * Checks the size of bundles by esbuild, minified and gzipped, and the work of the compiler on a small program.
 *
 * `node scripts/check_budgets.ts` prints what it measures; its exit code is 1 if a limit is exceeded. A runtime's
 * adapter is a chunk that is loaded with the first connection; it is printed, but not counted.
 *
 * @module
 */
import { build, type Metafile } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
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
    // All commands: 13 kB, 0.7 of it those of Redis 8.2 to 8.6. Options with their messages: 10. Subscriptions: 8. The
    // cache: 4. Options of sentinels: 4. Keys of commands for the order of scripts: 0.6. Clients that requests of Workers
    // share: 0.5. A prefix of keys: 0.6. Lines of callers: 0.2. Closing, and a
    // pool that waits: 0.8. Connections after a freeze: 0.4. Options of TLS and of name resolution: 0.1. Background
    // timers of unref(): 0.3. Prefixes of channels, arguments of errors: 0.7. Cheaper connects: 0.05. Large replies
    // beside small ones: 0.6. Long texts in parts, bytes of retries: 0.4. Notifications of maintenance: 0.9. The rest sends commands.
    until: 95_400,
  },
  {
    name: "{ connect } and two commands",
    source: `import { connect } from "./core.ts"; import { get, set } from "./src/commands/mod.ts";
      console.log(connect, get, set);`,
    budget: 15_000,
    // 0.3 of them for pipelines that keep their place, 0.05 for writes of 1 MiB; 0.1 for the command and the caller's line of an
    // error, 0.1 for noticing large replies; 0.1 for moving huge values in parts, 0.1 for relaxed limits,
    // 0.4 for long texts that are decoded while they arrive and for the bytes of retries.
    until: 20_800,
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
    // All that is loaded on first use elsewhere is in the file: sentinels 9 kB, streams 5, the transport 5, large
    // replies 3.
    until: 117_800,
    whole: true,
  },
];

const INSTANTIATIONS = 25_000;
const PROGRAM = `import { Redis } from "./mod.js";
const redis = new Redis("redis://localhost:6379");
const [value, n]: [string | null, number] = await redis.pipeline().get("a").incr("n").exec();
console.log(await redis.set("a", "b", { ex: 60 }), value, n);
`;

/** Returns the chunks that are loaded at start: the entry and its static imports. */
function early(outputs: Metafile["outputs"], path: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: next, kind } of outputs[path]!.imports) {
    if (kind === "import-statement" && next in outputs) early(outputs, next, found);
  }
  return found;
}

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
  const first = early(metafile.outputs, entry);
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

const faults = [...await Promise.all(BUNDLES.map(weigh)), instantiations()].filter((fault) =>
  fault !== undefined
);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
