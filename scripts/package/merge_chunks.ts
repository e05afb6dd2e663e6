/**
 * Merges chunks of CommonJS into a few files: Node takes half a millisecond to find, read and wrap each file that a
 * program requires at its start.
 *
 * A merged file exports a function that returns the exports of one of its chunks, and runs each chunk once, when it is
 * first wanted, as `require()` does.
 *
 * @module
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A file that chunks are merged into. */
export interface ChunkGroup {
  /** Its path in the folder, such as `"chunks/core.cjs"`. */
  readonly file: string;
  /** The paths of the chunks. */
  readonly chunks: readonly string[];
}

const REQUIRE = /\brequire\("(\.[^"]*\.cjs)"\)/g;
const HEAD = `"use strict";
const loaded={},__chunk=name=>{
let chunk=loaded[name];
if(!chunk){loaded[name]=chunk={exports:{}};chunks[name](chunk,chunk.exports)}
return chunk.exports
};
module.exports=__chunk;
const chunks={
`;

/** The map that is named at the end of a file. */
const MAPPING = /\n\/\/# sourceMappingURL=.*\s*$/;

/**
 * Copies the exports to mark the copy as an ES module; other chunks do not need it, and it costs time for each
 * export.
 */
const COPY = /\bmodule\.exports=__toCommonJS\((\w+)\)/;

/** The path that a file of the folder means by a relative path. */
function resolve(from: string, path: string): string {
  return posix.join(posix.dirname(from), path);
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Merges the chunks of each group, and adapts all `files` of the folder that require them. */
export function mergeChunks(folder: string, files: readonly string[], groups: readonly ChunkGroup[]): void {
  const groupOf = new Map(groups.flatMap((group) => group.chunks.map((path) => [path, group] as const)));
  /** The code of a file, as it stands in the file `to`. */
  const adapt = (path: string, to: string): string =>
    readFileSync(join(folder, path), "utf8").replaceAll(REQUIRE, (_, wanted: string) => {
      const target = resolve(path, wanted);
      const file = groupOf.get(target)?.file;
      if (file === undefined) return `require("${relative(to, target)}")`;
      return `${file === to ? "__chunk" : `require("${relative(to, file)}")`}("${target}")`;
    });
  for (const path of files) {
    if (!groupOf.has(path)) writeFileSync(join(folder, path), adapt(path, path));
  }
  for (const { file, chunks } of groups) writeGroup(folder, file, chunks, adapt);
  for (const path of groupOf.keys()) {
    rmSync(join(folder, path));
    rmSync(join(folder, `${path}.map`));
  }
}

function writeGroup(
  folder: string,
  file: string,
  chunks: readonly string[],
  adapt: (path: string, to: string) => string,
): void {
  let text = HEAD;
  const sections: object[] = [];
  for (const path of chunks) {
    // In parentheses: such a function is compiled at once, and not read twice.
    text += `"${path}":(function(module,exports){\n`;
    const map = JSON.parse(readFileSync(join(folder, `${path}.map`), "utf8")) as object;
    sections.push({ offset: { line: text.split("\n").length - 1, column: 0 }, map });
    const code = adapt(path, file).replace(MAPPING, "").replace(COPY, "module.exports=$1");
    text += `${code}\n}),\n`;
  }
  writeFileSync(join(folder, file), `${text}};\n//# sourceMappingURL=${posix.basename(file)}.map\n`);
  writeFileSync(join(folder, `${file}.map`), JSON.stringify({ version: 3, sections }));
}
