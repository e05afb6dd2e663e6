/**
 * Runs `examples/quickstart.ts` on the runtime that runs this, with a server: the one at `REDIS_URL`; else a Redis or
 * Valkey server that is installed, started for it on a free port and stopped afterwards; else the test server, in this
 * process.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBinary } from "../../tests/harness/binaries.ts";
import { TestServer } from "../../testing.ts";

interface DemoServer {
  readonly url: string;
  readonly description: string;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

/** Resolves when the server reports that it is ready. */
function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout!.on("data", (text) => {
      output += text;
      if (/ready to accept connections/i.test(output)) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
}

async function startInstalled(path: string, description: string): Promise<DemoServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "keywire-demo-"));
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const child = spawn(path, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit").catch(() => {});
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await whenReady(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, description, stop };
}

async function findServer(): Promise<DemoServer> {
  const given = process.env.REDIS_URL;
  if (given) {
    return { url: given, description: "the server that REDIS_URL names", stop: () => Promise.resolve() };
  }
  const binary = findBinary();
  if (binary !== undefined && binary.image === undefined) {
    const product = binary.name === "redis" ? "Redis" : "Valkey";
    return await startInstalled(binary.path, `${product} ${binary.version}, which is installed here`);
  }
  const server = new TestServer({ logLimit: 0 });
  const { url } = await server.listen({ port: 0 });
  const description = "the test server in this process (no Redis or Valkey server is installed)";
  return { url, description, stop: () => server.close() };
}

/** Runs the example; resolves with the exit code for this process. */
async function runExample(url: string): Promise<number> {
  // Deno needs rights for a further process, which this one was started with.
  const rights = "Deno" in globalThis ? ["run", "-A", "--no-check", "--no-config"] : [];
  const child = spawn(process.execPath, [...rights, "examples/quickstart.ts"], {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      REDIS_URL: url,
      DENO_NO_UPDATE_CHECK: "1",
      NODE_OPTIONS: "--disable-warning=ExperimentalWarning",
    },
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  const [code, signal] = await once(child, "exit") as [number | null, string | null];
  return code ?? (signal === "SIGINT" ? 130 : 143);
}

const runtime = "Deno" in globalThis ? "Deno" : "Bun" in globalThis ? "Bun" : "Node";
const server = await findServer();
console.log(`Running examples/quickstart.ts on ${runtime} with ${server.description}.\n`);
let code: number;
try {
  code = await runExample(server.url);
} finally {
  await server.stop();
}
process.exit(code);
