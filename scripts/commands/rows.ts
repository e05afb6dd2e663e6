/**
 * Converts the expression for a command's arguments to a shape in the table of methods. The format is in
 * `src/commands/rows.ts`.
 *
 * @module
 */

/** The row of a method; absent parts are empty. */
export interface Row {
  /** The shape of its parameters. */
  readonly shape: string;
  /** The plan of its options. */
  readonly plan: string;
  /** The parser's name; `key?name:name` where an option decides. */
  readonly parser: string;
}

/** The source of a method. */
export interface Source {
  /** The names of the parameters of the implementation, rest parameters with their dots. */
  readonly names: readonly string[];
  /** The expression of the arguments. */
  readonly args: string;
  /** The expression of the parser. */
  readonly parse: string | undefined;
}

/** The letters of the words that stand between parameters. */
const WORDS: Readonly<Record<string, string>> = { '"FIELDS"': "f", '"IDS"': "i" };

/** The arguments of a call, as sources. */
function split(list: string): string[] {
  const parts: string[] = [];
  let depth = 0, quoted = false, start = 0;
  for (let i = 0; i <= list.length; i++) {
    const letter = list[i];
    if (letter === '"') quoted = !quoted;
    if (quoted) continue;
    if (letter === undefined || (letter === "," && depth === 0)) {
      const part = list.slice(start, i).trim();
      if (part !== "") parts.push(part);
      start = i + 1;
    } else if ("([{".includes(letter)) depth++;
    else if (")]}".includes(letter)) depth--;
  }
  return parts;
}

/** A method that a row cannot express, so it calls the command's function. */
class Unsaid extends Error {}

class Shaper {
  readonly #names: readonly string[];
  #next = 0;
  plan = "";

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Takes the next parameter, which must be `name`; the letter for it. */
  #take(name: string | undefined, letter: string): string {
    const own = this.#names[this.#next++];
    if (own === `...${name}`) return letter.toUpperCase();
    if (own !== name) throw new Unsaid(`${name} is not ${own}`);
    return letter;
  }

  read(source: string): string {
    if (source.startsWith("[")) return this.#list(split(source.slice(1, -1)));
    const match = /^(\w+)\((.*)\)$/.exec(source);
    if (match === null) throw new Unsaid(source);
    const [, name, list] = match;
    const parts = split(list!);
    switch (name) {
      case "many":
      case "pairs": {
        const [, inner, value, count] = parts;
        const letters = name === "many" ? "mc" : "pq";
        return this.read(inner!) + this.#take(value, letters[count === undefined ? 0 : 1]!);
      }
      case "rest": {
        const [inner, ...values] = parts;
        const before = this.read(inner!);
        const word = WORDS[values.join()];
        if (word !== undefined) return before + word;
        const letters = values.map((value) => this.#take(value, "r"));
        return before + (letters.length > 1 ? `r${letters.length}` : letters[0]);
      }
      case "withOptions": {
        const [, inner, plan, options] = parts;
        const before = this.read(inner!);
        // The options are the last parameter, wherever they stand among the arguments.
        if (!plan!.startsWith('"') || options !== this.#names.at(-1)) throw new Unsaid(plan);
        this.plan = plan!.slice(1, -1);
        return `${before}o`;
      }
      case "scriptArguments":
        return parts.map((part) => this.#take(part, "")).join("") + "e";
      default:
        throw new Unsaid(name);
    }
  }

  #list(items: readonly string[]): string {
    const plain = items.filter((item) => item !== '"FIELDS"');
    if (plain.length < items.length - 1 || (plain.length < items.length && items.at(-1) !== '"FIELDS"')) {
      throw new Unsaid("a word");
    }
    for (const item of plain) if (this.#take(item, "") !== "") throw new Unsaid(item);
    return `${plain.length || ""}${plain.length < items.length ? "f" : ""}`;
  }

  /** True when all parameters have been read. */
  get complete(): boolean {
    return this.#next + (this.plan === "" ? 0 : 1) === this.#names.length;
  }
}

/** The parser as the table writes it. */
function parserOf(parse: string | undefined): string {
  if (parse === undefined) return "";
  const match = /^options\?\.(\w+) \? (\w+) : (\w+)$/.exec(parse);
  if (match === null) {
    if (!/^\w+$/.test(parse)) throw new Unsaid(parse);
    return parse;
  }
  const [, key, yes, no] = match;
  return `${key}?${yes}:${no === "undefined" ? "" : no}`;
}

/** The row of a method; `undefined` where its function must be called. */
export function rowOf({ names, args, parse }: Source): Row | undefined {
  try {
    const shaper = new Shaper(names);
    const shape = shaper.read(args);
    const parser = parserOf(parse);
    return shaper.complete ? { shape, plan: shaper.plan, parser } : undefined;
  } catch (error) {
    if (error instanceof Unsaid) return undefined;
    throw error;
  }
}
