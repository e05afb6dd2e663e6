/**
 * Methods for all commands, made of the lines of the table.
 *
 * @module
 */
import { Missing } from "../resp/arguments.ts";
import type { Arg } from "../resp/types.ts";
import { type Entries, many, type OneOrMany, pairs, rest, withOptions } from "./arguments.ts";
import { Command, type CommandSpec } from "./command.ts";
import { defineMethods } from "./define_methods.ts";
import { type CommandMaker, readRows, type Row } from "./rows.ts";
import { scriptArguments } from "./shapes.ts";
import { FUNCTIONS, PARSERS } from "./table_data.ts";

/** Executes or collects commands. */
interface Target {
  execute(command: Command): unknown;
}

type Method = (this: Target, ...params: never[]) => unknown;

/** The number of parameters of a shape part that has no number and does not take one. */
const TAKES: Readonly<Record<string, number>> = { e: 3, f: 0, i: 0, o: 0 };

function readShape(shape: string): { letter: string; start: number; end: number; all: boolean }[] {
  let end = 0;
  return [...shape.matchAll(/([a-z]?)(\d?)/gi)].filter(([part]) => part !== "").map(([, kind, count]) => {
    const letter = kind!.toLowerCase();
    const start = end;
    end += count ? Number(count) : TAKES[letter] ?? 1;
    return { letter, start, end, all: kind !== letter };
  });
}

/** Makes the command of any line: part by part. */
function makerOf(row: Row): (params: readonly unknown[]) => Command {
  const { spec, parser, plan } = row.read();
  const { shape } = row;
  const parts = readShape(shape);
  const last = parts.at(-1)!.end;
  const [, key, yes, no] = /^(\w+)\?(\d*):(\d*)$/.exec(parser) ?? ["", "", "", parser];
  const [parse, parseOther] = [PARSERS[Number(yes)], PARSERS[Number(no)]];
  return (params) => {
    // Where there are options, they are the last parameter, but not always the last argument.
    const options = params[last] as Readonly<Record<string, unknown>> | undefined;
    const out: Arg[] = [];
    for (const { letter, start, end, all } of parts) {
      const value = (all ? params.slice(start) : params[start]) as OneOrMany & Entries;
      switch (letter) {
        case "":
          for (let i = start; i < end; i++) out.push(params[i] as Arg);
          break;
        case "o":
          withOptions(spec, out, plan, options);
          break;
        case "m":
        case "c":
          many(spec, out, value, letter === "c");
          break;
        case "p":
        case "q":
          pairs(spec, out, value, letter === "q");
          break;
        case "r":
          rest(out, value, ...params.slice(start + 1, end) as Arg[]);
          break;
        case "e":
          out.push(...scriptArguments(...params as [Arg]));
          break;
        case "f":
        case "i":
          out.push(letter === "f" ? "FIELDS" : "IDS");
      }
    }
    return new Command(spec, out, key !== "" && options?.[key!] ? parse : parseOther);
  };
}

/** Returns the key of a call, or a value that is refused with the name of the command. */
function keyOf(row: Row, key: Arg): Arg {
  if (key !== undefined && key !== null) return key;
  const [first] = row.spec.keys;
  const isKey = first !== undefined && "first" in first && !("count" in first) && first.first === 0;
  return isKey ? new Missing(`the key is ${key}`) as never : key;
}

/** More arguments than a command takes would be lost in silence. */
function tooMany({ name }: CommandSpec, takes: number, given: number): never {
  const count = takes === 0 ? "no argument" : takes === 1 ? "1 argument" : `${takes} arguments`;
  throw new TypeError(`Cannot make ${name}: it takes ${count}, and got ${given}`);
}

/** The method of a line. The shapes that are called most have code of their own. */
function methodOf(name: string, row: Row): Method {
  const { shape } = row;
  let maker: CommandMaker | undefined;
  // Made as members, so that they have a name and are no constructors.
  switch (row.choosesParser ? "?" : shape) {
    case "":
      return {
        [name](this: Target) {
          if (arguments.length > 0) tooMany(row.spec, 0, arguments.length);
          const { spec, parse } = maker ??= row.read();
          return this.execute(new Command(spec, [], parse));
        },
      }[name]!;
    case "1":
      return {
        [name](this: Target, a: Arg) {
          if (arguments.length > 1) tooMany(row.spec, 1, arguments.length);
          const { spec, parse } = maker ??= row.read();
          return this.execute(new Command(spec, [keyOf(row, a)], parse));
        },
      }[name]!;
    case "2":
      return {
        [name](this: Target, a: Arg, b: Arg) {
          if (arguments.length > 2) tooMany(row.spec, 2, arguments.length);
          const { spec, parse } = maker ??= row.read();
          return this.execute(new Command(spec, [keyOf(row, a), b], parse));
        },
      }[name]!;
    case "3":
      return {
        [name](this: Target, a: Arg, b: Arg, c: Arg) {
          if (arguments.length > 3) tooMany(row.spec, 3, arguments.length);
          const { spec, parse } = maker ??= row.read();
          return this.execute(new Command(spec, [keyOf(row, a), b, c], parse));
        },
      }[name]!;
    case "1r":
      return {
        [name](this: Target, a: Arg, b?: OneOrMany) {
          const { spec, parse } = maker ??= row.read();
          return this.execute(new Command(spec, rest([keyOf(row, a)], b), parse));
        },
      }[name]!;
    case "2o":
      return {
        [name](this: Target, a: Arg, b: Arg, options?: object) {
          const { spec, parse, plan } = maker ??= row.read();
          return this.execute(
            new Command(spec, withOptions(spec, [keyOf(row, a), b], plan, options), parse),
          );
        },
      }[name]!;
    case "M":
      return {
        [name](this: Target, ...list: Arg[]) {
          const { spec, parse } = maker ??= row.read();
          return this.execute(new Command(spec, many(spec, [], list), parse));
        },
      }[name]!;
    case "1M":
      return {
        [name](this: Target, a: Arg, ...list: Arg[]) {
          const { spec, parse } = maker ??= row.read();
          return this.execute(new Command(spec, many(spec, [a], list), parse));
        },
      }[name]!;
  }
  if (shape === "!") {
    const make = FUNCTIONS[name] as (...params: unknown[]) => Command;
    return {
      [name](this: Target, ...params: unknown[]) {
        return this.execute(make(...params));
      },
    }[name]!;
  }
  let make: ReturnType<typeof makerOf> | undefined;
  return {
    [name](this: Target, ...params: unknown[]) {
      return this.execute((make ??= makerOf(row))(params));
    },
  }[name]!;
}

function* methods(): Generator<readonly [string, Method], void, undefined> {
  for (const row of readRows()) {
    if (row.shape === "-") continue;
    let name = row.name.toLowerCase();
    if (/[ -]/.test(name)) name = name.replace(/[ -](.)/g, (_, letter: string) => letter.toUpperCase());
    yield [name, methodOf(name, row)];
  }
}

/** Adds the methods to the prototype of a class. */
export function addMethods(prototype: object): void {
  defineMethods(prototype, methods());
}
