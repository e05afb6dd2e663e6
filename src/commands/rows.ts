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
import { type CommandSpec, defineCommand, type ReplyParser } from "./command.ts";
import { KEYS, PARSERS, TABLE } from "./table_data.ts";

/** The parts of a line that make a command. */
export interface CommandMaker {
  /** The properties of the command. */
  readonly spec: CommandSpec;
  /** The place of the parser, or how an option chooses it. */
  readonly parser: string;
  /** The parser, unless an option chooses it. */
  readonly parse: ReplyParser | undefined;
  /** The options. */
  readonly plan: string;
}

/** One line. Only its name and its shape are read at the start of a program, which uses few commands. */
export class Row {
  /** The name of the command. */
  readonly name: string;
  /** The shape of the parameters. */
  readonly shape: string;
  readonly #line: string;
  #maker: CommandMaker | undefined = undefined;

  /** Reads a line of the table. */
  constructor(line: string) {
    const [end, next] = [line.indexOf(";"), line.indexOf(";", line.indexOf(";") + 1)];
    this.name = end < 0 ? line : line.slice(0, end);
    this.shape = end < 0 ? "" : line.slice(end + 1, next < 0 ? undefined : next);
    this.#line = line;
  }

  /** Whether the parser depends on an option. */
  get choosesParser(): boolean {
    // Few lines have a question mark.
    return this.#line.includes("?") && this.read().parser.includes("?");
  }

  /** The properties of the command. */
  get spec(): CommandSpec {
    return this.read().spec;
  }

  /** Reads the rest of the line. */
  read(): CommandMaker {
    return this.#maker ??= this.#read();
  }

  #read(): CommandMaker {
    const [name, , flags, keys, parser = "", plan = "", request, response] = this.#line.split(";");
    const spec = defineCommand(
      name!,
      Number(flags ?? 0),
      KEYS[Number(keys ?? 0)],
      request || undefined,
      response,
    );
    return { spec, parser, parse: PARSERS[Number(parser)], plan };
  }
}

let rows: readonly Row[] | undefined;

/** All lines. */
export function readRows(): readonly Row[] {
  return rows ??= TABLE.split("\n").map((line) => new Row(line));
}
