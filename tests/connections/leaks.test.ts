/** 2,000 connections leave nothing behind: no memory, no timer, no socket. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startServer } from "../harness/server.ts";

const flags = "Deno" in globalThis
  ? ["run", "-A", "--quiet", "--v8-flags=--expose-gc"]
  : "Bun" in globalThis
  ? []
  : ["--expose-gc", "--no-warnings"];

it("2,000 connections opened, used and closed leave nothing behind", { timeout: 100_000 }, async () => {
  await using server = await startServer();
  const script = fileURLToPath(new URL("fixtures/two_thousand.ts", import.meta.url));
  // It ends by itself, or not at all: nothing calls exit.
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, String(server.port)], {
    timeout: 90_000,
  });
  const { opened, growth, resources } = JSON.parse(stdout);
  assert.ok(opened >= 2_000, `${opened} connections`);
  assert.ok(growth < 800 * 500, `800 connections leave ${growth} bytes behind`);
  assert.deepEqual(resources.filter((name: string) => /Timeout|TCP|Socket/i.test(name)), []);
  assert.match(String(await server.cli("INFO", "clients")), /connected_clients:1\r/);
});
