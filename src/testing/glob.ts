/**
 * Patterns as KEYS and PSUBSCRIBE know them.
 *
 * @module
 */

/** Whether a text fits a pattern of `*`, `?`, `[a-c]`, `[^x]` and `\`. */
export function matches(pattern: string, text: string, noCase: boolean = false): boolean {
  if (noCase) return matches(lower(pattern), lower(text));
  return match(pattern, 0, text, 0, { skip: false });
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** `skip`: a star further on has failed to the end of the text, so stars before it need not try on. */
function match(pattern: string, p: number, text: string, t: number, state: { skip: boolean }): boolean {
  while (p < pattern.length && t < text.length) {
    const char = pattern[p]!;
    if (char === "*") {
      while (pattern[p + 1] === "*") p++;
      if (p + 1 === pattern.length) return true;
      for (; t < text.length; t++) {
        if (match(pattern, p + 1, text, t, state)) return true;
        if (state.skip) return false;
      }
      state.skip = true;
      return false;
    }
    if (char === "[") {
      const [fits, end] = matchSet(pattern, p + 1, text.charCodeAt(t));
      if (!fits) return false;
      p = end;
    } else if (char !== "?") {
      if (char === "\\" && p + 1 < pattern.length) p++;
      if (pattern[p] !== text[t]) return false;
    }
    p++;
    t++;
  }
  if (t === text.length) { while (pattern[p] === "*") p++; }
  return p >= pattern.length && t === text.length;
}

/** Whether a character is in a set, and where that ends. */
function matchSet(pattern: string, p: number, code: number): [boolean, number] {
  const negated = pattern[p] === "^";
  if (negated) p++;
  let fits = false;
  for (;; p++) {
    if (p >= pattern.length) {
      p--;
      break;
    }
    if (pattern[p] === "\\" && p + 1 < pattern.length) {
      p++;
      if (pattern.charCodeAt(p) === code) fits = true;
    } else if (pattern[p] === "]") {
      break;
    } else if (pattern[p + 1] === "-" && p + 2 < pattern.length) {
      const [a, b] = [pattern.charCodeAt(p), pattern.charCodeAt(p + 2)];
      if (code >= Math.min(a, b) && code <= Math.max(a, b)) fits = true;
      p += 2;
    } else if (pattern.charCodeAt(p) === code) {
      fits = true;
    }
  }
  return [fits !== negated, p];
}
