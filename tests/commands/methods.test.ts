/**
 * The methods, which are made of the table of commands, against the functions, which are code: called alike, both make the
 * same command or refuse in the same words.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { functionName } from "../../scripts/commands/render.ts";
import { Missing } from "../../src/resp/arguments.ts";
import { CommandMethods } from "../../src/commands/methods.ts";
import * as c from "../../src/commands/mod.ts";
import { readRows, type Row } from "../../src/commands/rows.ts";
import type { Out, TextPromise } from "../../src/commands/wrap.ts";

class Echo extends CommandMethods<TextPromise> {
  override execute<T, B>(command: c.Command<T, B>): Out<TextPromise, T, B> {
    return command as unknown as Out<TextPromise, T, B>;
  }
}

type Call = (...params: unknown[]) => c.Command;

const functions = c as unknown as Readonly<Record<string, Call>>;
const methods = new Echo() as unknown as Readonly<Record<string, Call>>;

/** Values for an option, by what its plan says behind the key. */
function valuesOf(kind: string): unknown[] {
  if (kind === "") return [true, false, 1];
  if (kind === "?") return [true, false];
  if (kind.startsWith("{")) {
    return [Object.fromEntries(kind.slice(1, -1).split(",").map((name, i) => [name, i])), {}];
  }
  return kind === "=" ? ["v"] : [["v", "w"], "v", []];
}

/** Objects of options, one for each option and value, one with all, and such as must be refused. */
function optionsOf(row: Row): unknown[] {
  const { plan } = row.read();
  const items = plan === "" ? [] : plan.split(/[ |]/).map((item) => /^(\w+)([^:]*)/.exec(item)!.slice(1, 3));
  const single = items.flatMap(([key, kind]) => valuesOf(kind!).map((value) => ({ [key!]: value })));
  const all = Object.fromEntries(items.map(([key, kind]) => [key, valuesOf(kind!)[0]]));
  return [...single, all, { nonsense: 1 }, null, undefined];
}

const LISTS = [["a", "b"], [], { f: "v", g: 2 }, {}, new Map([["f", 1]]), [["f", 1], ["g", 2]], undefined];

/** Parameters as they may come: too few, too many, lists and pairs in each place, options behind any number of others. */
function* calls(row: Row): Generator<unknown[]> {
  const plain = ["a", 2, "c", 4, "e", 6, "g"];
  const options = optionsOf(row);
  for (let count = 0; count <= plain.length; count++) {
    const params = plain.slice(0, count);
    yield params;
    for (const last of options) yield [...params, last];
    for (let at = 0; at < count; at++) {
      for (const list of LISTS) {
        const changed = params.with(at, list as string);
        yield changed;
        for (const last of options.slice(0, 3)) yield [...changed, last];
      }
    }
  }
}

/** Methods name a key that is missing; functions leave it as it is. */
function unnamed(arg: unknown): unknown {
  return arg instanceof Missing ? (arg.what.endsWith("null") ? null : undefined) : arg;
}

/** Returns the outcome of a call, and its parser separately, as both must be the same function. */
function outcome(call: Call, params: unknown[]): [unknown, c.Command["parse"]] {
  try {
    const { spec, args, parse } = call.apply(methods, params);
    return [{ spec, args: args.map(unnamed) }, parse];
  } catch (error) {
    return [String(error), undefined];
  }
}

describe("methods", () => {
  it("are there for every command that does not change its connection", () => {
    const wanted = readRows().filter(({ spec }) => !(spec.flags & c.CommandFlag.stateful))
      .map(({ spec }) => functionName(spec.name).replace(/_$/, "")).sort();
    const there = Object.getOwnPropertyNames(CommandMethods.prototype).filter((name) =>
      name !== "constructor"
    );
    assert.deepEqual(there.sort(), wanted);
    assert.ok(wanted.length > 380);
  });

  it("look like methods that were written down", () => {
    const { get } = methods;
    assert.equal(get!.name, "get");
    assert.deepEqual(Object.keys(CommandMethods.prototype), []);
    assert.throws(() => Reflect.construct(get!, []), TypeError);
  });

  it("make what the functions make", () => {
    let made = 0;
    for (const row of readRows()) {
      if (row.shape === "-") continue;
      const name = functionName(row.spec.name);
      const told = `${name}, shape ${row.shape}`;
      for (const params of calls(row)) {
        const [command, parse] = outcome(methods[name.replace(/_$/, "")]!, params);
        if (/it takes .*, and got/.test(String(command))) {
          // JavaScript itself drops what a function does not take.
          assert.ok(params.length > functions[name]!.length, told);
          continue;
        }
        const [expected, expectedParse] = outcome(functions[name]!, params);
        assert.deepEqual(command, expected, told);
        // Where a method calls the function, that may make a parser anew.
        if (row.shape !== "!") assert.equal(parse, expectedParse, told);
        if (typeof command === "object") made++;
      }
    }
    assert.ok(made > 10_000, `${made} commands were made`);
  });
});
