/** `keywire serve`: one server, a cluster, sentinels. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Redis, RedisCluster } from "../../mod.ts";
import { main } from "../../src/cli/main.ts";
import { removeFolder, temporaryFolder } from "../harness/folders.ts";
import { FakeTerminal } from "./terminal.ts";

/** Serves while `use` runs; returns what went to the standard error. */
async function serve(
  args: readonly string[],
  use: (urls: readonly string[]) => Promise<void>,
  env: Record<string, string> = {},
): Promise<string> {
  const terminal = new FakeTerminal(["serve", ...args], env);
  const ended = main(terminal.context);
  const [, ready] = await Promise.race([
    terminal.seen(/^ready (.+)\n/),
    ended.then((code) => Promise.reject(new Error(`exit code ${code}: ${terminal.errors}`))),
  ]);
  try {
    await use(ready!.split(" "));
  } finally {
    terminal.interrupt();
  }
  assert.equal(await ended, 0);
  return terminal.errors;
}

describe("serve", () => {
  it("serves one server with its parameters until it is interrupted", async () => {
    const args = ["--port", "0", "--databases", "3", "--config", "maxmemory=1mb", "--config", "hz=20"];
    const errors = await serve([...args, "--password", "secret"], async ([url]) => {
      await using redis = new Redis(url!, { password: "secret", db: 2 });
      assert.deepEqual(await redis.configGet("maxmemory", "hz"), { maxmemory: "1048576", hz: "20" });
      await using beyond = new Redis(url!, { password: "secret", db: 3, retry: false });
      await assert.rejects(beyond.ping(), /DB index is out of range/);
    });
    assert.equal(errors, "");
  });

  it("takes the password from the environment, and warns of a server that all can reach", async () => {
    const open = ["--port", "0", "--host", "0.0.0.0"];
    assert.match(await serve(open, () => Promise.resolve()), /^warning: .*without a password\n$/);
    const errors = await serve(open, async ([url]) => {
      await using redis = new Redis(url!.replace("0.0.0.0", "127.0.0.1"), { password: "hidden" });
      assert.equal(await redis.ping(), "PONG");
    }, { KEYWIRE_PASSWORD: "hidden" });
    assert.equal(errors, "");
  });

  it("serves on a Unix socket", async () => {
    const folder = temporaryFolder();
    try {
      const path = join(folder, "socket");
      await serve(["--path", path], async ([url]) => {
        assert.equal(url, `unix:${path}`);
        await using redis = new Redis({ path });
        assert.equal(await redis.ping(), "PONG");
      });
    } finally {
      removeFolder(folder);
    }
  });

  it("serves a cluster", async () => {
    await serve(["--cluster", "--port", "0", "--masters", "2", "--replicas", "1"], async (urls) => {
      assert.equal(urls.length, 4);
      await using redis = new RedisCluster(urls[3]!);
      await Promise.all(["a", "b", "c"].map((key) => redis.set(key, key)));
      assert.deepEqual(await redis.mget("a", "b", "c").catch(() => redis.get("c")), ["a", "b", "c"]);
    });
  });

  it("serves sentinels, whose URL the client takes", async () => {
    const args = ["--sentinel", "--port", "0", "--sentinels", "1", "--replicas", "1", "--name", "own"];
    await serve(args, async ([url]) => {
      assert.match(url!, /^redis-sentinel:\/\/127\.0\.0\.1:\d+\/own$/);
      await using redis = new Redis(url!);
      assert.equal(await redis.set("k", "v"), "OK");
    });
  });

  it("takes ports that follow each other, and says so where one is in use", async () => {
    await serve(["--port", "0"], async ([url]) => {
      const { port } = new URL(url!);
      for (const args of [["--port", port], ["--cluster", "--masters", "1", "--port", port]]) {
        const terminal = new FakeTerminal(["serve", ...args]);
        assert.equal(await main(terminal.context), 1);
        assert.match(terminal.errors, /^keywire serve: cannot listen: the address is in use\. .*--port/);
      }
    });
  });

  const wrong: [string[], RegExp][] = [
    [["--port", "70000"], /--port must be a whole number, from 0 to 65535; got "70000"/],
    [["--cluster", "--sentinel"], /exclude each other/],
    [["--masters", "3"], /--masters needs --cluster/],
    [["--replicas", "1"], /--replicas needs --cluster or --sentinel/],
    [["--cluster", "--path", "/tmp/x"], /--path does not go with --cluster/],
    [["--cluster", "--masters", "0"], /--masters must be a whole number, 1 or more/],
    [["--config", "maxmemory"], /--config takes NAME=VALUE/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(" ")}`, async () => {
      const terminal = new FakeTerminal(["serve", ...args]);
      assert.equal(await main(terminal.context), 2);
      assert.match(terminal.errors, message);
    });
  }

  it("fails for a parameter that Redis does not have", async () => {
    const terminal = new FakeTerminal(["serve", "--port", "0", "--config", "no-such=1"]);
    assert.equal(await main(terminal.context), 1);
    assert.match(terminal.errors, /config 'no-such'/);
  });
});
