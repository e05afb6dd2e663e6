import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { StartError } from "./daemon.ts";
import { isFree } from "./ports.ts";
import { rawCommand, rawCommands, RawError } from "./raw.ts";
import { startServer } from "./server.ts";
import { waitFor } from "./wait.ts";

/** Returns the state of a process; T is stopped. */
function state(pid: number): string {
  if (existsSync("/proc/self/stat")) return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "");
  return execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).trim();
}

describe("harness: a server", () => {
  it("answers on its port, and is gone when it is stopped", async () => {
    const server = await startServer({ config: ["maxmemory 100mb"] });
    assert.match(server.version, /^\d+\.\d+\.\d+$/);
    assert.equal(await server.cli("SET", "k", "wörd"), "OK");
    assert.deepEqual(
      await rawCommands(server, [["GET", "k"], ["DEL", "k"], ["GET", "k"], ["CONFIG", "GET", "save"]]),
      [
        "wörd",
        1,
        null,
        ["save", ""],
      ],
    );
    await assert.rejects(server.cli("INCR"), RawError);
    await server.stop();
    await server.stop();
    assert.ok(await isFree(server.port));
    assert.throws(() => process.kill(server.pid, 0));
  });

  it("has a Unix socket, a password and users", async () => {
    await using server = await startServer({
      unix: true,
      password: "pass word",
      acl: ["user bob on >secret ~b:* +get"],
    });
    assert.ok(server.path !== undefined && existsSync(server.path));
    assert.equal(await server.cli("PING"), "PONG");
    await assert.rejects(rawCommand({ path: server.path }, "PING"), /NOAUTH/);
    const bob = { path: server.path, username: "bob", password: "secret" };
    assert.equal(await rawCommand(bob, "GET", "b:1"), null);
    await assert.rejects(rawCommand(bob, "GET", "a:1"), /NOPERM/);
  });

  it("speaks TLS", async () => {
    await using server = await startServer({ tls: true });
    assert.equal(await rawCommand({ port: server.tlsPort, ca: server.certificates?.ca }, "PING"), "PONG");
    await assert.rejects(rawCommand({ port: server.tlsPort, ca: server.certificates?.otherCa }, "PING"));
  });

  it("freezes, thaws, dies and comes back", async () => {
    await using server = await startServer({ config: ["maxclients 100"] });
    await server.kill("SIGSTOP");
    await waitFor("the process to stop", () => {
      const now = state(server.pid);
      return Promise.resolve(now.startsWith("T") ? undefined : now);
    });
    await server.kill("SIGCONT");
    assert.equal(await server.cli("PING"), "PONG");
    const before = server.pid;
    await server.kill();
    await assert.rejects(server.cli("PING"), /ECONNREFUSED/);
    await server.restart();
    assert.equal(await server.cli("PING"), "PONG");
    assert.notEqual(server.pid, before);
  });

  it("quotes the log when the server does not start", async () => {
    await assert.rejects(startServer({ config: ["no-such-directive 1"] }), (error: Error) => {
      return error instanceof StartError && /no-such-directive/.test(error.message);
    });
  });

  it("says when a given port is taken", async () => {
    await using server = await startServer({ config: ["maxclients 100"] });
    await assert.rejects(startServer({ port: server.port }), /Address already in use/);
  });
});
