/** `keywire doctor`: what it prints, and its exit codes. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { main } from "../../src/cli/main.ts";
import { TestServer } from "../../testing.ts";
import { FakeTerminal } from "./terminal.ts";

describe("keywire doctor", () => {
  const run = async (...args: string[]): Promise<{ code: number; output: string; errors: string }> => {
    const terminal = new FakeTerminal(["doctor", ...args]);
    const code = await main(terminal.context);
    return { code, output: terminal.output, errors: terminal.errors };
  };

  it("prints the steps, the latency and the summary; exit code 0", async () => {
    await using server = new TestServer();
    const { url } = await server.listen();
    const { code, output } = await run(url, "--pings", "5");
    assert.equal(code, 0);
    assert.match(output, /^ok {4}name /m);
    assert.match(output, /^- {5}TLS +not used$/m);
    assert.match(output, /Latency of PING\n.*<= .* ms +\d/);
    assert.match(output, /: (All is well|It works, with warnings)\.\n/);
  });

  it("prints JSON; exit code 1 for a failure, and for a warning with --strict", async () => {
    await using server = new TestServer({ epoch: Date.now() - 60_000 });
    const { url } = await server.listen();
    const warned = await run(url, "--pings", "0", "--json");
    assert.equal(warned.code, 0);
    assert.equal(JSON.parse(warned.output).verdict, "warning");
    assert.equal((await run(url, "--pings", "0", "--strict")).code, 1);
    const failed = await run("redis://:secret@127.0.0.1:1", "--json");
    assert.equal(failed.code, 1);
    assert.equal(JSON.parse(failed.output).target, "redis://:[redacted]@127.0.0.1:1/0");
  });

  it("exit code 2 for wrong arguments", async () => {
    assert.equal((await run()).code, 2);
    assert.match(
      (await run("redis://localhost", "--pings", "many")).errors,
      /--pings must be a whole number/,
    );
  });
});
