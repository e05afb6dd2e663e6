/**
 * Checks the pages of the documentation: length, description, links, anchors and text.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { textProblems, type Violation, withoutCode } from "./rules.ts";

/** The maximum number of words of a guide, without code blocks. */
const MOST_WORDS = 1_200;
const FENCE = /^(```|~~~)[^]*?^\1$/gm;

/** Returns the anchors that GitHub makes of the headings of a page. */
function anchorsOf(path: string): Set<string> {
  const text = readFileSync(path, "utf8").replace(FENCE, "");
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
    ),
  );
}

function brokenLinks(root: string, file: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
    if (/^\w+:/.test(target!)) return [];
    const [path, anchor] = target!.split("#") as [string, string?];
    const other = path === "" ? file : normalize(join(dirname(file), path));
    if (!existsSync(join(root, other))) return [`the link ${target} has no target`];
    if (anchor === undefined || !other.endsWith(".md")) return [];
    return anchorsOf(join(root, other)).has(anchor) ? [] : [`the link ${target} has no heading`];
  });
}

/** Returns the violations of a page. `guide`: a page of `docs/`, which has a maximum length and a description. */
export function checkPage(root: string, file: string, guide: boolean): Violation[] {
  const source = readFileSync(join(root, file), "utf8");
  // Empty lines in place of code keep the line numbers.
  const text = source.replace(FENCE, (code) => code.replace(/[^\n]/g, ""));
  const found: Violation[] = brokenLinks(root, file, text).map((message) => ({ file, line: 1, message }));
  if (guide) {
    const words = withoutCode(text).split(/\s+/).filter((word) => /\w/.test(word)).length;
    if (words > MOST_WORDS) {
      found.push({ file, line: 1, message: `${words} words; ${MOST_WORDS} are the maximum` });
    }
    if (!/^# .+\n\n[^#]/.test(source)) {
      found.push({ file, line: 1, message: "a page starts with a heading and what it is for, or code" });
    }
  }
  let line = 1;
  for (const paragraph of text.split("\n\n")) {
    const at = line;
    for (const message of textProblems(paragraph)) found.push({ file, line: at, message });
    line += paragraph.split("\n").length + 1;
  }
  return found;
}
