/**
 * Makes the npm package from the same source as the one for JSR: `deno pack` turns TypeScript into JavaScript,
 * `tsc` makes the declarations, and what neither knows of a package.json is added here.
 *
 *     node_modules/.bin/node scripts/build_npm.ts     # -> dist/keywire-redis-VERSION.tgz
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { declarationArguments, replaceDeclarations } from "./package/declarations.ts";
import { describePackage, type PackedManifest } from "./package/manifest.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

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

/** Builds the package into `folder`; returns the path of the tarball. */
export function buildNpm(folder: string = join(root, "dist")): string {
  const scratch = mkdtempSync(join(tmpdir(), "keywire-npm-"));
  try {
    const packed = join(scratch, "packed.tgz");
    const deno = join(root, "node_modules", ".bin", "deno");
    run(deno, ["pack", "--allow-dirty", "--no-source-maps", "--quiet", "-o", packed], root);
    run("tar", ["-xzf", packed, "-C", scratch], root);
    const staging = join(scratch, "package");
    for (const text of TEXTS) cpSync(join(root, text), join(staging, text));
    const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as {
      exports: Record<string, string>;
    };
    const entries = Object.values(exports);
    const declarations = join(scratch, "declarations");
    run(join(root, "node_modules", ".bin", "tsc"), declarationArguments(root, entries, declarations), root);
    replaceDeclarations(declarations, staging, entries);
    const path = join(staging, "package.json");
    const files = readdirSync(staging).filter((file) => file !== "package.json").sort();
    const manifest = JSON.parse(readFileSync(path, "utf8")) as PackedManifest;
    writeFileSync(path, JSON.stringify(describePackage(manifest, files), undefined, 2) + "\n");
    mkdirSync(folder, { recursive: true });
    // npm itself, so that what is checked is what would be published: same files, same modes, same dates.
    const [made] = JSON.parse(
      run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], staging),
    ) as [{ filename: string }];
    return join(folder, made.filename);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(buildNpm());
