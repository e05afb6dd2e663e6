/**
 * Checks the comments of source files.
 *
 * @module
 */
import { commentProblems, textProblems, type Violation } from "./rules.ts";

const COMMENT = /\/\*\*([^]*?)\*\/|^[ \t]*\/\/(?!\/)(.*(?:\n[ \t]*\/\/(?!\/).*)*)/gm;

/** Returns the prose of a comment: without its frame, examples, tags and tables. */
function proseOf(comment: string): string {
  return comment.replace(/^[ \t]*(\*|\/\/) ?/gm, "").replace(/```[^]*?```/g, "").replace(/^\|.*$/gm, "")
    .split(/^@(?:example|module|internal|typeParam|param|inheritdoc|returns|throws)/m)[0]!.trim();
}

/** Returns the violations in the comments of a source. Generated files have none. */
export function checkComments(file: string, source: string): Violation[] {
  if (source.startsWith("// Generated")) return [];
  return [...source.matchAll(COMMENT)].flatMap((match) => {
    const [whole, doc, other] = match;
    const text = proseOf(doc ?? other ?? "");
    if (/^deno-(lint|fmt)/.test(text)) return [];
    const line = source.slice(0, match.index + whole.search(/\S/)).split("\n").length;
    const problems = doc === undefined ? textProblems(text) : commentProblems(text);
    return problems.map((message) => ({ file, line, message }));
  });
}
