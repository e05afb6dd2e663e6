/**
 * Merges the options of a URL and an object, and checks them by name.
 *
 * @module
 */
import { isSecret, parseUrl, type ServerUrl } from "../url.ts";
import { contradiction, describe, nameOf } from "./option_errors.ts";
import { optionHint } from "./option_hints.ts";
import type { Kind } from "./value_kinds.ts";
import { didYouMean } from "./did_you_mean.ts";
import { isPlain, unknownField } from "./nested_options.ts";
import { BLOCKING, CLIENT, CONNECTION, POOL } from "./table.ts";

/** Checked options; missing ones were not given. */
export type Given = Readonly<Record<string, unknown>>;

/** The options that one class accepts. */
export type Table = Readonly<Record<string, Kind>>;

const ELSEWHERE: readonly (readonly [Table, string])[] = [
  [CONNECTION, "a connection"],
  [POOL, "a pool"],
  [BLOCKING, "a BlockingConnectionPool"],
  [CLIENT, "a client"],
];

/** The error for a name that is not known here. Its value is not shown: it may be a secret under a wrong name. */
function unknownOption(name: string, table: Table): TypeError {
  const start = `Cannot use the option ${nameOf(name)}: `;
  const word = optionHint(name);
  if (word !== undefined) return new TypeError(start + word);
  for (const [other, whose] of ELSEWHERE) {
    if (Object.hasOwn(other, name)) {
      return new TypeError(`${start}it is an option of ${whose}, and this is none`);
    }
  }
  const near = didYouMean(name, Object.keys(table));
  return new TypeError(
    `${start}there is none of that name${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
  );
}

function kindOf(name: string, table: Table): Kind {
  const kind = Object.hasOwn(table, name) ? table[name] : undefined;
  if (kind === undefined) throw unknownOption(name, table);
  return kind;
}

function fromObject(source: object, table: Table): Given {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(source)) {
    const kind = kindOf(name, table);
    const value = (source as Given)[name];
    if (value !== undefined) given[name] = kind.check(value, name);
  }
  return given;
}

function parseValue(kind: Kind, text: string, name: string): unknown {
  if (kind.parse !== undefined) return kind.parse(text, name);
  const fields = Object.keys(kind.fields ?? {});
  throw new TypeError(
    `Cannot use the option \`${name}\` in a URL: ${
      fields.length === 0
        ? "only an object can hold it"
        : `write ${fields.map((field) => `${name}.${field}=`).join(", ")}`
    }`,
  );
}

/** Reads one name of a query into `given`. */
function readPair(given: Record<string, unknown>, name: string, text: string, table: Table): void {
  const dot = name.indexOf(".");
  const option = dot < 0 ? name : name.slice(0, dot);
  const kind = kindOf(Object.hasOwn(table, name) ? name : option, table);
  if (dot < 0) {
    const value = parseValue(kind, text, name);
    if (Object.hasOwn(given, name) && (name !== "db" || given.db !== value)) {
      throw new TypeError(
        name === "db"
          ? `Cannot read the URL: its path names database ${given.db}, its query another`
          : `Cannot read the URL: the option \`${name}\` stands there twice`,
      );
    }
    given[name] = value;
    return;
  }
  const fields = kind.fields ?? {};
  const field = name.slice(dot + 1);
  if (!Object.hasOwn(fields, field)) throw unknownField(option, field, Object.keys(fields));
  const before = given[option];
  if (before !== undefined && !isPlain(before)) throw contradiction([option, name], "one switches the whole");
  given[option] = { ...before, [field]: parseValue(fields[field]!, text, name) };
}

function fromUrl(url: ServerUrl, table: Table): Given {
  const given: Record<string, unknown> = {};
  for (const name of ["host", "port", "path", "db", "username", "password"] as const) {
    if (url[name] !== undefined) given[name] = url[name];
  }
  let secret: string | undefined;
  for (const [name, text] of url.query) {
    const option = name.split(".", 1)[0]!;
    if (secret !== undefined && !Object.hasOwn(table, option) && optionHint(name) === undefined) {
      // The parameter may be the rest of a password that contains "&".
      throw new TypeError(
        `Cannot read the URL: a name behind \`${secret}\` is unknown; in the value of \`${secret}\`, "&" must be written "%26"`,
      );
    }
    if (isSecret(name)) secret = name;
    if (name === "tls" || (name.startsWith("tls.") && !url.tls)) {
      throw new TypeError(
        `Cannot use the option \`${name}\` in this URL: whether there is TLS says the scheme, rediss: or valkeys:`,
      );
    }
    if (isPlain(given[name])) throw contradiction([name, `${name}.*`], "one switches the whole");
    readPair(given, name, text, table);
  }
  if (url.tls) given.tls ??= true;
  return fromObject(given, table);
}

/** Puts options over others: objects field by field, anything else as a whole. */
function merge(under: Given, over: Given): Given {
  const merged: Record<string, unknown> = { ...under };
  for (const name of Object.keys(over)) {
    const value = over[name];
    const before = under[name];
    // `tls: true` is consistent with a URL that has `tls.ca=`.
    if (name === "tls" && value === true && isPlain(before)) continue;
    const fields = CONNECTION[name]?.fields !== undefined && isPlain(before) && isPlain(value);
    merged[name] = fields ? Object.freeze({ ...before, ...value }) : value;
  }
  return merged;
}

/** The given options of each resolved result, so that they can be merged again. */
const origins: WeakMap<object, Given> = new WeakMap();

/** Records the given options of a result. */
export function remember<T extends object>(result: T, given: Given): T {
  origins.set(result, given);
  return result;
}

/** Returns the options that `table` knows, and the others. */
export function split(given: Given, table: Table): [Given, Given] {
  const parts: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
  for (const name of Object.keys(given)) parts[Object.hasOwn(table, name) ? 0 : 1][name] = given[name];
  return parts;
}

/** Returns the given options of a result that `table` knows. */
export function recall(result: object, table: Table): Given | undefined {
  const given = origins.get(result);
  return given && split(given, table)[0];
}

/**
 * Merges options: `over` (an object) overrides `source` (a URL, an object, or resolved options).
 *
 * @throws {TypeError} for a name that `table` does not know, a value of the wrong type, or an invalid URL.
 * @throws {RangeError} for a value out of range.
 */
export function mergeOptions(source: unknown, over: unknown, table: Table): Given {
  const read = (value: unknown): Given => {
    if (value === undefined) return {};
    if (typeof value === "string") return fromUrl(parseUrl(value), table);
    if (value instanceof URL) return fromUrl(parseUrl(value.href), table);
    const before = typeof value === "object" && value !== null ? recall(value, table) : undefined;
    if (before !== undefined) return before;
    // A Map or an instance would look like an object without options, and lead to the default server.
    if (isPlain(value)) return fromObject(value, table);
    throw new TypeError(
      `Cannot use these options: wanted a URL or a plain object, but got ${
        Array.isArray(value)
          ? "a list: for the nodes of a cluster use RedisCluster"
          : typeof value === "object" && value !== null
          ? "an object of a class"
          : `${describe(value)}${typeof value === "number" ? ": write { port }" : ""}`
      }`,
    );
  };
  const under = read(source);
  if (typeof over === "string" || over instanceof URL) {
    throw new TypeError("Cannot use these options: the URL is the first argument, the object the second");
  }
  const above = read(over);
  const secure = (typeof source === "string" || source instanceof URL) && under.tls !== undefined;
  if (secure && above.tls === false) {
    throw contradiction(["tls"], "the scheme of the URL asks for TLS, the object switches it off");
  }
  return merge(under, above);
}
