/**
 * The process of the client is stopped and continued, as AWS Lambda and laptops do, and its connection has
 * failed meanwhile.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import process from "node:process";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type FaultProxy, startProxy } from "../harness/fault_proxy.ts";
import { guard, release } from "../harness/watchdog.ts";
import { startServer } from "../harness/server.ts";

const CLIENT = fileURLToPath(new URL("fixtures/frozen_client.ts", import.meta.url));
const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
/** Milliseconds between the PINGs of the client. The process is stopped for more than two of them. */
const INTERVAL = 300;

/** Stops a client, damages its connection, and returns its output after it continues. */
async function thaw(proxy: FaultProxy, harm: (proxy: FaultProxy) => void): Promise<unknown[]> {
  const child = spawn(process.execPath, [...flags, CLIENT, proxy.url, String(INTERVAL)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  guard(child.pid!);
  try {
    const lines = createInterface({ input: child.stdout });
    await once(lines, "line");
    const said: unknown[] = [];
    lines.on("line", (line) => said.push(JSON.parse(line)));
    process.kill(child.pid!, "SIGSTOP");
    harm(proxy);
    await sleep(3 * INTERVAL);
    child.stdin.write("go on\n");
    process.kill(child.pid!, "SIGCONT");
    await once(lines, "close");
    return said;
  } finally {
    child.kill("SIGKILL");
    release(child.pid!);
  }
}

describe("a client whose process was stopped", () => {
  const harms: Readonly<Record<string, (proxy: FaultProxy) => void>> = {
    "a gateway has dropped the connection without a word": ({ connections }) => {
      for (const connection of connections) connection.halfOpen();
    },
    "the server has closed the connection": (proxy) => proxy.killAll("fin"),
  };
  it("runs its first command once, over a new connection, long before the deadline", async () => {
    await Promise.all(
      Object.entries(harms).map(async ([name, harm]) => {
        await using server = await startServer({ unix: true });
        await using proxy = await startProxy({ port: server.port });
        const said = await thaw(proxy, harm);
        assert.deepEqual(said.at(-1), [2, true], `${name}: ${JSON.stringify(said)}`);
        assert.ok(proxy.connections.length >= 2, name);
        assert.deepEqual(await server.cli("GET", "n"), "2", name);
      }),
    );
  });
});
