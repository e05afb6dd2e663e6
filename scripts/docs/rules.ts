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
  /^(What|Who|Whom|Whose|How|Why|When|Where|Which|It|They|He|She|This|These|Those|Such|Somebody|Nobody|Anybody|Nothing|Something|Everything|There|Tells|Says|Hears|Rings|Of|To|Also|Then)\b/;

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
  [/\b(give|gives|gave|giving) up\b/i, '"stop" or "reject"'],
  [/\bmake[s]? good\b/i, '"retry" or "apply"'],
  [/\b(heal|heals|healed)\b/i, '"recover"'],
  [/\bdoubtful\b/i, '"unknown" or "may have run"'],
  [/\b(knows|know) nothing of\b/i, '"does not depend on" or "does not have"'],
  [/\b(as good as|by and by|once and for all|of its own accord|at all events)\b/i, "plain words"],
  [/\bwhat is asked\b/i, '"the request"'],
  [/\b(is|are) given (to|a|an|the)\b/i, '"receives"'],
];

/** The longest sentence in words. */
const SENTENCE = 30;

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
  for (const sentence of plain.split(/(?<=[.!?:;]\**)\s+|\n\n|\||\n\s*[-*] |\n\s*\d+\. /)) {
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
