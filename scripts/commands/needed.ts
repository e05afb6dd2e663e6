/**
 * The generated functions that the library itself uses. They are in separate modules, so that a client does not load
 * all functions.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const IMPORT = /import \{([^}]*)\} from "([^"]*)";/g;

/** The values that hand-written sources import from these modules of `src/commands/`. */
export function neededNames(src: string, mark: string, modules: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  for (const path of readdirSync(src, { recursive: true, encoding: "utf8" })) {
    // The server for tests is no part of a client.
    if (!path.endsWith(".ts") || path.startsWith("testing")) continue;
    const source = readFileSync(join(src, path), "utf8");
    if (source.startsWith(mark)) continue;
    for (const [, names, from] of source.matchAll(IMPORT)) {
      const module = /(?:^\.|commands)\/(\w+\.ts)$/.exec(from!)?.[1];
      if (module === undefined || !modules.has(module)) continue;
      for (const name of names!.split(",")) {
        if (name.trim() !== "" && !name.includes("type ")) found.add(name.trim().split(" ")[0]!);
      }
    }
  }
  return found;
}
