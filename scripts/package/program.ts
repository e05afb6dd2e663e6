/**
 * The program of the npm package: `npx @keywire/redis` and, where the package is installed, `keywire`.
 *
 * @module
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FILE = "bin/keywire.cjs";
const TEXT = `#!/usr/bin/env node
"use strict";
require("../cjs/cli.cjs").run();
`;

/** Adds the program to the package. As it is the only one, `npx` finds it by the name of the package. */
export function addProgram(staging: string, manifest: Record<string, unknown>): void {
  const file = join(staging, FILE);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, TEXT);
  chmodSync(file, 0o755);
  manifest.bin = { keywire: FILE };
  manifest.files = [...manifest.files as string[], "bin"];
}
