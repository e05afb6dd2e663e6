/** `keywire top`, `bench` and `completion`. @module */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { main } from "../../src/cli/main.ts";
import { sparkline } from "../../src/cli/top/draw.ts";
import { TestCluster, TestServer } from "../../testing.ts";
import { FakeTerminal } from "./terminal.ts";

async function run(args: readonly string[], columns?: number): Promise<string> {
  const terminal = new FakeTerminal(args, {}, columns);
  assert.equal(await main(terminal.context), 0, terminal.errors);
  return terminal.output;
}

describe("top", () => {
  it("prints a line for each sample where there is no terminal", async () => {
    await using server = new TestServer();
    const { url } = await server.listen();
    const [title, ...lines] = (await run(["top", url, "--count", "3", "--interval", "10"])).trimEnd().split(
      "\n",
    );
    assert.match(title!, /^server +role +ops\/s +ping +memory +clients +hits +slow$/);
    assert.equal(lines.length, 3);
    for (const line of lines) assert.match(line, /^127\.0\.0\.1:\d+ +master +\d+ +[\d.]+ ms +\d/);
  });

  it("draws each node of a cluster in a terminal, as wide as it is, and gives the cursor back", async () => {
    await using cluster = new TestCluster({ masters: 3, replicas: 1 });
    const { urls } = await cluster.listen();
    const output = await run(["top", urls[0]!, "--count", "2", "--interval", "10"], 60);
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
    const terminal = new FakeTerminal(["top", url, "--interval", "10"]);
    const ended = main(terminal.context);
    await terminal.seen(/ms/);
    using _fault = server.faults.errorNext("ERR gone", "PING", { times: Infinity });
    await terminal.seen(/ERR gone/);
    terminal.interrupt();
    assert.equal(await ended, 0);
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

describe("completion", () => {
  const complete = async (...words: string[]): Promise<string[]> => {
    const script = await run(["completion", "bash"]);
    const call = `COMP_WORDS=(keywire ${
      words.join(" ")
    }); COMP_CWORD=${words.length}; _keywire; echo "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", `${script}\n${call}`], { encoding: "utf8" }).stdout.trim().split(" ");
  };

  it("bash completes commands, and the options of each", async () => {
    assert.deepEqual(await complete("do"), ["doctor"]);
    assert.deepEqual(await complete("doctor", "--j"), ["--json"]);
    assert.deepEqual(await complete("top", "--co"), ["--count"]);
  });

  it("zsh and fish have all commands and options, and their syntax is right where they are there", async () => {
    for (const shell of ["zsh", "fish"]) {
      const script = await run(["completion", shell]);
      for (const word of ["doctor", "bench", "serve", "strict", "sentinel-password"]) {
        assert.ok(script.includes(word), word);
      }
      const checked = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
      if (checked.error === undefined) assert.equal(checked.status, 0, checked.stderr);
    }
  });

  it("names the shells when it does not know one; exit code 2", async () => {
    const terminal = new FakeTerminal(["completion", "tcsh"]);
    assert.equal(await main(terminal.context), 2);
    assert.match(terminal.errors, /there are bash, zsh, fish/);
  });
});
