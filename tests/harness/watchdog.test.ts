import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { it } from "node:test";
import { isFree } from "./ports.ts";
import { waitFor } from "./wait.ts";

const ORPHAN = fileURLToPath(new URL("./fixtures/orphan.ts", import.meta.url));

it("harness: a server and its folder go when the test process is killed", async () => {
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...flags, ORPHAN], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.endsWith("\n")) resolve(text);
    });
    child.once("exit", () => reject(new Error(`It ended too early: ${text}`)));
  });
  const { port, folder } = JSON.parse(line) as { port: number; folder: string };
  assert.equal(await isFree(port), false);
  assert.ok(existsSync(folder));
  child.kill("SIGKILL");
  await waitFor("the server to go", async () => await isFree(port) ? undefined : "it still listens");
  await waitFor("the folder to go", () => Promise.resolve(existsSync(folder) ? "it is there" : undefined));
});
