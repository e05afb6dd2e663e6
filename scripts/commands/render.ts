/**
 * Renders the source of a command: the spec, the function, the method.
 *
 * @module
 */
import {
  binary,
  blocking,
  documented,
  extraKeys,
  idempotent,
  opaque,
  renamed,
  stateful,
  statefulUnlisted,
} from "./curated.ts";
import { camel, derive, type Parameter } from "./derive.ts";
import { describeOption } from "./option_docs.ts";
import type { Entry, Shape } from "./overlay.ts";
import type { RecordedCommand, RecordedKeySpec } from "./recorded.ts";
import { type Row, rowOf } from "./rows.ts";

/** A command, gathered from all recordings. */
export interface Known {
  /** `"CONFIG GET"`. */
  readonly name: string;
  /** The recordings, Redis first. */
  readonly recorded: readonly RecordedCommand[];
  /** The recording that is documented the most. */
  readonly richest: RecordedCommand;
  /** Whether only Valkey has it. */
  readonly valkeyOnly: boolean;
}

/** The pieces of a command's source. */
export interface Rendered {
  /** The name of the function. */
  readonly name: string;
  /** The name of the constant with its spec. */
  readonly spec: string;
  /** The function, its options and documentation. */
  readonly source: string;
  /** The method; none for commands that change the connection's state. */
  readonly method: Method | undefined;
}

/** A command as a method. */
export interface Method {
  /** Its name. */
  readonly name: string;
  /** Its signatures, documented, as members of an interface. */
  readonly source: string;
  /** Its row in the table; without one, the method calls the function. */
  readonly row: Row | undefined;
}

/** `CONFIG GET` to `configGet`. */
export function functionName(name: string): string {
  const made = camel(name.toLowerCase().replaceAll(/_(?=ro$)/g, "~")).replace("~", "_").replace(/_$/, "");
  return renamed[made] ?? made;
}

/** `CONFIG GET` to `CONFIG_GET`. */
export function specName(name: string): string {
  return name.replace(/[ -]/g, "_");
}

/** The bits of `CommandFlag`. */
export function flagsOf({ name, recorded }: Known): number {
  const said = (flag: string) => recorded.some(({ flags }) => flags.includes(flag));
  return (said("readonly") ? 1 : 0) | (said("write") ? 2 : 0) |
    (said("blocking") || blocking.has(name) ? 4 : 0) |
    (stateful.has(name) || statefulUnlisted.has(name) ? 8 : 0) | (idempotent.has(name) ? 16 : 0) |
    (binary.has(name) ? 32 : 0) | (opaque.has(name) ? 128 : 0) | (CURSORS.test(name) ? 256 : 0);
}

/** Commands with a cursor, which means another place on another server. */
const CURSORS = /^(?:CLUSTER|[HSZ])?SCAN$/;

function keySpec(
  { begin_search: begin, find_keys: find }: RecordedKeySpec,
  words: number,
): object | undefined {
  const { index = 0, keyword, startfrom = 0 } = begin.spec;
  const { lastkey = 0, keystep = 1, limit = 0, keynumidx = 0, firstkey = 1 } = find.spec;
  if (begin.type === "keyword" && find.type === "range") {
    return {
      keyword,
      from: startfrom < 0 ? startfrom : Math.max(0, startfrom - words),
      last: lastkey,
      step: keystep,
      limit,
    };
  }
  if (begin.type !== "index") return undefined;
  const first = index - words;
  if (find.type === "keynum") return { count: first + keynumidx, first: first + firstkey, step: keystep };
  return find.type === "range"
    ? { first, last: lastkey < 0 ? lastkey : first + lastkey, step: keystep }
    : undefined;
}

/** The specs of the keys, as source. */
export function keysOf({ name, richest }: Known): string {
  const words = name.split(" ").length;
  const specs = richest.keys.map((spec) => keySpec(spec, words)).filter((spec) => spec !== undefined);
  return JSON.stringify([...specs, ...(extraKeys[name] ?? [])]);
}

/** A reply of the overlay as TypeScript. */
function reply(dsl: string, bytes: boolean): string {
  const string = bytes ? "Uint8Array" : "string";
  return dsl.replace(/ @.*$/, "").replace(/\bEntry\b/g, "StreamEntry<Obj<S>>")
    .replaceAll("Obj<", bytes ? "Map<Uint8Array, " : "Record<string, ")
    .replace(/\bS\b/g, string).replace(/\bbytes\b/g, "Uint8Array");
}

function commandType(dsl: string): string {
  const [text, bytes] = [reply(dsl, false), reply(dsl, true)];
  return text === bytes ? `Command<${text}>` : `Command<${text}, ${bytes}>`;
}

function outType(dsl: string): string {
  const [text, bytes] = [reply(dsl, false), reply(dsl, true)];
  return text === bytes ? `Out<W, ${text}>` : `Out<W, ${text}, ${bytes}>`;
}

const parserOf = (dsl: string) => / @(.+)$/.exec(dsl)?.[1];

function declare(parameters: readonly Parameter[]): string {
  return parameters.map(({ name, type, optional, list }, i) =>
    list && i === parameters.length - 1 ? `...${name}: Many` : `${name}${optional ? "?" : ""}: ${type}`
  ).join(", ");
}

/** Documents each option; nested objects have their own comments. */
function documentMembers(command: string, type: string): string {
  return type.replace(/(\{ |; )(\w+)(\??: )(?!never)/g, (_, before, name, after) => {
    return `${before}\n/** ${describeOption(command, name)} */\n${name}${after}`;
  });
}

interface Plan {
  readonly params: string;
  readonly args: string;
  readonly signatures: readonly (readonly [string, string])[];
  readonly parse: string | undefined;
  readonly optionsSource: string;
  readonly generic: string;
}

function fromShape(known: Known, entry: Shape, optionsType: string): Plan {
  let { args } = entry;
  if (args.includes("PLAN")) {
    const { options } = derivedOptions(known);
    args = args.replaceAll("PLAN", JSON.stringify(options));
  }
  const signatures = entry.signatures ?? [[entry.params, entry.reply!] as const];
  return {
    params: entry.params,
    args,
    signatures,
    parse: entry.parse ?? parserOf(signatures[0]![1]),
    optionsSource: entry.options === undefined
      ? ""
      : `/** The options of {@linkcode ${functionName(known.name)}}. */\nexport type ${optionsType} = ${
        documentMembers(functionName(known.name), entry.options)
      };\n\n`,
    generic: entry.generic ?? "",
  };
}

/** The plan of all documented options, for shapes whose other arguments are not derived. */
function derivedOptions({ richest }: Known): { readonly options: string } {
  const optional = (richest.arguments ?? []).filter((one) =>
    one.flags?.includes("optional") && (one.token || one.type === "oneof") && one.name !== "keys"
  );
  return { options: derive(optional, "").plan };
}

function fromDocs(known: Known, entry: Exclude<Entry, Shape>, optionsType: string): Plan {
  const { parameters, options, expression } = derive(known.richest.arguments ?? [], optionsType);
  const [base, variants] = typeof entry === "string" ? [entry, {}] : entry;
  const items = options.flat();
  const signatures: [string, string][] = [];
  const without: string[] = [];
  let parse = parserOf(base);
  const narrowed = (type: string, all = parameters) =>
    declare(
      all.map((one) =>
        one.name === "options"
          ? { ...one, type: `${optionsType} & ${type}`, optional: type.includes("?:") }
          : one
      ),
    );
  const positional = parameters.filter((one) =>
    one.optional && one.name !== "options" && one.name in variants
  );
  const typeWithout = (key: string): string =>
    `${key}?: ${items.find((one) => one.key === key)!.type === "boolean" ? "false" : "undefined"}`;
  const given = parameters.map((one) => positional.includes(one) ? { ...one, optional: false } : one);
  for (const [key, dsl] of Object.entries(variants)) {
    const item = items.find((one) => one.key === key);
    const parser = parserOf(dsl);
    if (key.startsWith("-")) {
      const absent = key.slice(1).split(",").map(typeWithout);
      signatures.push([narrowed(`{ ${[...without, ...absent].join("; ")} }`, given), dsl]);
    } else if (key === "geo") {
      signatures.push([narrowed("GeoDetail"), dsl]);
      parse = "geo(options)";
    } else if (item) {
      const flag = item.type === "boolean";
      signatures.push([narrowed(`{ ${key}: ${flag ? "true" : item.type} }`, given), dsl]);
      without.push(typeWithout(key));
      if (parser !== parse) parse = `options?.${key}${flag ? "" : " !== undefined"} ? ${parser} : ${parse}`;
    }
  }
  const plain = without.length === 0
    ? "geo" in variants ? "GeoPlain" : ""
    : `{ ${without.join("; ")} }${"geo" in variants ? " & GeoPlain" : ""}`;
  const last = (all: readonly Parameter[]) => {
    const kept = plain && all.some((one) => one.name === "options")
      ? all.map((one) => one.name === "options" ? { ...one, type: `${optionsType} & ${plain}` } : one)
      : all;
    return declare(kept);
  };
  for (const { name } of positional) signatures.push([last(given), variants[name]!]);
  signatures.push([
    last(
      parameters.filter((one) =>
        !positional.includes(one) && !(positional.length > 0 && one.name === "options")
      ),
    ),
    base,
  ]);
  const optionsSource = options.length === 0 ? "" : optionsDeclaration(known, options, optionsType);
  return { params: declare(parameters), args: expression, signatures, parse, optionsSource, generic: "" };
}

function optionsDeclaration(
  known: Known,
  groups: ReturnType<typeof derive>["options"],
  name: string,
): string {
  const member = (item: { key: string; type: string }, mark: string) =>
    `/** ${describeOption(functionName(known.name), item.key)} */\n${item.key}${mark}: ${item.type};`;
  const single = groups.filter((group) => group.length === 1).flat().map((item) => member(item, "?"));
  const parts = groups.filter((group) => group.length > 1).map((group) =>
    `AtMostOne<{\n${group.map((item) => member(item, "")).join("\n")}\n}>`
  );
  if (parts.length === 0) {
    return `/** The options of {@linkcode ${functionName(known.name)}}. */\nexport interface ${name} {\n${
      single.join("\n")
    }\n}\n\n`;
  }
  if (single.length > 0) parts.push(`{\n${single.join("\n")}\n}`);
  return `/** The options of {@linkcode ${functionName(known.name)}}. */\nexport type ${name} = ${
    parts.join(" & ")
  };\n\n`;
}

function sentence(text: string): string {
  const trimmed = text.trim().replaceAll("*/", "* /");
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Summary, complexity, version and link; with `lines` as its own paragraphs. */
function documentation(known: Known, name: string): { readonly long: string; readonly short: string } {
  const { richest, recorded, valkeyOnly } = known;
  const described = recorded.find(({ summary }) => summary);
  const [summary, complexity] = documented[known.name] ??
    [described?.summary ?? known.name, described?.complexity];
  const page = known.name.toLowerCase().replaceAll(" ", "-");
  const link = valkeyOnly
    ? `https://valkey.io/commands/${page}/`
    : `https://redis.io/docs/latest/commands/${page}/`;
  const since = valkeyOnly
    ? `Since Valkey ${described?.since ?? "?"}.`
    : `Since Redis ${described?.since ?? (known.name.startsWith("V") ? "8.0.0" : "?")}.`;
  const extra = [
    richest.deprecated
      ? `Deprecated since ${richest.deprecated}${richest.replaced ? `: use ${richest.replaced}` : ""}.`
      : "",
    known.name === "VEMB"
      ? "With `raw`, the reply has bytes for clients of text too."
      : binary.has(known.name)
      ? "The reply is bytes for clients of text too."
      : "",
    stateful.has(known.name) ? "Changes the state of the connection: refused on a shared one." : "",
    name.endsWith("_") ? `\`${name.slice(0, -1)}\` is a reserved word; the method has the plain name.` : "",
  ].filter(Boolean).map(sentence).join(" ");
  const cost = complexity ? `Complexity: ${sentence(complexity)} ` : "";
  const facts = `${cost}${since}${extra ? ` ${extra}` : ""}`;
  return {
    long: `/**\n * ${sentence(summary)}\n *\n * ${facts}\n *\n * @see ${link}\n */\n`,
    short: `/** ${sentence(summary)} ${facts} {@link ${link}} */\n`,
  };
}

/** Renders a command. */
export function render(known: Known, entry: Entry): Rendered {
  const name = functionName(known.name);
  const spec = specName(known.name);
  const optionsType = `${name.replace(/_$/, "").replace(/^./, (letter) => letter.toUpperCase())}Options`;
  const plan = typeof entry === "object" && "params" in entry
    ? fromShape(known, entry, optionsType)
    : fromDocs(known, entry as Exclude<Entry, Shape>, optionsType);
  const { signatures, params, generic } = plan;
  const args = plan.args.replaceAll("$", spec);
  const made = `new Command(${spec}, ${args}${plan.parse ? `, ${plan.parse}` : ""})`;
  const { long, short } = documentation(known, name);
  const single = signatures.length === 1;
  const heads = single
    ? [`${long}export function ${name}${generic}(${signatures[0]![0]}): ${commandType(signatures[0]![1])}`]
    : [
      ...signatures.map(([list, dsl]) => `${long}export function ${name}(${list}): ${commandType(dsl)};`),
      `export function ${name}(${params}): Command`,
    ];
  const source = `${plan.optionsSource}${heads.join("\n")} {\n  return ${made};\n}\n`;
  if (stateful.has(known.name)) return { name, spec, source, method: undefined };
  const names = [...topLevel(params)].map((one) => /^(\.\.\.)?\w+/.exec(one)![0]);
  const method: Method = {
    name: name.replace(/_$/, ""),
    source:
      signatures.map(([list, dsl]) =>
        `${short}${name.replace(/_$/, "")}${single ? generic : ""}(${list}): ${outType(dsl)};`
      ).join("\n") + "\n",
    row: rowOf({ names, args: plan.args, parse: plan.parse }),
  };
  return { name, spec, source, method };
}

function* topLevel(params: string): Generator<string> {
  let depth = 0, start = 0;
  for (let i = 0; i <= params.length; i++) {
    const letter = params[i];
    if (letter === undefined || (letter === "," && depth === 0)) {
      const part = params.slice(start, i).trim();
      if (part) yield part;
      start = i + 1;
    } else if ("([{<".includes(letter)) depth++;
    else if (")]}>".includes(letter)) depth--;
  }
}
