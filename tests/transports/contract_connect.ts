/**
 * Connecting: errors name the cause, slow attempts are cut, and invalid options are refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import process from "node:process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { ConnectionError, TimeoutError } from "../../src/errors.ts";
import type { Endpoint, SocketOptions, Transport } from "../../src/transport.ts";
import { removeFolder, temporaryFolder } from "../harness/folders.ts";
import { echo, event, peer, Recorder } from "./peer.ts";

/** A listener whose queue is full, so that connecting to it never ends. */
async function silentPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const fixture = fileURLToPath(new URL("./fixtures/deaf_server.ts", import.meta.url));
  // Always Node, as Bun does not look at the length that is asked for the queue.
  const node = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
  const child = spawn(node, [fixture], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve) =>
    child.stdout.once("data", (chunk: Uint8Array) => resolve(Number(new TextDecoder().decode(chunk))))
  );
  // The queue takes two; those behind them are never answered.
  const fillers = Array.from({ length: 8 }, () => net.connect({ host: "127.0.0.1", port }));
  let connected = 0;
  await new Promise<void>((resolve) => {
    for (const filler of fillers) {
      filler.on("error", () => {});
      filler.once("connect", () => ++connected === 2 && resolve());
    }
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Declares the tests. */
export function connectContract(transport: Transport): void {
  const connect = (endpoint: Endpoint, options: SocketOptions = {}) =>
    transport.connect(endpoint, options, new Recorder());

  async function rejection(endpoint: Endpoint, options: SocketOptions = {}): Promise<unknown> {
    try {
      (await connect(endpoint, options)).destroy();
    } catch (error) {
      return error;
    }
    assert.fail("it connected");
  }

  async function failure(endpoint: Endpoint, message: RegExp): Promise<void> {
    const error = await rejection(endpoint);
    assert.ok(error instanceof ConnectionError, String(error));
    assert.match(error.message, message);
    assert.deepEqual([error.code, error.executed], ["CONNECT", "no"]);
    assert.ok(error.cause instanceof Error, "the runtime's error is the cause");
  }

  it("says that a port refuses", async () => {
    const server = await peer();
    await server[Symbol.asyncDispose]();
    const { port } = server;
    await failure(
      { host: "127.0.0.1", port },
      new RegExp(`^Cannot connect to 127\\.0\\.0\\.1:${port}: .*refused.*ECONNREFUSED`),
    );
    await failure({ host: "localhost", port }, /localhost:\d+: .*refused.*ECONNREFUSED/);
  });

  it("says that a name cannot be resolved", async () => {
    await failure(
      { host: "nobody.invalid", port: 6379 },
      /^Cannot connect to nobody\.invalid:6379: the host name cannot be resolved/,
    );
  });

  it("speaks over a Unix socket", { skip: process.platform === "win32" }, async () => {
    const folder = temporaryFolder();
    try {
      const path = join(folder, "s");
      await using server = await peer({ path });
      const heard = new Recorder();
      const socket = await transport.connect({ path }, { connectTimeout: 5_000 }, heard);
      echo(await server.next());
      socket.write(new Uint8Array([104, 105]));
      await heard.until(2);
      assert.equal(heard.text, "hi");
      await socket.close();
    } finally {
      removeFolder(folder);
    }
  });

  it(
    "says what is wrong with the path of a Unix socket",
    { skip: process.platform === "win32" },
    async () => {
      const folder = temporaryFolder();
      try {
        const missing = join(folder, "missing"), file = join(folder, "file"), left = join(folder, "left");
        await failure({ path: missing }, /^Cannot connect to unix:.*missing: there is no such path.*ENOENT/);
        writeFileSync(file, "");
        await failure({ path: file }, /^Cannot connect to unix:.*file: .*(ECONNREFUSED|ENOTSOCK)/);
        // Not as root, which has all permissions.
        if (process.getuid?.() !== 0) {
          await using _server = await peer({ path: left });
          (await import("node:fs")).chmodSync(left, 0);
          await failure({ path: left }, /permission was denied \(EACCES\)/);
          rmSync(left, { force: true });
        }
      } finally {
        removeFolder(folder);
      }
    },
  );

  it("connects to an IPv6 address", async (t) => {
    let server;
    try {
      server = await peer({ host: "::1", port: 0 });
    } catch {
      return t.skip("this machine has no IPv6");
    }
    await using using = server;
    const heard = new Recorder();
    const socket = await transport.connect({ host: "::1", port: using.port }, {}, heard);
    (await using.next()).write("six");
    await heard.until(3);
    socket.destroy();
    await using[Symbol.asyncDispose]();
    await failure({ host: "::1", port: using.port }, /^Cannot connect to \[::1\]:\d+: /);
  });

  it("finds the address family at which a name is served", async () => {
    await using server = await peer();
    const socket = await connect({ host: "localhost", port: server.port }, { connectTimeout: 5_000 });
    socket.destroy();
  });

  it("takes the addresses of lookup, of the wanted family", async () => {
    await using server = await peer();
    const to = { host: "redis.example", port: server.port };
    const found = ["::1", "127.0.0.1"];
    const heard = new Recorder();
    const socket = await transport.connect(to, { family: 4, lookup: () => found }, heard);
    echo(await server.next());
    await socket.write(new Uint8Array([33]));
    await heard.until(1);
    socket.destroy();
    const failing: readonly [SocketOptions, RegExp][] = [
      [{ family: 6, lookup: () => ["127.0.0.1"] }, /returned no address for redis\.example of IPv6/],
      [{ lookup: () => undefined as unknown as string }, /returned no address for redis\.example/],
      [{ lookup: () => Promise.reject(new Error("no such service")) }, /: no such service$/],
    ];
    for (const [options, message] of failing) {
      await assert.rejects(transport.connect(to, options, new Recorder()), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.deepEqual([error.code, error.executed], ["CONNECT", "no"]);
        assert.match(error.message, message);
        return true;
      });
    }
  });

  it("rejects at once with the reason of a signal that was aborted before", async () => {
    await using server = await peer();
    const reason = new Error("not any more");
    const options = { signal: AbortSignal.abort(reason) };
    assert.equal(await rejection({ host: "127.0.0.1", port: server.port }, options), reason);
  });

  it("rejects with the signal's reason during name resolution, and lets go of a late socket", async () => {
    await using server = await peer();
    const controller = new AbortController();
    const reason = { not: "an error" };
    const outcome = rejection({ host: "localhost", port: server.port }, { signal: controller.signal });
    controller.abort(reason);
    assert.equal(await outcome, reason);
    // If a socket still opened, it is closed now: a new one is served, and no other stays open.
    const socket = await connect({ host: "127.0.0.1", port: server.port });
    socket.destroy();
  });

  it("ends connecting by abort and by timeout while the peer does not accept", {
    skip: process.platform !== "linux",
  }, async () => {
    await using silent = await silentPort();
    const endpoint = { host: "127.0.0.1", port: silent.port };
    const controller = new AbortController();
    const aborted = rejection(endpoint, { signal: controller.signal });
    const timedOut = await rejection(endpoint, { connectTimeout: 60 });
    assert.ok(timedOut instanceof TimeoutError, String(timedOut));
    assert.deepEqual([timedOut.code, timedOut.executed], ["CONNECT_TIMEOUT", "no"]);
    assert.match(timedOut.message, /^Cannot connect to 127\.0\.0\.1:\d+: no connection within 60 ms/);
    const reason = new Error("given up");
    controller.abort(reason);
    assert.equal(await aborted, reason);
  });

  it("ends connecting by abort and by timeout while TLS gets no answer", async () => {
    await using server = await peer();
    const endpoint = { host: "127.0.0.1", port: server.port, tls: {} };
    const timedOut = await rejection(endpoint, { connectTimeout: 60 });
    assert.ok(timedOut instanceof TimeoutError, String(timedOut));
    const first = await server.next();
    first.resume();
    await event(first, "close");
    const controller = new AbortController();
    const outcome = rejection(endpoint, { signal: controller.signal });
    const second = await server.next();
    await event(second, "readable"); // the ClientHello: TLS has begun
    second.resume();
    const reason = new Error("given up");
    controller.abort(reason);
    assert.equal(await outcome, reason);
    await event(second, "close");
  });

  it("does not look at the signal once connected", async () => {
    await using server = await peer();
    const controller = new AbortController();
    const heard = new Recorder();
    const options = { signal: controller.signal, connectTimeout: 1_000 };
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, options, heard);
    controller.abort();
    echo(await server.next());
    await socket.write(new Uint8Array([33]));
    await heard.until(1);
    socket.destroy();
  });

  it("refuses by name what makes no sense", async () => {
    const host = "127.0.0.1", port = 6379;
    const bad: readonly [Endpoint, SocketOptions, typeof TypeError | typeof RangeError, RegExp][] = [
      [{ host, port: 0 }, {}, RangeError, /port/],
      [{ host, port: 65_536 }, {}, RangeError, /port/],
      [{ host, port: 1.5 }, {}, RangeError, /port/],
      [{ host, port: "6379" as never }, {}, RangeError, /port/],
      [{ host: "", port }, {}, TypeError, /host/],
      [{ path: "" }, {}, TypeError, /path/],
      [{ path: "a\0b" }, {}, TypeError, /path/],
      [{ host, port, tsl: {} } as never, {}, TypeError, /"tsl"/],
      [{ host, port }, { nodelay: true } as never, TypeError, /"nodelay"/],
      [{ host, port }, { noDelay: 1 as never }, TypeError, /noDelay/],
      [{ host, port }, { keepAlive: "on" as never }, TypeError, /keepAlive/],
      [{ host, port }, { keepAlive: { idel: 1 } as never }, TypeError, /"idel"/],
      [{ host, port }, { keepAlive: { idle: 0 } }, RangeError, /keepAlive\.idle/],
      [{ host, port }, { connectTimeout: -1 }, RangeError, /connectTimeout/],
      [{ host, port }, { connectTimeout: Infinity }, RangeError, /connectTimeout/],
      [{ host, port }, { connectTimeout: Number.NaN }, RangeError, /connectTimeout/],
      [{ host, port }, { readBufferSize: 0 }, RangeError, /readBufferSize/],
      [{ host, port, tls: { servername: "x" } as never }, {}, TypeError, /"servername"/],
      [{ host, port, tls: { verify: "no" as never } }, {}, TypeError, /tls\.verify/],
      [{ host, port, tls: { verify: false as never } }, {}, TypeError, /tls\.verify/],
      [{ host, port, tls: { checkHostname: 0 as never } }, {}, TypeError, /tls\.checkHostname/],
      [{ host, port, tls: { minVersion: "TLSv1" as never } }, {}, TypeError, /tls\.minVersion/],
      [{ host, port, tls: { key: "k" } }, {}, TypeError, /tls\.key and tls\.cert/],
      [{ host, port, tls: { passphrase: "p" } }, {}, TypeError, /tls\.passphrase/],
      [{ host, port, tls: { sessionResumption: 1 as never } }, {}, TypeError, /tls\.sessionResumption/],
      [{ host, port, tls: { alpn: [] } }, {}, TypeError, /tls\.alpn/],
      [{ host, port, tls: { ca: [] } }, {}, TypeError, /tls\.ca/],
    ];
    for (const [endpoint, options, kind, name] of bad) {
      const error = await rejection(endpoint, options);
      assert.ok(error instanceof kind, `${name}: ${error}`);
      assert.match(error.message, name);
    }
  });

  it("sets keepalive times, or refuses them by name", async () => {
    await using server = await peer();
    const endpoint = { host: "127.0.0.1", port: server.port };
    for (const keepAlive of [true, false, { idle: 20_000 }]) {
      (await connect(endpoint, { keepAlive, noDelay: false })).destroy();
    }
    for (const name of ["interval", "count"] as const) {
      try {
        (await connect(endpoint, { keepAlive: { idle: 20_000, [name]: 5 } })).destroy();
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error));
        assert.match(error.message, new RegExp(`keepAlive\\.${name}`));
      }
    }
  });
}
