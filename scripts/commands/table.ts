/**
 * Writes `src/commands/table_data.ts`: the properties of all commands and the shapes of their methods, as text. The
 * format is in `src/commands/rows.ts`.
 *
 * @module
 */
import { flagsOf, functionName, keysOf, type Known, type Method } from "./render.ts";

/** Called often, and slower by a shape than by their functions, which are code of their own. */
export const BY_FUNCTION: ReadonlySet<string> = new Set(["XADD"]);

/** The parts of the file. */
export interface TableSource {
  /** The lines of the table. */
  readonly rows: string;
  /** The code beside it. */
  readonly code: string;
  /** The functions that it needs. */
  readonly called: readonly string[];
}

function policy({ recorded }: Known, kind: string): string {
  const tips = recorded.flatMap(({ tips }) => tips);
  return tips.find((tip) => tip.startsWith(`${kind}_policy:`))?.split(":")[1] ?? "";
}

/** The name of a method as `src/commands/rows.ts` makes it of the command's. */
function methodName(name: string): string {
  return name.toLowerCase().replace(/[ -](.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The source of the table. */
export function tableSource(listed: readonly Known[], methods: ReadonlyMap<string, Method>): TableSource {
  const keys = ["[]"];
  const parsers: string[] = ["undefined"];
  const called: string[] = [];
  const place = (list: string[], one: string): string => {
    if (!list.includes(one)) list.push(one);
    return String(list.indexOf(one) || "");
  };
  const rows = listed.map((one) => {
    const method = methods.get(one.name);
    const row = BY_FUNCTION.has(one.name) ? undefined : method?.row;
    if (method !== undefined && method.name !== methodName(one.name)) {
      throw new Error(`The table makes ${methodName(one.name)} of it, not ${method.name}`);
    }
    if (method !== undefined && row === undefined) called.push(functionName(one.name));
    const parser = row?.parser.split("?").map((part, at, parts) =>
      at < parts.length - 1 ? part : part.split(":").map((name) => name && place(parsers, name)).join(":")
    ).join("?");
    return [
      one.name,
      method === undefined ? "-" : row === undefined ? "!" : row.shape,
      flagsOf(one) || "",
      place(keys, keysOf(one)),
      parser ?? "",
      row?.plan ?? "",
      policy(one, "request"),
      policy(one, "response"),
    ].join(";").replace(/;+$/, "");
  });
  const pairs = called.map((name) => name.endsWith("_") ? `${name.slice(0, -1)}: ${name}` : name);
  const code =
    `/** The positions of keys, by their index in the table. */\nexport const KEYS: readonly (readonly KeySpec[])[] = [${
      keys.join(", ")
    }];\n\n` +
    `/** The parsers; the table has the number. */\nexport const PARSERS: readonly (ReplyParser | undefined)[] = [${
      parsers.join(", ")
    }];\n\n` +
    `/** The functions of those commands whose arguments take more than a shape. */\n` +
    `export const FUNCTIONS: Readonly<Record<string, unknown>> = { ${pairs.join(", ")} };\n`;
  return { rows: rows.join("\n"), code, called };
}
