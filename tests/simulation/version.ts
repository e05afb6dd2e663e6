/**
 * A seed for each version of the code: a new version is tried with worlds that no version had, and a repeated run has the
 * same ones.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The folders whose files decide what happens in a world. */
const FOLDERS = ["src", "transports", "tests/simulation"];

function listFiles(folder: string): string[] {
  return readdirSync(`${ROOT}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

/** Returns a seed below 2^31, from the names and the contents of the files and from `salt`. */
export function seedOfVersion(salt: string): number {
  const hash = createHash("sha256").update(salt);
  for (const path of FOLDERS.flatMap(listFiles).sort()) {
    hash.update(`\0${path}\0`).update(readFileSync(ROOT + path));
  }
  return hash.digest().readUInt32BE() >>> 1;
}
