import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBinary } from "../harness/binaries.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

async function demo(args: readonly string[], env: Record<string, string>): Promise<[number, string]> {
  const child = spawn(join(root, "scripts", "demo"), [...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  const output = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  return [await ended, output.join("")];
}

describe(`the demo on ${runtime}`, () => {
  it(
    "runs with a server that is installed",
    { skip: !findBinary() && "no server is installed" },
    async () => {
      const { REDIS_URL: _, ...env } = process.env as Record<string, string>;
      const [code, output] = await demo([runtime], env);
      assert.equal(code, 0, output);
      assert.match(output, /with (Redis|Valkey) \d.*installed here[^]*hello\n100,000 GETs/);
    },
  );

  it("runs with the test server where none is installed", async () => {
    // A PATH with nothing but what the script itself needs.
    const folder = mkdtempSync(join(tmpdir(), "keywire-demo-test-"));
    try {
      for (const name of ["bash", "dirname", "env"]) {
        const candidates = (process.env.PATH ?? "").split(delimiter).map((path) => join(path, name));
        symlinkSync(candidates.find((path) => existsSync(path))!, join(folder, name));
      }
      const [code, output] = await demo([runtime], { PATH: folder, HOME: process.env.HOME ?? "/" });
      assert.equal(code, 0, output);
      assert.match(output, /with the test server in this process[^]*hello\n100,000 GETs/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("refuses another runtime in one line", async () => {
    const [code, output] = await demo(["perl"], process.env as Record<string, string>);
    assert.deepEqual([code, output], [
      2,
      "Cannot run the demo on 'perl'. Usage: ./scripts/demo [deno|bun|node]\n",
    ]);
  });
});
