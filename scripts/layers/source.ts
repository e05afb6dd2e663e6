/**
 * The names in a source file: its imports, including type-only ones, and globals of runtimes.
 *
 * @module
 */
import type { Token } from "./tokens.ts";

/** A mention of a name. */
export interface Mention {
  /** The specifier of an import, or the name. */
  readonly name: string;
  /** The line. */
  readonly line: number;
}

const FOREIGN = new Set(["Deno", "Bun", "Buffer", "process"]);

/** The specifiers of all imports and re-exports; those computed at run time are given as `"(computed)"`. */
export function findImports(tokens: readonly Token[]): Mention[] {
  const mentions: Mention[] = [];
  tokens.forEach((token, index) => {
    if (token.kind !== "word") return;
    const [next, second] = [tokens[index + 1], tokens[index + 2]];
    const isProperty = tokens[index - 1]?.text === "." && tokens[index - 1]?.kind === "sign";
    if (isProperty || next === undefined) return;
    if ((token.text === "from" || token.text === "import") && next.kind === "string") {
      mentions.push({ name: next.text, line: next.line });
    } else if (token.text === "import" && next.kind === "sign" && next.text === "(") {
      mentions.push({ name: second?.kind === "string" ? second.text : "(computed)", line: token.line });
    }
  });
  return mentions;
}

const TIMES: ReadonlyMap<string, string> = new Map([
  ["Date", "now"],
  ["performance", "now"],
  ["Math", "random"],
  ["crypto", "randomUUID"],
]);

/** Returns the calls that take the runtime's time or chance: `Date.now`, `Math.random` and the like. */
export function findTimes(tokens: readonly Token[]): Mention[] {
  return tokens.flatMap(({ kind, text, line }, index) => {
    const method = kind === "word" ? TIMES.get(text) : undefined;
    const called = method !== undefined && tokens[index + 1]?.text === "." &&
      tokens[index + 2]?.text === method;
    return called ? [{ name: `${text}.${method}`, line }] : [];
  });
}

/** Returns the uses of globals of runtimes, including `globalThis.Deno` and `globalThis["Deno"]`. */
export function findForeignNames(tokens: readonly Token[]): Mention[] {
  return tokens.filter((token, index) => {
    if (!FOREIGN.has(token.text)) return false;
    const before = tokens[index - 1];
    const isText = (text: string, back: number) => tokens[index - back]?.text === text;
    if (token.kind === "string") {
      return before?.kind === "sign" && before.text === "[" && isText("globalThis", 2);
    }
    if (token.kind !== "word") return false;
    const isProperty = before?.kind === "sign" && before.text === ".";
    return !isProperty || isText("globalThis", 2) || (isText("?", 2) && isText("globalThis", 3));
  }).map(({ text, line }) => ({ name: text, line }));
}
