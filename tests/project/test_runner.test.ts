import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { select } from "../../scripts/testing/select.ts";
import type { Runtime } from "../../scripts/testing/runtimes.ts";
import { type JobResult, testFile } from "../../scripts/testing/test_file.ts";
import { removeFolder, temporaryFolder } from "../harness/folders.ts";

/** The runtime that runs this file, which is the one to be tried. */
const runtime: Runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const IMPORTS =
  'import { after, describe, it } from "node:test";\nimport assert from "node:assert/strict";\n';
const GENEROUS = 60_000;

describe("scripts/test", () => {
  const folder = temporaryFolder();
  after(() => removeFolder(folder));

  function run(name: string, text: string, limit = GENEROUS): Promise<JobResult> {
    const file = join(folder, `${name}.test.ts`);
    writeFileSync(file, IMPORTS + text);
    return testFile(runtime, process.execPath, file, folder, limit);
  }

  it("counts what passed, failed and was skipped, and says why", async () => {
    const { passed, skipped, failures } = await run(
      "mixed",
      `describe("a & b", () => {
        it("passes", () => {});
        it("fails <so>", () => assert.equal("is", "ought", "it is not as it ought to be"));
        it.skip("waits", () => {});
        describe("inner", () => it("passes", () => {}));
      });`,
    );
    assert.deepEqual([passed, skipped], [2, 1]);
    assert.deepEqual(failures.map(({ name }) => name), ["a & b > fails <so>"]);
    assert.match(failures[0]?.message ?? "", /it is not as it ought to be/);
  });

  it("counts an exception outside of tests as a failure", async () => {
    const { failures } = await run(
      "broken",
      'it("is never reached", () => {});\nthrow new Error("broken at the top");',
    );
    assert.equal(failures.length, 1);
    assert.match(failures[0]?.message ?? "", /broken at the top/);
  });

  it("counts what a timer throws as a failure", async () => {
    const text = 'it("passes", () => { setTimeout(() => { throw new Error("stray"); }); });\n' +
      'it("waits", () => new Promise((resolve) => setTimeout(resolve, 20)));\n';
    const { failures } = await run("stray", text);
    assert.equal(failures.length, 1);
    assert.match(failures[0]?.message ?? "", /stray/);
  });

  it("counts a failing hook as a failure", async () => {
    const { failures } = await run(
      "hook",
      'describe("hooked", () => { after(() => { throw new Error("hook broke"); }); it("passes", () => {}); });',
    );
    assert.equal(failures.length, 1);
    assert.match(failures[0]?.message ?? "", /hook broke/);
  });

  it("counts a runtime that ends early as a failure, even with code 0", async () => {
    for (const code of [0, 7]) {
      const { failures } = await run(`exit${code}`, `it("exits", () => process.exit(${code}));\n`);
      assert.equal(failures.length, 1, `code ${code}`);
    }
  });

  it("counts a file without tests as a failure", async () => {
    const { passed, failures } = await run("empty", "assert.ok(1); void after; void describe; void it;\n");
    assert.deepEqual([passed, failures.length], [0, 1]);
  });

  it("ends a file that hangs, and says so", async () => {
    const text = 'it("hangs", () => new Promise(() => setInterval(() => {}, 1000)));\n';
    const { failures } = await run("hanging", text, 2_000);
    assert.equal(failures.at(-1)?.name, "(the file hung)");
    assert.match(failures.at(-1)?.message ?? "", /did not end within 2 s/);
  });

  it("understands its command line", () => {
    const files = ["tests/pool.test.ts", "tests/resp.test.ts"];
    assert.deepEqual(select([], files), { runtimes: ["deno", "bun", "node"], files, checks: true });
    assert.deepEqual(select(["deno", "pool"], files), {
      runtimes: ["deno"],
      files: [files[0]],
      checks: false,
    });
    assert.deepEqual(select(["checks"], files).files, []);
    assert.throws(() => select(["nothing"], files), /No test file has "nothing" in its path/);
  });
});
