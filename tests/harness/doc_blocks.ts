/**
 * The code of the documentation, as modules that can be run.
 *
 * Each block of a page that is marked `ts` is a module. `scripts/check_types.ts` checks its types, and a test runs it.
 * One marked `ts ignore` is not run. `@keywire/redis` means the sources; `redis://localhost:6379` and
 * `host: "localhost"` mean the server of the test; a page can have further replacements.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { removeFolder, temporaryFolder } from "./folders.ts";

/** A block of code in a page. */
export interface DocBlock {
  /** The heading above it. */
  readonly heading: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  /** The code. */
  readonly code: string;
  /** Whether the block is not run. */
  readonly ignored: boolean;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The blocks of TypeScript in a page of the repository. */
export function readBlocks(page: string): DocBlock[] {
  const blocks: DocBlock[] = [];
  let heading = page;
  let open: { line: number; lines: string[]; ignored: boolean } | undefined;
  let other = false;
  readFileSync(join(root, page), "utf8").split("\n").forEach((text, index) => {
    const fence = /^```(.*)$/.exec(text)?.[1];
    if (open !== undefined) {
      if (fence === undefined) open.lines.push(text);
      else {
        blocks.push({ heading, line: open.line, code: open.lines.join("\n"), ignored: open.ignored });
        open = undefined;
      }
    } else if (other) {
      other = fence === undefined;
    } else if (fence !== undefined) {
      const [language, ...words] = fence.split(" ");
      if (language === "ts") open = { line: index + 2, lines: [], ignored: words.includes("ignore") };
      else other = true;
    } else heading = /^#+ (.*)$/.exec(text)?.[1] ?? heading;
  });
  return blocks;
}

/** A page whose blocks have been written to files. */
export class DocPage {
  /** Its blocks. */
  readonly blocks: readonly DocBlock[];
  readonly #folder: string = temporaryFolder();
  readonly #files: Map<DocBlock, string> = new Map();

  /** `replacements` go over the code, text by text, in their order, after the imports. */
  constructor(page: string, replacements: Readonly<Record<string, string>>) {
    this.blocks = readBlocks(page);
    const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as {
      exports: Record<string, string>;
    };
    for (const block of this.blocks) {
      let code = block.code.replace(/(["'])@keywire\/redis(\/[\w/]+)?\1/g, (_, quote, path = "") => {
        const file = exports[`.${path}`];
        if (file === undefined) {
          throw new Error(`${page}:${block.line} imports what the package does not export`);
        }
        return `${quote}${pathToFileURL(join(root, file)).href}${quote}`;
      });
      for (const [text, other] of Object.entries(replacements)) code = code.replaceAll(text, other);
      const file = join(this.#folder, `line${block.line}.mts`);
      // Without an import or an export it would be no module, and could not await.
      writeFileSync(file, `${code}\nexport {};\n`);
      this.#files.set(block, file);
    }
  }

  /** Runs a block to its end. */
  async run(block: DocBlock): Promise<void> {
    await import(pathToFileURL(this.#files.get(block)!).href);
  }

  /** The paths of the files. */
  get files(): readonly string[] {
    return [...this.#files.values()];
  }

  /** Removes the files. */
  remove(): void {
    removeFolder(this.#folder);
  }
}
