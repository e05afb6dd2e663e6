/**
 * The table of all commands, parsed once. As text it is a quarter of the size of equivalent code.
 *
 * A line is `NAME;shape;flags;keys;parser;plan;request policy;response policy`, without empty fields at its end.
 * `flags` are the bits of `CommandFlag`; `keys` and `parser` are indexes of lists (`key?3:4`: 3 with that option,
 * else 4); `plan` are the options, as `withOptions` reads them. The shape says how the parameters of the method, one
 * by one, become arguments:
 *
 * - `3`: three, as they are
 * - `m`, `c`: a list of at least one; with its length before it
 * - `p`, `q`: pairs, at least one; with their number before them
 * - `r`, `r2`: one or two that may be left out
 * - `e`: a script, its keys, its arguments
 * - `f`, `i`: the word FIELDS or IDS, no parameter
 * - `o`: the options, which are the last parameter
 * - capitals: all parameters that are left are the list
 * - `!`: the command's function does it; `-`: there is no method
 *
 * @module
 */
import { type CommandSpec, defineCommand } from "./command.ts";
import { KEYS, TABLE } from "./table_data.ts";

/** One line. */
export class Row {
  /** The name of the command. */
  readonly name: string;
  /** The shape of the parameters. */
  readonly shape: string;
  /** The place of the parser. */
  readonly parser: string;
  /** The options. */
  readonly plan: string;
  readonly #line: string;
  #spec: CommandSpec | undefined = undefined;

  /** Reads a line of the table. */
  constructor(line: string) {
    const [name, shape = "", , , parser = "", plan = ""] = line.split(";", 6);
    this.name = name!;
    this.shape = shape;
    this.parser = parser;
    this.plan = plan;
    this.#line = line;
  }

  /** The properties of the command. Created on first use, because a program uses few commands. */
  get spec(): CommandSpec {
    return this.#spec ??= this.#define();
  }

  #define(): CommandSpec {
    const [name, , flags, keys, , , request, response] = this.#line.split(";");
    return defineCommand(
      name!,
      Number(flags ?? 0),
      KEYS[Number(keys ?? 0)],
      request || undefined,
      response,
    );
  }
}

let rows: readonly Row[] | undefined;

/** All lines. */
export function readRows(): readonly Row[] {
  return rows ??= TABLE.split("\n").map((line) => new Row(line));
}
