/**
 * Splits a line into words, as Redis does with inline requests.
 *
 * @module
 */

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

/** The words of a line; `undefined` where its quotes do not fit. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && /\s/.test(line[at]!)) at++;
    if (at >= line.length) return words;
    let word = "";
    for (; at < line.length && !/[\s\0]/.test(line[at]!); at++) {
      const quote = line[at]!;
      if (quote !== '"' && quote !== "'") {
        word += quote;
        continue;
      }
      for (at++;; at++) {
        if (at >= line.length) return undefined;
        const char = line[at]!;
        if (char === quote) break;
        if (char !== "\\" || at + 1 >= line.length) {
          word += char;
        } else if (quote === "'") {
          word += line[at + 1] === "'" ? line[++at]! : char;
        } else {
          const hex = /^x[0-9a-fA-F]{2}/.exec(line.slice(at + 1, at + 4));
          if (hex !== null) {
            word += String.fromCharCode(parseInt(hex[0].slice(1), 16));
            at += 3;
          } else {
            at++;
            word += ESCAPES[line[at]!] ?? line[at]!;
          }
        }
      }
      // A closing quote must be followed by a space.
      if (at + 1 < line.length && !/\s/.test(line[at + 1]!)) return undefined;
    }
    words.push(word);
    if (line[at] === "\0") return words;
  }
}
