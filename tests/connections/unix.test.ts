/** Unix sockets from the options to the server. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { ConnectionError, ConnectionPool, Redis } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";

const fixture = fileURLToPath(new URL("fixtures/connect_unix.ts", import.meta.url));
/** The id of a user without rights. */
const NOBODY = 65_534;
/**
 * The command line that runs a module without the rights to enter a folder of `NOBODY`: root without those
 * that root has beyond its own files, or the owner of this clone, who alone may be able to read it.
 */
const unprivileged: string[] | undefined = (() => {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/setpriv")) return undefined;
  const owner = statSync(fixture).uid;
  const user = owner === 0
    ? ["--bounding-set=-dac_override,-dac_read_search"]
    : [`--reuid=${owner}`, `--regid=${owner}`, "--clear-groups"];
  const drop = ["/usr/bin/setpriv", ...user];
  // In a container even root may lack the right to give rights away.
  if (spawnSync(drop[0]!, [...drop.slice(1), "/bin/true"]).status !== 0) return undefined;
  const run = "Deno" in globalThis ? ["run", "-A", "--no-check", "--quiet", "--no-lock"] : [];
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

/** Asserts that connecting to a path fails at once, for the given reason. */
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

  it("fails clearly without permission", { skip: unprivileged === undefined }, async () => {
    await using own = await startServer({ unix: true });
    const home = dirname(own.path!);
    chownSync(home, NOBODY, NOBODY);
    chmodSync(home, 0o700);
    const output = execFileSync(unprivileged![0]!, [...unprivileged!.slice(1), fixture, own.path!], {
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
