/**
 * Each defect of the simulator's table changes a text that the source has once.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { PLANTED } from "../simulation/planted/faults.ts";

const ROOT = new URL("../../", import.meta.url);

describe("planted faults", () => {
  it("change a text that stands once in their file", () => {
    const stale = PLANTED.filter(({ file, find }) =>
      find !== "" && readFileSync(new URL(file, ROOT), "utf8").split(find).length !== 2
    );
    assert.deepEqual(stale.map(({ name, file }) => `${file}: ${name}`), []);
  });
});
