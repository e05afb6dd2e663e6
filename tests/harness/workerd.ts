/**
 * The runtime of Cloudflare Workers, with one Worker, on a free port of this machine.
 *
 * The program is the one at `KEYWIRE_WORKERD`. `./scripts/test` installs it into `.cache/tools/` for tests that need it, and
 * sets the variable. Without it, these tests are skipped.
 *
 * @module
 */
import { build } from "esbuild";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startDaemon } from "./daemon.ts";
import { removeFolder, temporaryFolder } from "./folders.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Returns the program, unless there is none. */
export function findWorkerd(): string | undefined {
  const named = process.env.KEYWIRE_WORKERD;
  return named && existsSync(named) ? named : undefined;
}

/** The options of a Worker. */
export interface WorkerOptions {
  /** The module of the Worker, from the folder of the harness. */
  readonly source: string;
  /** Constants of the module, by name: numbers or texts. */
  readonly constants?: Readonly<Record<string, string | number>>;
  /** PEM text of an authority to trust beside the public ones. */
  readonly trusted?: string;
  /** Default: 2026-11-01. */
  readonly compatibilityDate?: string;
}

/** A Worker that runs. */
export interface Worker {
  /** Sends a request to the Worker; resolves with the text of its response. */
  fetch(path: string, init?: RequestInit): Promise<string>;
  /** The last lines of the log. */
  readonly log: readonly string[];
  /** Ends the process. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Bundles a Worker, as `wrangler` does: one file, with the condition `workerd`. */
export async function bundleWorker(
  source: string,
  constants: Readonly<Record<string, string | number>> = {},
): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    define: Object.fromEntries(
      Object.entries(constants).map(([name, value]) => [name, JSON.stringify(value)]),
    ),
    format: "esm",
    target: "esnext",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["node:*", "cloudflare:*"],
    write: false,
    absWorkingDir: root,
  });
  return outputFiles[0]!.text;
}

/** Text of the configuration language of workerd. */
const text = (value: string): string => JSON.stringify(value);

function describe({ trusted, compatibilityDate = "2026-11-01" }: WorkerOptions): string {
  const authorities = trusted === undefined ? "" : `, trustedCertificates = [${text(trusted)}]`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (
      allow = ["public", "private"], tlsOptions = (trustBrowserCas = true${authorities})
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = ${text(compatibilityDate)},
  bindings = [(name = "ROOM", durableObjectNamespace = "Room")],
  durableObjectNamespaces = [(className = "Room", uniqueKey = "room", preventEviction = true)],
  durableObjectStorage = (inMemory = void),
);
`;
}

/**
 * Starts workerd with one Worker, which must export a Durable Object of the class `Room`.
 *
 * @throws {StartError} when the Worker cannot be started.
 */
export async function startWorker(program: string, options: WorkerOptions): Promise<Worker> {
  const folder = temporaryFolder();
  try {
    writeFileSync(join(folder, "worker.mjs"), await bundleWorker(options.source, options.constants));
    writeFileSync(join(folder, "config.capnp"), describe(options));
    // workerd prints its address to this descriptor.
    const args = ["serve", "config.capnp", "--control-fd=1"];
    const daemon = await startDaemon(program, args, /"event":"listen"/, { cwd: folder });
    const listening = daemon.log.find((line) => line.includes('"event":"listen"'))!;
    const { port } = JSON.parse(listening) as { readonly port: number };
    return {
      log: daemon.log,
      async fetch(path, init) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
        return await response.text();
      },
      async [Symbol.asyncDispose]() {
        await daemon.kill();
        removeFolder(folder);
      },
    };
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
}
