/**
 * Runs the suite on all supported servers, under RESP2 and RESP3, over TCP, TLS and Unix sockets. Writes
 * `docs/matrix.md` and the totals in the README.
 *
 *     ./scripts/matrix                    on Node
 *     ./scripts/matrix bun                on another runtime
 *     ./scripts/matrix node valkey        only servers with "valkey" in their name; the table is printed, not written
 *     ./scripts/matrix containers         each server in a container, through testcontainers; printed, not written
 *
 * Containers use the official images if they have been pulled; otherwise, with apt, images made of the same Debian
 * packages; otherwise Docker pulls the official ones.
 *
 * The tests of commands and of the client (pipelines, transactions, scripts, streams, subscriptions) run under RESP2
 * and RESP3; those of the client also over TCP, TLS and Unix sockets. The tests of connections, pools, Sentinel and
 * Cluster run once. All others (decoder, options, simulated faults) do not depend on the server.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { inspectBinary } from "../../tests/harness/binaries.ts";
import { makeTable, writePages } from "./page.ts";
import { findImage, findProgram, SOURCES } from "./sources.ts";
import { readOptions } from "../testing/options.ts";
import { killAll } from "../testing/run_command.ts";
import { type Runtime, RUNTIMES } from "../testing/runtimes.ts";
import { listTestFiles } from "../testing/select.ts";
import { testFile } from "../testing/test_file.ts";

const USAGE = `Runs the suite on all supported servers, and writes docs/matrix.md.

    ./scripts/matrix [deno|bun|node] [containers] [NAME...]

containers   runs each server in a container, through testcontainers; writes no files
NAME         selects the servers with one of these words in their name; writes no files`;

const { positionals: words } = readOptions(USAGE, { allowPositionals: true, options: {} });

/** Milliseconds for one file. */
const LIMIT = 120_000;

const CLIENT = ["iterators", "pipeline", "scripts", "streams", "transactions", "pubsub", "cache", "examples"];

/** A column of the table. */
interface Column {
  readonly title: string;
  readonly folders: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

const inContainers = words.includes("containers");

const COLUMNS: readonly Column[] = [
  { title: "every command", folders: ["commands", "core"], variables: {} },
  { title: "client over TCP", folders: CLIENT, variables: {} },
  { title: "client over TLS", folders: CLIENT, variables: { KEYWIRE_TEST_ADDRESS: "tls" } },
  { title: "client over a Unix socket", folders: CLIENT, variables: { KEYWIRE_TEST_ADDRESS: "unix" } },
  { title: "connections and pools", folders: ["connections", "pool", "observe"], variables: {} },
  { title: "Sentinel and Cluster", folders: ["sentinel", "cluster"], variables: {} },
  ...inContainers ? [{ title: "through mapped ports", folders: ["containers"], variables: {} }] : [],
];

const root = fileURLToPath(new URL("../..", import.meta.url));
process.chdir(root);

const runtime: Runtime = RUNTIMES.find((name) => words.includes(name)) ?? "node";
const named = words.filter((word) => !["containers", ...RUNTIMES].includes(word));
const folder = mkdtempSync(join(tmpdir(), "keywire-matrix-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGINT", () => {
  killAll();
  process.exit(130);
});

let failed = 0;

/** Runs a column on a server, two files at a time. */
async function cell(binary: string, { folders, variables }: Column): Promise<string> {
  const files = listTestFiles(root).filter((file) =>
    folders.some((name) => file.startsWith(`tests/${name}/`))
  );
  // A file that breaks must not be counted for the cells before.
  const reports = mkdtempSync(join(folder, "cell-"));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const work = async (): Promise<void> => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const program = join(root, "node_modules", ".bin", runtime);
      const result = await testFile(runtime, program, file, reports, LIMIT, {
        ...variables,
        KEYWIRE_SERVER_BIN: binary,
      });
      sum.passed += result.passed;
      sum.skipped += result.skipped;
      sum.failed += result.failures.length;
      for (const { name, message } of result.failures) {
        console.log(`    ${file} > ${name}\n${message.slice(0, 600).replace(/^/gm, "        ")}`);
      }
    }
  };
  await Promise.all([work(), work()]);
  failed += sum.failed;
  if (sum.passed + sum.failed + sum.skipped === 0) return "-";
  return `${sum.passed} / ${sum.failed} / ${sum.skipped}`;
}

const rows: string[][] = [];
for (const source of SOURCES) {
  const binary = inContainers ? findImage(source) : findProgram(source);
  const { name, version } = inspectBinary(binary);
  const title = `${name === "redis" ? "Redis" : "Valkey"} ${version}`;
  if (named.length > 0 && !named.some((word) => title.toLowerCase().includes(word))) continue;
  const row = [title];
  for (const column of COLUMNS) {
    const result = await cell(binary, column);
    console.log(`${title}: ${column.title}: ${result}`);
    row.push(result);
  }
  rows.push(row);
}

const table = makeTable(["server", ...COLUMNS.map(({ title }) => title)], rows);
console.log(`\n${table}`);
if (named.length === 0 && !inContainers) writePages(runtime, table, rows);
process.exit(failed === 0 ? 0 : 1);
