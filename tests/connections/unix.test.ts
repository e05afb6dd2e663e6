/** Unix sockets from the options to the server. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { ConnectionError, ConnectionPool, Redis } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";

const fixture = fileURLToPath(new URL("fixtures/connect_unix.ts", import.meta.url));
/** The command line that runs a module as a user who may not enter the server's folder: root may everything. */
const nobody: string[] | undefined = (() => {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/setpriv")) return undefined;
  const run = "Deno" in globalThis ? ["run", "-A", "--no-check", "--quiet", "--no-lock"] : [];
  const drop = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  return [...drop, "/usr/bin/env", "HOME=/nonexistent", process.execPath, ...run];
})();

let server: Server;
let folder: string;
before(async () => {
  server = await startServer({ unix: true });
  folder = mkdtempSync(join(tmpdir(), "keywire-unix-"));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** Asserts that a path leads nowhere: told at once, for the reason given. */
async function refused(path: string, why: RegExp): Promise<void> {
  await using pool = new ConnectionPool({ path, retry: false });
  await using redis = new Redis({ pool });
  for (const attempt of [() => pool.acquire(), () => redis.connect()]) {
    await assert.rejects(attempt, (error: unknown) => {
      assert.ok(error instanceof ConnectionError, String(error));
      assert.equal(error.code, "CONNECT");
      assert.equal(error.executed, "no");
      assert.ok(error.message.includes(path), error.message);
      assert.match(error.message, why);
      return true;
    });
  }
}

describe("UnixDomainSocketConnection(path)", () => {
  it(
    "connects by the option path and by a unix: URL",
    { skip: olderThan("6.2.0", "CLIENT INFO") },
    async () => {
      const path = server.path!;
      await using pool = new ConnectionPool({ path, db: 3 });
      using connection = await pool.acquire();
      assert.match(String(await connection.send(["CLIENT", "INFO"])), / laddr=.*redis\.sock.* db=3 /);
      await using redis = new Redis(`unix://${path}?db=3&clientName=by-url`);
      await redis.set("unix", "yes");
      assert.equal(await redis.command("CLIENT", "GETNAME"), "by-url");
      assert.equal(await connection.send(["GET", "unix"]), "yes");
    },
  );

  it("fails clearly without a server, and where no socket is", async () => {
    await refused(join(folder, "none.sock"), /no such path/);
    await refused(join(folder, "x".repeat(120)), /the path is too long for a Unix socket$/);
    const file = join(folder, "file");
    writeFileSync(file, "");
    await refused(file, /refused|not a socket/);
    const gone = await startServer({ unix: true });
    const { path } = gone;
    await gone.kill();
    await refused(path!, /refused/);
    await gone.stop();
  });

  it("fails clearly without permission", { skip: nobody === undefined }, () => {
    const output = execFileSync(nobody![0]!, [...nobody!.slice(1), fixture, server.path!], {
      encoding: "utf8",
    });
    const { message, ...rest } = JSON.parse(output);
    assert.deepEqual(rest, { name: "ConnectionError", code: "CONNECT", executed: "no" });
    assert.match(message, /permission was denied/);
  });

  it("takes no host, port or TLS beside the path", () => {
    const path = "/tmp/redis.sock";
    assert.throws(() => new ConnectionPool({ path, host: "h" }), /`path` and `host`|`path`.*`host`/);
    assert.throws(() => new ConnectionPool({ path, port: 1 }), /`port`/);
    assert.throws(() => new ConnectionPool({ path, tls: true }), /`tls`/);
  });
});
