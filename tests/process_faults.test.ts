import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  clients,
  crash,
  debugSleep,
  demandReplicas,
  exhaustMemory,
  failSaves,
  freeze,
  killClients,
  limitClients,
  limitOutput,
  load,
  pauseClients,
  restart,
} from "./harness/process_faults.ts";
import { ask, rawClient } from "./harness/raw_client.ts";
import { type Server, startServer } from "./harness/server.ts";

/**
 * Returns whether a promise is still pending after the server has answered another client, or after a turn of
 * the loop.
 */
async function pending(promise: Promise<unknown>): Promise<boolean> {
  const late = Symbol();
  const turn = new Promise((resolve) => setTimeout(() => resolve(late), 20));
  return await Promise.race([promise, turn]) === late;
}

describe("process faults", () => {
  let server: Server;
  before(async () => {
    server = await startServer({ config: ["maxmemory 0"] });
  });
  after(() => server.stop());

  it("freezes and thaws a process", async () => {
    const client = await rawClient(server);
    await client.call("SET", "n", 0);
    await using frozen = await freeze(server);
    const reply = client.call("INCR", "n");
    assert.equal(await pending(reply), true);
    await frozen.undo();
    await frozen.undo();
    assert.equal(await reply, 1);
    await client.close();
  });

  it("crashes, and restarts with and without data", async () => {
    const client = await rawClient(server);
    await client.call("SET", "kept", "yes");
    await crash(server);
    await client.closed;
    await assert.rejects(rawClient(server), { code: "ECONNREFUSED" });
    await server.restart();
    await ask(server, "SET", "kept", "yes");
    await restart(server, "kept");
    assert.equal(await ask(server, "GET", "kept"), "yes");
    await restart(server, "lost");
    assert.equal(await ask(server, "GET", "kept"), null);
  });

  it("reaches maxclients and comes back", async () => {
    {
      await using _limit = await limitClients(server, 1);
      const late = await rawClient(server);
      await assert.rejects(late.call("PING"), /max number of clients|ECONNRESET|EPIPE|closed/);
      await late.close();
    }
    assert.equal(await ask(server, "PING"), "PONG");
  });

  for (
    const [what, make] of [["OOM", exhaustMemory], ["NOREPLICAS", demandReplicas], [
      "MISCONF",
      failSaves,
    ]] as const
  ) {
    it(`refuses writes with ${what}, until undone`, async () => {
      {
        await using _fault = await make(server);
        await assert.rejects(ask(server, "SET", "k", "v"), (error: Error) => error.message.startsWith(what));
        assert.equal(await ask(server, "GET", "none"), null);
      }
      assert.equal(await ask(server, "SET", "k", "v"), "OK");
    });
  }

  it("cuts a client that does not read its messages", async () => {
    await using _limit = await limitOutput(server, "pubsub", 20_000);
    const client = await rawClient(server);
    await client.call("SUBSCRIBE", "flood");
    const message = "x".repeat(1_000_000); // one message is above the limit, read or not
    await ask(server, "PUBLISH", "flood", message);
    await client.closed;
  });

  it("kills those connections that fit", async () => {
    const [one, two] = await Promise.all([rawClient(server), rawClient(server)]);
    await one.call("CLIENT", "SETNAME", "one");
    await two.call("CLIENT", "SETNAME", "two");
    const named = (await clients(server)).map((row) => row.name).filter((name) => name !== "");
    assert.deepEqual(named.sort(), ["one", "two"]);
    assert.equal(await killClients(server, (row) => row.name === "one"), 1);
    await one.closed;
    assert.equal(await two.call("PING"), "PONG");
    await killClients(server);
    await two.closed;
  });

  it("answers LOADING, until undone", async () => {
    await ask(server, "SET", "before", "loading");
    const client = await rawClient(server);
    await using loading = await load(server);
    await assert.rejects(client.call("GET", "before"), /^Error: LOADING/);
    await loading.undo();
    assert.equal(await client.call("GET", "before"), "loading");
    assert.equal(await client.call("EXISTS", "loading:0"), 0);
    await client.close();
  });

  it("pauses writes or all, until undone", async () => {
    const client = await rawClient(server);
    await client.call("SET", "n", 0);
    await using paused = await pauseClients(server, 60_000, "WRITE");
    assert.equal(await client.call("GET", "n"), "0");
    const reply = client.call("INCR", "n");
    assert.equal(await pending(reply), true);
    await paused.undo();
    assert.equal(await reply, 1);
    await client.close();
  });

  it("sleeps", async () => {
    const begun = performance.now();
    await debugSleep(server, 0.05);
    assert.ok(performance.now() - begun >= 45);
  });
});
