/** Links within the documentation lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

const folder = new URL("../../docs/", import.meta.url);

/** The anchors that GitHub and JSR make of the headings of a page. */
function anchors(page: string): Set<string> {
  const text = readFileSync(new URL(page, folder), "utf8").replace(/^```[^]*?^```/gm, "");
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
    ),
  );
}

describe("the links of", () => {
  for (const page of readdirSync(folder).filter((name) => name.endsWith(".md"))) {
    it(`docs/${page}`, () => {
      for (const [link, target] of readFileSync(new URL(page, folder), "utf8").matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^\w+:/.test(target!)) continue;
        const [path, anchor] = target!.split("#") as [string, string?];
        const other = path === "" ? page : path;
        assert.ok(existsSync(new URL(other, folder)), `${link} leads to a page that is not there`);
        if (anchor !== undefined) assert.ok(anchors(other).has(anchor), `${link} leads to no heading`);
      }
    });
  }
});
