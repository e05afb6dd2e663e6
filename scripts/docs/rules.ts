/**
 * The rules for English text that a program can check. CONTRIBUTING.md has all rules.
 *
 * @module
 */

/** A violation of a rule. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** The beginnings that a doc comment must not have: it starts with a verb ("Returns ...") or a noun ("The number ..."). */
const BEGINNING =
  /^(What|Who|Whom|Whose|How|Why|It|They|He|She|Somebody|Nobody|Anybody|Nothing|Something|There)\b/;

/** Phrases that have a standard term, with that term. */
const PHRASES: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bwho(ever|mever)\b/i, "name the caller, the client or the user"],
  [/\b(some|any|every|no)body\b/i, "name the caller, the client or the user"],
  [/\b(tells?|told|hears?|heard) of\b/i, '"reports", "emits" or "receives"'],
  [/\b(is|are|was|were|be|been) told\b/i, '"is called", "receives" or "rejects"'],
  [/\bin vain\b/i, '"fails"'],
  [/\b(for ever|without end)\b/i, '"unlimited" or "forever"'],
  [/\ball the same\b/i, '"still"'],
  [/\bone's\b/i, '"dedicated"'],
  [/\b(come|came|comes|bring|brings|brought) back\b/i, '"reconnect", "return" or "retry"'],
  [/\b(go|goes|went) on\b/i, '"continue"'],
  [/\bput(s|ting)? right\b/i, '"reset" or "fix"'],
  [/\bhold(s|ing)? good\b/i, '"apply"'],
  [/\b(turn|turns|turned) away\b/i, '"refuse"'],
  [/\blanes?\b/i, '"connection"'],
  [/\bno sooner\b/i, '"not before"'],
];

/** The longest sentence in words. */
const SENTENCE = 45;

/** Returns the text without code in backticks and without the targets of links. */
export function withoutCode(text: string): string {
  return text.replace(/`[^`]*`/g, "x").replace(/\]\([^)]*\)/g, "]").replace(/https?:\S+/g, "x");
}

/** Returns the problems of a text: phrases with a standard term, and long sentences. */
export function textProblems(text: string): string[] {
  const plain = withoutCode(text);
  const problems = PHRASES.flatMap(([pattern, instead]) => {
    const [found] = pattern.exec(plain) ?? [];
    return found === undefined ? [] : [`"${found}": write ${instead}`];
  });
  for (const sentence of plain.split(/(?<=[.!?:;])\s+|\n\n|\|/)) {
    const words = sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
    if (words > SENTENCE) problems.push(`a sentence of ${words} words: "${sentence.slice(0, 50)}..."`);
  }
  return problems;
}

/** Returns the problems of a doc comment, without its tags and examples. */
export function commentProblems(text: string): string[] {
  const [beginning] = BEGINNING.exec(text) ?? [];
  const problems = textProblems(text);
  if (beginning !== undefined) {
    problems.push(
      `starts with "${beginning}": start with a verb ("Returns ...") or a noun ("The number of ...")`,
    );
  }
  return problems;
}
