/**
 * Builds the npm package from the same source as the one for JSR: `esbuild` makes the bundles, `tsc` the declarations.
 *
 *     node_modules/.bin/node scripts/build_npm.ts     # -> dist/keywire-redis-VERSION.tgz, dist/keywire-ioredis-VERSION.tgz
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle } from "./package/bundle.ts";
import { listEntries } from "./package/entries.ts";
import { copyDeclarations, declarationArguments } from "./package/declarations.ts";
import { describePackage, REPOSITORY } from "./package/manifest.ts";
import { standIn } from "./package/ioredis_package.ts";
import { addProgram } from "./package/program.ts";
import { absoluteLinks } from "./package/readme.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The used part of deno.json. */
interface Project {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

/** Texts that belong into every package beside its code. */
const TEXTS = ["README.md", "CHANGELOG.md", "LICENSE"];

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, [...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(
      `Cannot build the package: '${command} ${args[0]}' failed\n${stdout ?? ""}${stderr ?? ""}`,
      {
        cause: error,
      },
    );
  }
}

/** A package to be built. */
interface Plan {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  /** Adds files and fields that only this package has. */
  readonly finish?: (staging: string, manifest: Record<string, unknown>) => void;
}

async function build({ name, version, exports, finish }: Plan, folder: string): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), "keywire-npm-"));
  try {
    const staging = join(scratch, "package");
    const entries = listEntries(exports);
    await bundle(root, entries, staging);
    const declarations = join(scratch, "declarations");
    const sources = entries.map(({ source }) => source);
    run(join(root, "node_modules", ".bin", "tsc"), declarationArguments(root, sources, declarations), root);
    copyDeclarations(declarations, staging, entries);
    for (const text of TEXTS) {
      const written = readFileSync(join(root, text), "utf8");
      writeFileSync(join(staging, text), absoluteLinks(written, REPOSITORY, version));
    }
    const files = readdirSync(staging).sort();
    const manifest = describePackage({ name, version }, entries, files);
    finish?.(staging, manifest);
    writeFileSync(join(staging, "package.json"), JSON.stringify(manifest, undefined, 2) + "\n");
    mkdirSync(folder, { recursive: true });
    // Runs npm itself, so that the checked package equals the published one: files, modes, dates.
    const [made] = JSON.parse(
      run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], staging),
    ) as [{ filename: string }];
    return join(folder, made.filename);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readProject(): Project {
  return JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as Project;
}

/** Builds the package into `folder`; resolves with the path of the tarball. */
export async function buildNpm(folder: string = join(root, "dist")): Promise<string> {
  return await build({ ...readProject(), finish: addProgram }, folder);
}

/** Builds the package that stands in for `ioredis`; resolves with the path of the tarball. */
export async function buildIoredis(folder: string = join(root, "dist")): Promise<string> {
  const { version } = readProject();
  return await build({
    name: "@keywire/ioredis",
    version,
    exports: { ".": "./ioredis.ts" },
    finish: standIn,
  }, folder);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await buildNpm());
  console.log(await buildIoredis());
}
