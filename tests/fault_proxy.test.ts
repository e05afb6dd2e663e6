import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startProxy } from "./harness/fault_proxy.ts";
import { resetSocket } from "./harness/reset.ts";
import { rawClient } from "./harness/raw_client.ts";
import { ScriptedPeer } from "./harness/scripted_peer.ts";
import { encodeCommand } from "./harness/resp.ts";

const incr = encodeCommand(["INCR", "n"]).length;

async function behindProxy(faults = {}) {
  const peer = new ScriptedPeer();
  const proxy = await startProxy(await peer.listen(), { faults });
  return {
    peer,
    proxy,
    connect: () => rawClient(proxy),
    async [Symbol.asyncDispose]() {
      await proxy.stop();
      await peer.stop();
    },
  };
}

describe("fault proxy", () => {
  it("forwards, counts and tells", async () => {
    await using at = await behindProxy();
    const told = once(at.proxy, "connection");
    const client = await at.connect();
    assert.deepEqual([await client.call("INCR", "n"), await client.call("INCR", "n")], [1, 2]);
    const big = "x".repeat(3_000_000);
    await client.call("SET", "big", big);
    assert.equal(await client.call("GET", "big"), big);
    const [connection] = await told;
    assert.equal(connection, at.proxy.last);
    assert.equal(at.proxy.stats.open, 1);
    assert.equal(at.proxy.stats.toServer, at.peer.last.bytesReceived);
    assert.equal(at.proxy.stats.toClient, at.peer.last.bytesSent);
    const closed = once(at.proxy, "close");
    await client.close();
    await closed;
    await at.peer.whenOpen(0);
    assert.equal(at.proxy.stats.open, 0);
  });

  it("passes the server's end on to the client, behind its bytes", async () => {
    await using at = await behindProxy();
    const client = await at.connect();
    assert.equal(await client.call("QUIT"), "OK");
    await client.closed;
  });

  for (const how of ["fin", "reset"] as const) {
    it(`cuts at a byte to the client, by ${how}: executed, not answered`, async () => {
      await using at = await behindProxy({ cut: { toClient: 6, how } });
      const client = await at.connect();
      assert.equal(await client.call("INCR", "n"), 1);
      await assert.rejects(client.call("INCR", "n"), how === "reset" ? { code: "ECONNRESET" } : /was closed/);
      await client.closed;
      await at.proxy.last.closed;
      assert.equal(at.peer.executed("INCR"), 2);
      assert.equal(at.proxy.stats.toClient, 6);
    });

    it(`cuts at a byte to the server, by ${how}: not executed`, async () => {
      await using at = await behindProxy({ cut: { toServer: 2 * incr - 1, how } });
      const client = await at.connect();
      assert.equal(await client.call("INCR", "n"), 1);
      await assert.rejects(client.call("INCR", "n"));
      await at.proxy.last.closed;
      await at.peer.whenOpen(0);
      assert.deepEqual([at.peer.executed("INCR"), at.peer.last.bytesReceived], [1, 2 * incr - 1]);
    });

    it(`kills all by ${how}, and only those`, async () => {
      await using at = await behindProxy();
      const clients = await Promise.all([at.connect(), at.connect()]);
      await Promise.all(clients.map((client) => client.call("PING")));
      at.proxy.killAll(how);
      await Promise.all(clients.map((client) => client.closed));
      await assert.rejects(
        clients[0]!.call("PING"),
        how === "reset" ? { code: "ECONNRESET" } : /was closed/,
      );
      const next = await at.connect();
      assert.equal(await next.call("PING"), "PONG");
    });
  }

  it("freezes one way and both, and thaws without losing a byte", async () => {
    await using at = await behindProxy();
    const client = await at.connect();
    await client.call("PING");
    at.proxy.last.freeze("toClient");
    const first = client.call("INCR", "n");
    await at.peer.whenReceived("INCR", 1);
    at.proxy.last.freeze("toServer");
    const second = client.call("INCR", "n");
    at.proxy.last.thaw("toClient");
    assert.equal(await first, 1);
    assert.equal(at.peer.executed("INCR"), 1);
    at.proxy.last.thaw();
    assert.equal(await second, 2);
  });

  it("delays and throttles, and loses nothing", async () => {
    await using at = await behindProxy();
    const client = await at.connect();
    await client.call("PING");
    at.proxy.last.apply({ delay: 30 });
    const begun = performance.now();
    assert.equal(await client.call("INCR", "n"), 1);
    // Both ways are delayed; a timer may be a little early, never by half.
    assert.ok(performance.now() - begun >= 50);
    at.proxy.last.apply({ delay: 0, rate: 40_000 });
    const text = "y".repeat(4_000); // 100 ms each way
    const throttled = performance.now();
    assert.equal(await client.call("ECHO", text), text);
    assert.ok(performance.now() - throttled >= 100);
  });

  it("leaves the client half open", async () => {
    await using at = await behindProxy();
    const client = await at.connect();
    await client.call("PING");
    at.proxy.last.halfOpen();
    await at.peer.whenOpen(0);
    let settled = false;
    const lost = assert.rejects(client.call("INCR", "n").finally(() => (settled = true)));
    const other = await at.connect();
    assert.equal(await other.call("PING"), "PONG");
    assert.deepEqual([settled, at.peer.executed("INCR")], [false, 0]);
    await client.close();
    await lost;
  });

  it("refuses, and accepts again on the same port", async () => {
    await using at = await behindProxy();
    const client = await at.connect();
    await client.call("PING");
    const { port } = at.proxy;
    at.proxy.refuse();
    await assert.rejects(at.connect(), { code: "ECONNREFUSED" });
    assert.equal(await client.call("PING"), "PONG");
    await at.proxy.accept();
    assert.equal(at.proxy.port, port);
    assert.equal(await (await at.connect()).call("PING"), "PONG");
  });

  it("resets clients when the server cannot be reached", async () => {
    await using at = await behindProxy();
    await at.peer.stop();
    const client = await at.connect();
    await assert.rejects(client.call("PING"));
    await client.closed;
  });

  it("closes a socket that is reset while its end is on its way", { timeout: 10_000 }, async () => {
    const listener = createServer({ allowHalfOpen: true });
    const accepted = once(listener, "connection");
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const socket = connect({ port: (listener.address() as { port: number }).port, allowHalfOpen: true });
    await once(socket, "connect");
    const [other] = await accepted;
    other.on("error", () => {});
    const closed = once(socket, "close");
    socket.end();
    resetSocket(socket);
    await closed;
    other.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });

  it("leads to a Unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "keywire-proxy-"));
    const path = join(folder, "s");
    const server = createServer((socket) => socket.on("data", () => socket.write("+unix\r\n")));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const proxy = await startProxy({ path });
    const client = await rawClient(proxy);
    assert.equal(await client.call("PING"), "unix");
    await client.close();
    await proxy.stop();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
});
