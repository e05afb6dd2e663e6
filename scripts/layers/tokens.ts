/**
 * A tokenizer for TypeScript: words, strings and signs without comments, enough to find imports and names but not
 * those in text.
 *
 * @module
 */

/** A piece of a source. */
export interface Token {
  /** `string` is the content of a literal without substitutions; `text` a part of a template that has some. */
  readonly kind: "word" | "string" | "text" | "sign";
  /** The word, the content of the string, or the sign. */
  readonly text: string;
  /** The line that it begins on, from 1. */
  readonly line: number;
}

// The alternatives: space, comment, string, word or number, sign.
const PIECE =
  /\s+|\/\/[^\n]*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*|[^]/uy;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;

// After these a slash begins a regular expression; after other words, numbers and closing brackets it divides.
const BEFORE_REGEXP = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "do",
  "else",
  "void",
  "delete",
  "await",
  "yield",
]);

function beginsRegexp(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "word") return BEFORE_REGEXP.has(previous.text);
  return previous.kind === "sign" && ![")", "]", "}"].includes(previous.text);
}

/** Cuts a source into tokens. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  // For each template that is open: how many braces are open in the substitution that is being read.
  const templates: number[] = [];
  let position = 0;
  let line = 1;

  const take = (text: string, kind?: Token["kind"], content = text) => {
    if (kind !== undefined) tokens.push({ kind, text: content, line });
    line += text.split("\n").length - 1;
    position += text.length;
  };

  // From behind a backtick or a closing brace, to the next substitution or to the end of the template.
  const takeTemplate = (opening: string) => {
    const rest = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;
    rest.lastIndex = position + 1;
    const text = rest.exec(source)?.[0] ?? "";
    const ends = source[position + 1 + text.length] !== "$";
    const closing = ends ? "`" : "${";
    take(opening + text + closing, opening === "`" && ends ? "string" : "text", text);
    if (!ends) templates.push(0);
  };

  while (position < source.length) {
    const sign = source[position];
    const open = templates.length - 1;
    if (sign === "`") {
      takeTemplate("`");
      continue;
    }
    if (sign === "}" && templates[open] === 0) {
      templates.pop();
      takeTemplate("}");
      continue;
    }
    REGEXP.lastIndex = PIECE.lastIndex = position;
    const isComment = sign === "/" && /[/*]/.test(source[position + 1] ?? "");
    const regexp = sign === "/" && !isComment && beginsRegexp(tokens.at(-1))
      ? REGEXP.exec(source)?.[0]
      : undefined;
    const piece = regexp ?? PIECE.exec(source)?.[0] ?? source.slice(position, position + 1);
    if (open >= 0 && sign === "{") templates[open] = (templates[open] ?? 0) + 1;
    if (open >= 0 && sign === "}") templates[open] = (templates[open] ?? 0) - 1;
    if (regexp !== undefined) take(piece, "text");
    else if (isComment || /^\s/.test(piece)) take(piece);
    else if (/^["']/.test(piece) && piece.length > 1) take(piece, "string", piece.slice(1, -1));
    else if (/^[\p{ID_Continue}$_#]/u.test(piece)) take(piece, "word");
    else take(piece, "sign");
  }
  return tokens;
}
