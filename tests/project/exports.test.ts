/** The exports of the package's entries. @module */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as base from "../../base.ts";
import * as main from "../../mod.ts";

/** The classes of `base.ts`, and what the classes of the main entry are called that extend them. */
const pairs = Object.entries(base).filter(([name]) => name.endsWith("Base")).map(([name, value]) =>
  [name.slice(0, -"Base".length), value] as const
);

describe("entries", () => {
  it("the main one has a class with a transport for each class of base", () => {
    assert.equal(pairs.length, 10);
    for (const [name, parent] of pairs) {
      const own = (main as Record<string, unknown>)[name];
      assert.equal(Object.getPrototypeOf(own), parent, name);
    }
  });

  it("the main one's classes keep the name that is printed when a bundler renames them", () => {
    for (const [name] of pairs) {
      const own = (main as Record<string, unknown>)[name] as object;
      // The name that a class has by its declaration cannot be written.
      const { value, writable } = Object.getOwnPropertyDescriptor(own, "name")!;
      assert.deepEqual({ value, writable }, { value: name, writable: true });
    }
  });

  it("the main one has none of the inner names", () => {
    assert.deepEqual(Object.keys(main).filter((name) => name in base), []);
    const source = readFileSync(new URL("../../mod.ts", import.meta.url), "utf8");
    const exported = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, names]) => names).join();
    for (
      const name of ["TextPromise", "BytesPromise", "Wrap", "Out", "Arg", "Num", "KeySpec", "CommandSpec"]
    ) {
      assert.doesNotMatch(exported, new RegExp(`\\b${name}\\b`), name);
    }
    assert.doesNotMatch(source, /^export (type )?\* from ".*(resp|commands)\//m);
  });
});
