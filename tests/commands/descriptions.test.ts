/** The descriptions of commands in editors: sentences, not tokens of the protocol. @module */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

const folder = new URL("../../src/commands/", import.meta.url);
const sources = readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) =>
  [name, readFileSync(new URL(name, folder), "utf8")] as const
).filter(([name, source]) => source.startsWith("// Generated") && !/^(specs|table_data)\.ts$/.test(name));

describe("descriptions of commands", () => {
  it("there are sources to look at", () => assert.ok(sources.length > 10));

  it("no description says that something is not documented", () => {
    for (const [name, source] of sources) assert.doesNotMatch(source, /not documented/, name);
  });

  it("each option is described by a sentence", () => {
    let options = 0;
    for (const [name, source] of sources) {
      for (const [, text, option] of source.matchAll(/\/\*\* (.*) \*\/\n +(?:readonly )?(\w+)\??: /g)) {
        options++;
        assert.match(text!, /^[A-Z][^ ]* .+\.$/, `${name}: ${option}`);
        assert.doesNotMatch(text!, /^[A-Z\d]{2,}\b/, `${name}: ${option}`);
      }
    }
    assert.ok(options > 200, `only ${options} options were found`);
  });
});
