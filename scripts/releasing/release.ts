/**
 * Prepares a release: writes the version and the date, tries both registries without publishing, commits and tags.
 *
 *     ./scripts/release 0.2.0             # commit and tag; then: git push --follow-tags
 *     ./scripts/release 0.2.0 --dry-run   # the same in a copy that is thrown away; prints what would change
 *
 * The tag makes the workflow `.github/workflows/release.yml` publish to npm, with provenance, and to JSR.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { dateChangelog, setVersion } from "./texts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const USAGE = "Usage: ./scripts/release VERSION [--dry-run]   (VERSION such as 0.2.0 or 1.0.0-rc.1)";

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function run(folder: string, program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    fail(`Cannot release: '${program} ${args.join(" ")}' failed\n${stdout}${stderr}`);
  }
}

const words = process.argv.slice(2);
const dry = words.includes("--dry-run");
const [version, ...rest] = words.filter((word) => word !== "--dry-run");
if (version === undefined || rest.length > 0 || !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) {
  console.error(USAGE);
  process.exit(2);
}

const dirty = run(root, "git", "status", "--porcelain");
if (dirty !== "" && !dry) fail(`Cannot release: there are uncommitted changes\n${dirty}`);
if (run(root, "git", "tag", "--list", `v${version}`) !== "") {
  fail(`Cannot release: the tag v${version} exists`);
}

/** The folder that is changed: this one, or a copy. */
function workFolder(): string {
  if (!dry) return root;
  const copy = mkdtempSync(join(tmpdir(), "keywire-release-"));
  process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
  const left = new Set(["node_modules", ".cache", "dist", ".servers"]);
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => !left.has(path.slice(root.length).split("/")[0]!),
  });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

const folder = workFolder();
const edit = (path: string, change: (text: string) => string): void => {
  const file = join(folder, path);
  writeFileSync(file, change(readFileSync(file, "utf8")));
};
try {
  const today = new Date().toISOString().slice(0, 10);
  edit("CHANGELOG.md", (text) => dateChangelog(text, version, today));
  for (const path of ["deno.json", "src/options/resolve.ts", "tests/options/values.test.ts"]) {
    edit(path, (text) => setVersion(text, version));
  }
} catch (error) {
  fail((error as Error).message);
}
console.log(run(folder, "git", "diff", "--stat"));

const built = run(folder, join("node_modules", ".bin", "node"), "scripts/build_npm.ts").trim().split("\n");
for (const tarball of built) {
  console.log(`built ${tarball}`);
  run(folder, "npm", "publish", "--dry-run", "--access", "public", "--tag", tagOf(version), tarball);
}
console.log("npm publish --dry-run: in order");
run(folder, join("node_modules", ".bin", "deno"), "publish", "--dry-run", "--allow-dirty");
console.log("deno publish --dry-run: in order");

if (dry) {
  console.log(`A release of ${version} would be committed and tagged v${version}. Nothing was changed.`);
} else {
  run(root, "git", "commit", "--all", "--message", `Release ${version}`);
  run(root, "git", "tag", "--annotate", `v${version}`, "--message", `Release ${version}`);
  console.log(`Committed and tagged v${version}. To publish: git push --follow-tags`);
}

/** A pre-release must not become what `npm install` takes. */
function tagOf(version: string): string {
  return version.includes("-") ? "next" : "latest";
}
