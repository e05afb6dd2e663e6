/**
 * Derives the parameters of a command's function and the expression for its arguments from the documented arguments.
 * Throws if that is not possible; then the overlay needs a shape.
 *
 * @module
 */
import type { RecordedArgument } from "./recorded.ts";
import { words } from "./curated.ts";

/** A parameter. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  /** May be left out. */
  readonly optional: boolean;
  /** A list that can be given one by one, where nothing follows. */
  readonly list?: boolean;
}

/** An option. */
export interface OptionItem {
  readonly key: string;
  readonly type: string;
  /** Its part of the plan; see `src/commands/arguments.ts`. */
  readonly plan: string;
}

/** The derived parameters and expression. */
export interface Derived {
  readonly parameters: Parameter[];
  /** Groups of options; of a group with several, one may be given. */
  readonly options: OptionItem[][];
  readonly plan: string;
  readonly expression: string;
}

/** `match-pattern` to `matchPattern`; what would be a reserved word gets an underscore. */
export function camel(name: string): string {
  const made = name.toLowerCase().replace(/[-_ ]+(.)/g, (_, letter: string) => letter.toUpperCase());
  return /^(function|delete|default|new|in|eval|arguments|options)$/.test(made) ? `${made}_` : made;
}

function plural(name: string): string {
  if (name.endsWith("s")) return name;
  return name.endsWith("y") && !name.endsWith("key") ? `${name.slice(0, -1)}ies` : `${name}s`;
}

/** The key of an option: its token, in camelCase. */
function optionKey(token: string): string {
  return words[token] ?? camel(token);
}

function valueType(type: string): string {
  return type === "integer" || type === "double" || type === "unix-time" ? "Num" : "Arg";
}

function choices(of: readonly RecordedArgument[]): string {
  const tokens = of.map(({ token }) => token!);
  return [...tokens, ...tokens.map((token) => token.toLowerCase())].map((token) => `"${token}"`).join(" | ");
}

const has = (argument: RecordedArgument, flag: string) => argument.flags?.includes(flag) ?? false;
const isToken = (argument: RecordedArgument) => argument.type === "pure-token";

function planItem(key: string, kind: string, token: string): string {
  return key.toUpperCase() === token ? `${key}${kind}` : `${key}${kind}:${token}`;
}

/** Options of one optional argument: a group of alternatives, or several groups for a block. */
function optionGroups(argument: RecordedArgument): OptionItem[][] {
  const { type, token, arguments: inner = [] } = argument;
  if (type === "oneof" && !token) {
    return [inner.map((one) => optionGroups(one)).map((groups) => groups[0]![0]!)];
  }
  if (type === "block" && !token) return inner.flatMap(optionGroups);
  if (!token) throw new Error(`no token: ${argument.name}`);
  const key = optionKey(token);
  if (isToken(argument)) {
    return [[{ key, type: "boolean", plan: planItem(key, "", token) }]];
  }
  if (type === "oneof") {
    return [[{ key, type: choices(inner), plan: planItem(key, "=", token) }]];
  }
  if (type === "block") {
    const values = inner.filter((one) => !has(one, "optional"));
    const names = values.map(({ name }) => camel(name));
    const fields = values.map((one, i) => `readonly ${names[i]}: ${valueType(one.type)}`).join("; ");
    const item = { key, type: `{ ${fields} }`, plan: planItem(key, `{${names}}`, token) };
    return [[item], ...inner.filter((one) => has(one, "optional")).flatMap(optionGroups)];
  }
  if (has(argument, "multiple")) {
    const kind = has(argument, "multiple_token") ? "+" : "*";
    return [[{ key, type: "OneOrMany", plan: planItem(key, kind, token) }]];
  }
  // Digests are documented as integers, and are 16 hexadecimal digits.
  const value = argument.name.endsWith("digest") ? "Arg" : valueType(type);
  return [[{ key, type: value, plan: planItem(key, "=", token) }]];
}

/** Derives parameters and expression. */
export function derive(list: readonly RecordedArgument[], optionsType: string): Derived {
  const parameters: Parameter[] = [];
  const groups: OptionItem[][] = [];
  let expression = "";
  let open: string[] | undefined = [];
  let counted = false;
  let optionsAt = "";
  const close = () => {
    if (open === undefined) return;
    expression = expression === ""
      ? `[${open.join(", ")}]`
      : open.length
      ? `rest(${expression}, ${open.join(", ")})`
      : expression;
    open = undefined;
  };
  const wrap = (made: (inner: string) => string) => {
    close();
    expression = made(expression);
    open = [];
  };
  const element = (code: string) => open!.push(code);
  const required = (argument: RecordedArgument): void => {
    const { type, token, arguments: inner = [] } = argument;
    const name = camel(argument.name);
    if (/^num(keys|fields|ids)$/.test(argument.name)) {
      counted = true;
      return;
    }
    if (isToken(argument)) return void element(`"${token}"`);
    if (type === "oneof") {
      const value = inner.find((one) => !isToken(one));
      if (token) element(`"${token}"`);
      if (value) {
        if (value.type === "block" || value.token) throw new Error(`alternatives: ${argument.name}`);
        parameters.push({ name: camel(value.name), type: "Arg", optional: false });
        return void element(camel(value.name));
      }
      parameters.push({ name, type: choices(inner), optional: false });
      return void element(name);
    }
    if (token) element(`"${token}"`);
    if (type === "block" && !has(argument, "multiple")) return inner.forEach(one);
    if (has(argument, "multiple")) {
      const count = counted ? ", 1" : "";
      counted = false;
      if (type === "block") {
        if (inner.length !== 2 || !/^(key|field|parameter)$/.test(inner[0]!.name)) {
          throw new Error(`block: ${argument.name}`);
        }
        parameters.push({ name: "entries", type: "Entries", optional: false });
        return wrap((code) => `pairs($, ${code}, entries${count})`);
      }
      parameters.push({ name: plural(name), type: "OneOrMany", optional: false, list: true });
      return wrap((code) => `many($, ${code}, ${plural(name)}${count})`);
    }
    parameters.push({ name, type: valueType(type), optional: false });
    element(name);
  };
  const positional = (argument: RecordedArgument): void => {
    // An optional block without a token: its required parts are optional as a whole.
    if (argument.type === "block" && !argument.token && !argument.arguments![0]!.token) {
      return argument.arguments!.forEach(positional);
    }
    if (argument.token || argument.type === "block") return optional(argument);
    if (argument.type === "oneof" && argument.arguments!.every(isToken)) {
      const name = camel(argument.name);
      parameters.push({ name, type: choices(argument.arguments!), optional: true });
      return void element(name);
    }
    const name = camel(argument.name);
    if (has(argument, "multiple")) {
      parameters.push({ name: plural(name), type: "OneOrMany", optional: true, list: true });
      return wrap((code) => `rest(${code}, ${plural(name)})`);
    }
    parameters.push({ name, type: valueType(argument.type), optional: true });
    if (expression === "" && open !== undefined) wrap((code) => code);
    element(name);
  };
  const optional = (argument: RecordedArgument): void => {
    groups.push(...optionGroups(argument));
    if (optionsAt === "") {
      wrap((code) => `withOptions($, ${code}, PLAN, options)`);
      optionsAt = expression;
    } else if (expression !== optionsAt || open!.length > 0) throw new Error("options in two places");
  };
  const one = (argument: RecordedArgument): void => {
    if (!has(argument, "optional")) return required(argument);
    const { type, token, arguments: inner = [] } = argument;
    const tokened = token !== undefined || (type === "oneof") ||
      (type === "block" && inner[0]!.token !== undefined) || (type === "block" && inner[0]!.type === "oneof");
    return tokened ? optional(argument) : positional(argument);
  };
  list.forEach(one);
  if (
    parameters.some(({ optional }) => optional) && expression.startsWith("[") === false && expression === ""
  ) {
    throw new Error("no place for optional arguments");
  }
  close();
  if (groups.length > 0) parameters.push({ name: "options", type: optionsType, optional: true });
  const plan = groups.map((group) => group.map((item) => item.plan).join("|")).join(" ");
  return {
    parameters,
    options: groups,
    plan,
    expression: expression.replace("PLAN", JSON.stringify(plan)),
  };
}
