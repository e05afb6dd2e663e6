/**
 * Tries the declarations: versions of TypeScript, ways to resolve modules, with and without the types of Node and the DOM.
 *
 * @module
 */
import { join } from "node:path";
import { TYPED } from "./programs.ts";
import { type Bench, installedProject, tool } from "./project.ts";
import { run } from "./report.ts";
import { toolFolder } from "./tools.ts";

/** The oldest that is supported, some between, and the one of package.json. */
const VERSIONS = ["5.0.4", "5.2.2", "5.4.5", "5.9.3", "6.0.3"] as const;

const STRICT = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022"];

interface Mode {
  readonly name: string;
  readonly args: readonly string[];
  /** The first TypeScript that does not have it. */
  readonly until?: number;
}

const MODES: readonly Mode[] = [
  { name: "nodenext", args: ["--module", "nodenext", "typed.mts", "typed.cts"] },
  { name: "node16", args: ["--module", "node16", "typed.mts", "typed.cts"] },
  { name: "bundler", args: ["--module", "esnext", "--moduleResolution", "bundler", "typed.mts"] },
  {
    name: "node10",
    args: ["--module", "commonjs", "--moduleResolution", "node", "typed.ts"],
    // TypeScript 6 deprecates it, 7 has removed it.
    until: 6,
  },
];

/** Compiles a typed program with every version in every mode, or with the newest in the most usual one. */
export async function checkTypes(bench: Bench, everything: boolean): Promise<void> {
  const folder = await installedProject(bench, "types", {
    "typed.mts": TYPED,
    "typed.cts": TYPED,
    "typed.ts": TYPED,
  });
  const compilers = [{ version: "7", program: tool(bench, "tsc") }];
  if (everything) {
    for (const version of VERSIONS) {
      const tools = toolFolder(bench.root, "typescript", { typescript: version });
      compilers.push({ version, program: join(tools, "node_modules", ".bin", "tsc") });
    }
  }
  const nodeTypes = ["--types", "node", "--typeRoots", join(bench.root, "node_modules", "@types")];
  const modes = everything ? MODES : MODES.slice(0, 1);
  for (const { version, program } of compilers) {
    const major = Number.parseFloat(version);
    for (const { name, args, until = Infinity } of modes) {
      if (major >= until) continue;
      await bench.report.check(`TypeScript ${version}: ${name}, strict, no @types/node`, async () => {
        await run(folder, program, [...STRICT, "--exactOptionalPropertyTypes", ...args]);
      });
    }
  }
  if (!everything) return;
  await bench.report.check("TypeScript: es2022 and @types/node, without the types of the DOM", async () => {
    const lib = ["--lib", "es2022", ...nodeTypes];
    await run(folder, tool(bench, "tsc"), [...STRICT, ...lib, ...MODES[0]!.args]);
  });
}
