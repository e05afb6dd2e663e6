/**
 * Reads and writes the files of results.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Results } from "../results.ts";
import type { Part, PartResults } from "./part.ts";

/** The folder of the results in the repository. */
export const BENCH = "bench";

function read(path: string): unknown {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Returns the results of a part; undefined if it was not measured. */
export function readPart(folder: string, { file }: Part): PartResults | undefined {
  const found = read(join(folder, file)) as Partial<PartResults> | undefined;
  return found?.rows === undefined ? undefined : found as PartResults;
}

/** Returns the results of the throughput; undefined if it was not measured. */
export function readThroughput(folder: string): Results | undefined {
  return read(join(folder, "results.json")) as Results | undefined;
}

/** Writes the results of a part: a line for each row. */
export function writePart(folder: string, { file }: Part, results: PartResults): void {
  const { losses, aims, rows, ...about } = results;
  const lists = Object.entries({ losses, aims, rows }).map(([name, list]) => {
    const lines = list.map((one) => `\n    ${JSON.stringify(one)}`);
    return `  "${name}": [${lines.join(",")}${lines.length === 0 ? "" : "\n  "}]`;
  });
  const head = JSON.stringify(about, undefined, 2).slice(0, -2);
  writeFileSync(join(folder, file), `${head},\n${lists.join(",\n")}\n}\n`);
}
