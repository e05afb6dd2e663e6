/**
 * Runs the suite on the servers that Keywire supports, under RESP2 and RESP3, over TCP, TLS and Unix sockets, and writes
 * `docs/matrix.md` and the sums in the README.
 *
 *     ./scripts/matrix                    on Node
 *     ./scripts/matrix bun                on another runtime
 *     ./scripts/matrix node valkey        only servers with "valkey" in their name; the table is printed, not written
 *     ./scripts/matrix containers         each server in a container, through testcontainers; printed, not written
 *
 * Containers are of the official images, where they have been pulled or can be; where there is apt, they are made of the
 * same packages of Debian instead.
 *
 * What is run where: the tests of every command, and those of the client (pipelines, transactions, scripts, streams,
 * subscriptions), each under RESP2 and RESP3 by themselves; the latter over TCP, TLS and Unix sockets; those of connections and
 * pools; those of Sentinel and Cluster. All else (decoder, options, simulated faults) does not depend on the server.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { inspectBinary } from "../tests/harness/binaries.ts";
import { killAll } from "./testing/run_command.ts";
import { type Runtime, RUNTIMES } from "./testing/runtimes.ts";
import { listTestFiles } from "./testing/select.ts";
import { testFile } from "./testing/test_file.ts";

/** Milliseconds for one file. */
const LIMIT = 120_000;

/** Where a server comes from: a suite of Debian, or this machine. */
interface Source {
  readonly suite: string | undefined;
  readonly program: string;
  readonly image: string;
}

const SOURCES: readonly Source[] = [
  { suite: "bullseye", program: "redis-server", image: "redis:6.0" },
  { suite: undefined, program: "redis-server", image: "redis:7.0" },
  { suite: "sid", program: "redis-server", image: "redis:8.0" },
  { suite: "trixie", program: "valkey-server", image: "valkey/valkey:8.1" },
  { suite: "sid", program: "valkey-server", image: "valkey/valkey:9.1" },
];

/** Which packages a suite is asked for. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  bullseye: ["redis-server", "redis-tools"],
  trixie: ["redis-server", "redis-tools", "valkey-server"],
  sid: ["redis-server", "redis-tools", "valkey-server"],
};

const CLIENT = ["iterators", "pipeline", "scripts", "streams", "transactions", "pubsub", "cache", "examples"];

/** A column of the table. */
interface Column {
  readonly title: string;
  readonly folders: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

const inContainers = process.argv.includes("containers");

const COLUMNS: readonly Column[] = [
  { title: "every command", folders: ["commands", "core"], variables: {} },
  { title: "client over TCP", folders: CLIENT, variables: {} },
  { title: "client over TLS", folders: CLIENT, variables: { KEYWIRE_TEST_ADDRESS: "tls" } },
  { title: "client over a Unix socket", folders: CLIENT, variables: { KEYWIRE_TEST_ADDRESS: "unix" } },
  { title: "connections and pools", folders: ["connections", "pool", "observe"], variables: {} },
  { title: "Sentinel and Cluster", folders: ["sentinel", "cluster"], variables: {} },
  ...inContainers ? [{ title: "through mapped ports", folders: ["containers"], variables: {} }] : [],
];

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

/** Whether a program ends well. */
function succeeds(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** A server's image, as `KEYWIRE_SERVER_BIN` names it; made, where it is not there and there are packages. */
function findImage(source: Source): string {
  const { image } = source;
  if (succeeds("docker", "image", "inspect", image) || !succeeds("apt-get", "--version")) {
    return `image:${image}`;
  }
  const made = `keywire-test:${image.replace(/^.*\//, "").replace(":", "-")}`;
  execFileSync("scripts/image.sh", [made, find(source)], { stdio: ["ignore", "ignore", "inherit"] });
  return `image:${made}`;
}

/** The path of a server's program; fetched, where it is not there yet. */
function find({ suite, program }: Source): string {
  if (suite === undefined) return execFileSync("which", [program], { encoding: "utf8" }).trim();
  const path = join(root, ".servers", suite, "bin", program);
  if (!existsSync(path)) {
    console.log(`fetching the servers of Debian ${suite}`);
    execFileSync("scripts/servers.sh", [suite, ...PACKAGES[suite]!], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return path;
}

const words = process.argv.slice(2);
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
  // Apart from those of the cells before, which a file that breaks must not be taken for.
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
  const binary = inContainers ? findImage(source) : find(source);
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

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const head = ["server", ...COLUMNS.map(({ title }) => title)];
const table = [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
const date = new Date().toISOString().slice(0, 10);
const runtimeNames = { node: "Node", bun: "Bun", deno: "Deno" };
const page = `# Servers that the suite runs on

Tests that passed / failed / were skipped, as the server lacks what they need. Those of commands and of the client run each
under RESP2 and under RESP3. Made by \`./scripts/matrix\` on ${date}, on
${runtimeNames[runtime]}; which tests are run where, and why not all everywhere, stands at the top of
[scripts/matrix.ts](../scripts/matrix.ts).

${table}
`;
console.log(`\n${table}`);
if (named.length === 0 && !inContainers) {
  writeFileSync("docs/matrix.md", page);
  const readme = readFileSync("README.md", "utf8");
  const sums = rows.map(([server, ...cells]) => {
    const counts = cells.map((cell) => cell.split(" / ").map(Number));
    return line([
      server!,
      ...[0, 1, 2].map((place) => String(counts.reduce((sum, c) => sum + (c[place] ?? 0), 0))),
    ]);
  });
  const short = [
    line(["server", "passed", "failed", "skipped"]),
    line(["---", "---", "---", "---"]),
    ...sums,
  ];
  const marked = /(<!-- matrix -->)[^]*(<!-- \/matrix -->)/;
  const text = `$1\n\nOn ${date}, on ${runtimeNames[runtime]}:\n\n${short.join("\n")}\n\n$2`;
  writeFileSync("README.md", readme.replace(marked, text));
  execFileSync("node_modules/.bin/deno", ["fmt", "--quiet", "README.md", "docs/matrix.md"]);
}
process.exit(failed === 0 ? 0 : 1);
