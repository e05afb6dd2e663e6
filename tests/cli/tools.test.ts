/** `keywire top`, `bench` and `completion`. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { main } from "../../src/cli/main.ts";
import { sparkline } from "../../src/cli/top/draw.ts";
import { Screen } from "../../src/cli/top/watch.ts";
import { top, type TopView } from "../../cli.ts";
import { ConnectionPool, Redis } from "../../mod.ts";
import { TestCluster, TestServer } from "../../testing.ts";
import { FakeTerminal } from "./terminal.ts";

async function run(args: readonly string[], columns?: number): Promise<string> {
  const terminal = new FakeTerminal(args, {}, columns);
  assert.equal(await main(terminal.context), 0, terminal.errors);
  return terminal.output;
}

/** Samples follow each other at once, and wait for a busy machine. */
const FAST = ["--interval", "10", "--timeout", "30000"];

describe("top", () => {
  it("prints a line for each sample where there is no terminal", async () => {
    await using server = new TestServer();
    const { url } = await server.listen();
    const [title, ...lines] = (await run(["top", url, "--count", "3", ...FAST])).trimEnd().split(
      "\n",
    );
    assert.match(title!, /^server +role +ops\/s +ping +memory +clients +hits +slow$/);
    assert.equal(lines.length, 3);
    for (const line of lines) assert.match(line, /^127\.0\.0\.1:\d+ +master +\d+ +[\d.]+ ms +\d/);
  });

  it("draws each node of a cluster in a terminal, as wide as it is, and gives the cursor back", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 1 });
    const { urls } = await cluster.listen();
    const output = await run(["top", urls[0]!, "--count", "2", ...FAST], 60);
    assert.ok(output.startsWith("\x1b[?25l\x1b[H"));
    assert.ok(output.endsWith("\x1b[?25h"));
    const last = output.slice(output.lastIndexOf("\x1b[3J") + 4, -6);
    assert.match(last, /^keywire top - 6 servers\n/);
    assert.equal(last.match(/ ops\/s +[▁-█]{2}\n/g)?.length, 6);
    for (const line of last.split("\n")) assert.ok(line.length <= 60, line);
  });

  it("shows a server that does not answer as a line, and ends when it is interrupted", async () => {
    await using server = new TestServer();
    const { url } = await server.listen();
    const terminal = new FakeTerminal(["top", url, ...FAST]);
    const ended = main(terminal.context);
    await terminal.seen(/ms/);
    using _fault = server.faults.errorNext("ERR gone", "PING", { times: Infinity });
    await terminal.seen(/ERR gone/);
    terminal.interrupt();
    assert.equal(await ended, 0);
  });

  it("shows the pools of clients of the process that imports it", async () => {
    await using server = new TestServer();
    const { url } = await server.listen();
    await using redis = new Redis(url, { maxConnections: 7 });
    const pool = new ConnectionPool(url, { maxConnections: 3 });
    using _held = await pool.acquire();
    await redis.ping();
    const views: TopView[] = [];
    await top(url, {
      interval: 1,
      count: 2,
      timeout: 30_000,
      clients: { web: redis, jobs: pool },
      onSample: (view) => views.push(view),
    });
    assert.equal(views.length, 2);
    const { servers, clients } = views[1]!;
    assert.deepEqual(servers.map(({ role, error }) => [role, error]), [["master", undefined]]);
    assert.deepEqual(clients.map(({ name, stats }) => [name, stats.inUse, stats.max]), [["web", 1, 7], [
      "jobs",
      1,
      3,
    ]]);
    for (const columns of [undefined, 70]) {
      let output = "";
      const screen = new Screen({ columns, write: (text) => void (output += text) });
      for (const view of views) screen.show(view);
      screen.end();
      assert.match(output, /^web +1 of 7 connections in use, 0 idle/m);
      assert.match(output, /^jobs +1 of 3 connections in use, 0 idle/m);
      assert.equal(output.split("\n").some((line) => line.length > 70), columns === undefined);
    }
    await pool.close({ force: true });
  });

  it("resolves when its signal is aborted, also before there is a connection; rejects for a wrong URL", async () => {
    const signal = AbortSignal.abort();
    await top("redis://127.0.0.1:1", { signal, onSample: () => assert.fail() });
    await assert.rejects(top("redis://127.0.0.1:port"), TypeError);
    await assert.rejects(top("redis://127.0.0.1:1"), { name: "ConnectionError" });
  });

  it("bars grow with their values", () => {
    assert.equal(sparkline([0, 1, 2, 4, 7], 4), "▂▃▅█");
    assert.equal(sparkline([0, 0], 4), "▁▁");
  });
});

describe("bench", () => {
  it("measures one call at a time and many, and leaves no keys behind", async () => {
    await using server = new TestServer();
    const { url } = await server.listen();
    const output = await run(["bench", url, "--duration", "20", "-c", "8"]);
    assert.equal(output.match(/^(PING|SET|GET) +[18] at a time +[\d,]+\/s +p50 /gm)?.length, 6);
    assert.match(output, /Latency of GET, 8 at a time\n/);
    assert.deepEqual(server.dump(), {});
    const results = JSON.parse(await run(["bench", url, "--duration", "5", "-c", "1", "--json"]));
    assert.deepEqual(results.map(({ name }: { name: string }) => name), ["PING", "SET", "GET"]);
  });
});
