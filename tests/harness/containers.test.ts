import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startContainer } from "./containers.ts";
import { noEngine } from "./engine.ts";
import { rawCommand } from "./raw.ts";

const skip = noEngine();

describe("harness: a server in a container", () => {
  it("has a password, users, TLS and configuration", { skip, timeout: 60_000 }, async () => {
    const server = await startContainer({
      tls: true,
      password: "pass word",
      acl: ["user bob on >secret ~b:* +get"],
      config: ["maxclients 77"],
    });
    const { port, tlsPort, certificates } = server;
    assert.deepEqual(await server.cli("CONFIG", "GET", "maxclients"), ["maxclients", "77"]);
    assert.equal(await rawCommand({ port, username: "bob", password: "secret" }, "GET", "b:1"), null);
    const secure = { port: tlsPort, ca: certificates?.ca, password: "pass word" };
    assert.equal(await rawCommand(secure, "PING"), "PONG");
    await server.stop();
    await assert.rejects(server.cli("PING"));
  });

  it("refuses by name what it cannot do", async () => {
    await assert.rejects(startContainer({ unix: true }), /option "unix"/);
    await assert.rejects(startContainer({ port: 1 }), /option "port"/);
  });
});
