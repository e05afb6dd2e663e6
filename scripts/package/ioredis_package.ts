/**
 * The files of the package `@keywire/ioredis` besides its code, so that it can replace `ioredis`: `require()` returns
 * the class, and the one inner module that libraries import exists.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `require("ioredis")` is the class, with the other exports as its properties. */
const MAIN = `"use strict";
const entry = require("./index.cjs");
const Redis = entry.default;
for (const name of Object.keys(entry)) {
  if (!Object.hasOwn(Redis, name)) Object.defineProperty(Redis, name, { value: entry[name], enumerable: true });
}
if (!Object.hasOwn(Redis, "default")) Object.defineProperty(Redis, "default", { value: Redis });
Object.defineProperty(Redis, "__esModule", { value: true });
module.exports = Redis;
`;

/** BullMQ 5 imports this from \`ioredis/built/utils\`. */
const UTILS = `"use strict";
exports.CONNECTION_CLOSED_ERROR_MSG = "Connection is closed.";
`;

/** Adds the files to a package, and names them in its package.json. */
export function standIn(staging: string, manifest: Record<string, unknown>): void {
  writeFileSync(join(staging, "cjs", "main.cjs"), MAIN);
  const utils = join(staging, "built", "utils");
  mkdirSync(utils, { recursive: true });
  writeFileSync(join(utils, "index.js"), UTILS);
  const exports = manifest.exports as Record<string, Record<string, unknown>>;
  const door = exports["."]!;
  door.node = { import: "./node/index.mjs", default: "./cjs/main.cjs" };
  door.default = "./cjs/main.cjs";
  // A process that imports and requires the package gets one instance of each class.
  door.bun = "./cjs/main.cjs";
  exports["./built/utils"] = "./built/utils/index.js" as never;
  manifest.main = "./cjs/main.cjs";
  manifest.description = "ioredis' API on Keywire, to be installed in place of ioredis";
  manifest.files = [...manifest.files as string[], "built"].sort();
  delete manifest.peerDependencies;
  delete manifest.peerDependenciesMeta;
}
